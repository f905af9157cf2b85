"""Every kind of credential in every place: no canary is in what comes out."""

from __future__ import annotations

import base64
import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube_mcp.redaction.objects import mask_object
from kube_mcp.redaction.text import mask_lines, mask_text
from tests.support.canaries import (
    ANY_PLACE,
    ANY_TEXT,
    BY_NAME,
    BY_SHAPE,
    NAMED_PLACE,
    NAMED_TEXT,
    SENTENCES,
    TELLING,
    Place,
    leaks,
)

EVERY = {**BY_SHAPE, **BY_NAME}


def masked(place: Place, secret: str) -> str:
    return json.dumps(mask_object(copy.deepcopy(place(secret))), ensure_ascii=False)


def leaked(shown: dict[str, str]) -> dict[str, str]:
    return {kind: text for kind, text in shown.items() if leaks(kind, text)}


@pytest.mark.parametrize("place", ANY_PLACE)
def test_every_known_shape_is_masked_wherever_it_stands(place: str) -> None:
    shown = {kind: masked(ANY_PLACE[place], secret) for kind, secret in BY_SHAPE.items()}
    assert leaked(shown) == {}


@pytest.mark.parametrize("text", ANY_TEXT)
def test_every_known_shape_is_masked_in_any_text(text: str) -> None:
    shown = {kind: mask_text(ANY_TEXT[text](secret)) for kind, secret in BY_SHAPE.items()}
    assert leaked(shown) == {}
    assert [kind for kind, text in shown.items() if "<masked: " not in text] == []


@pytest.mark.parametrize("place", NAMED_PLACE)
def test_whatever_stands_behind_a_telling_name_is_masked(place: str) -> None:
    shown = {kind: masked(NAMED_PLACE[place], secret) for kind, secret in EVERY.items()}
    assert leaked(shown) == {}


@pytest.mark.parametrize("text", NAMED_TEXT)
def test_whatever_stands_behind_a_telling_name_in_text_is_masked(text: str) -> None:
    # Whoever writes a key of many lines into one of these forms must quote it.
    one_line = {kind: secret for kind, secret in EVERY.items() if "\n" not in secret}
    shown = {kind: mask_text(NAMED_TEXT[text](secret)) for kind, secret in one_line.items()}
    assert leaked(shown) == {}


@pytest.mark.parametrize("sentence", SENTENCES)
def test_a_password_that_a_program_tells_is_masked(sentence: str) -> None:
    shown = {kind: mask_text(SENTENCES[sentence](secret)) for kind, secret in TELLING.items()}
    assert leaked(shown) == {}


@pytest.mark.parametrize(
    "text",
    [
        "password=swordfish-7\nuser=app\n",
        "postgres://app:swordfish@db/shop",
        '{"auths": {"r.example": {"password": "swordfish"}}}',
        BY_SHAPE["github-classic"],
    ],
)
def test_what_would_be_masked_is_masked_in_base64_too(text: str) -> None:
    encoded = base64.b64encode(text.encode()).decode()
    assert mask_text(encoded) == f"<masked: {len(encoded)} chars>"
    pod = {
        "kind": "Pod",
        "spec": {"containers": [{"env": [{"name": "SETTING", "value": encoded}]}]},
    }
    assert encoded not in json.dumps(mask_object(pod))


def test_the_private_parts_of_a_json_web_key_are_masked() -> None:
    text = json.dumps({"kty": "RSA", "kid": "a", "n": "public-" * 6, "d": "swordfish-" * 4})
    shown = mask_text(text)
    assert "swordfish" not in shown
    assert "public-" in shown


def test_a_canary_that_is_not_masked_would_be_noticed() -> None:
    assert all(leaks(kind, f"see {secret} there") for kind, secret in EVERY.items())
    assert leaked({"jwt": BY_SHAPE["jwt"]}) == {"jwt": BY_SHAPE["jwt"]}


# What may stand directly beside a credential: anything that is not part of one.
beside = st.sampled_from(
    [" ", "\n", "\t", '"', "'", "(", ")", "[", "{", "}", "<", ">", ",", ";", "|", "`"]
)
# A terminal takes what follows an escape for a command, and so does `clean_text`.
around = st.text(
    st.characters(exclude_characters="\x1b\x9b\x90\x98\x9d\x9e\x9f"), max_size=60
) | st.sampled_from(
    [
        "password",
        "token: ",
        "a=b",
        "https://x/y?",
        "{",
        "-----BEGIN",
        "eyJ",
        "://a",
        "\x1b[31m",
        "\u200b",
    ]
)


@given(st.sampled_from(sorted(BY_SHAPE)), around, beside, beside, around)
def test_no_surroundings_hide_a_known_shape(
    kind: str, before: str, left: str, right: str, after: str
) -> None:
    text = f"{before}{left}{BY_SHAPE[kind]}{right}{after}"
    assert not leaks(kind, mask_text(text))


@given(
    st.sampled_from(sorted(BY_SHAPE)),
    st.integers(1, 20),
    st.sampled_from(["\u200b", "\u202e", "\x00", "\x1b[0m", "\u00ad"]),
)
def test_no_invisible_character_hides_a_known_shape(kind: str, at: int, hidden: str) -> None:
    secret = BY_SHAPE[kind]
    text = f"see {secret[:at]}{hidden}{secret[at:]} there"
    assert not leaks(kind, mask_text(text))


@given(st.sampled_from(sorted(EVERY)), st.sampled_from(sorted(NAMED_PLACE)), around)
def test_no_sibling_hides_what_stands_behind_a_telling_name(
    kind: str, place: str, other: str
) -> None:
    obj = NAMED_PLACE[place](EVERY[kind])
    obj["other"] = {other: other}
    assert not leaks(kind, json.dumps(mask_object(obj), ensure_ascii=False))


@given(
    st.lists(st.sampled_from(sorted(BY_SHAPE)), max_size=4),
    st.lists(st.text(max_size=30), max_size=4),
)
def test_masking_what_is_masked_changes_nothing(kinds: list[str], words: list[str]) -> None:
    text = " ".join([*words, *(f"password={BY_SHAPE[kind]} x" for kind in kinds)])
    once = mask_text(text)
    assert mask_text(once) == once


@given(
    st.lists(
        st.text(max_size=30)
        | st.sampled_from(
            [*BY_SHAPE["pem"].split("\n"), "password: |", "  hunter2", "tokens:", "- a"]
        ),
        max_size=12,
    )
)
def test_lines_keep_their_places(lines: list[str]) -> None:
    masked = mask_lines(lines)
    assert len(masked) == len(lines)
    assert not any("\n" in line for line in masked if line is not None)


def test_a_private_key_in_a_log_is_masked_with_the_prefix_of_every_line() -> None:
    for prefix in ("", "2026-11-23T10:00:00.1Z ", "[web] stdout F "):
        lines = ["start", *BY_SHAPE["pem"].split("\n"), "end"]
        masked = mask_lines([prefix + line for line in lines])
        assert masked[0] == f"{prefix}start"
        assert masked[-1] == f"{prefix}end"
        assert masked[2:-1] == [None] * (len(lines) - 3)
        assert not leaks("pem", "\n".join(line or "" for line in masked))


def test_a_log_that_begins_in_the_middle_of_a_private_key_shows_none_of_it() -> None:
    for prefix in ("", "2026-11-23T10:00:00.1Z "):
        lines = [*BY_SHAPE["pem"].split("\n")[2:], "end"]
        masked = mask_lines([prefix + line for line in lines])
        assert not leaks("pem", "\n".join(line or "" for line in masked))
        assert masked[-1] == f"{prefix}end"


def test_a_log_that_ends_in_the_middle_of_a_private_key_shows_none_of_it() -> None:
    lines = ["start", *BY_SHAPE["pem"].split("\n")[:3]]
    assert not leaks("pem", "\n".join(line or "" for line in mask_lines(lines)))
