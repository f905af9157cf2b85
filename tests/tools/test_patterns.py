"""What may be skipped of a log before a pattern is matched: never what a mask could decide."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube_mcp.tools._literals import required
from kube_mcp.tools._patterns import matcher

MASK = "<masked: 24 chars>"


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        ("error", ("error",)),
        ("error|timeout", ("error", "timeout")),
        ("(error|warn)ing", ("error", "warn")),
        (r"HTTP/1\.1\" 5\d\d", ('HTTP/1.1" 5',)),
        ("^panic: ", ("panic: ",)),
        ("(?i)Panic", ("Panic",)),
        ("ab*cde+f", ("cde",)),
        ("(?:conn(?:ection)? refused)", (" refused",)),
        ("x[\\]a-z]yy[[:alpha:]]zzz", ("zzz",)),
        ("[[:a]bcd", ("bcd",)),
        ("(?P<code>E17)", ("E17",)),
        ("aa{2,3}?bbb", ("bbb",)),
        # What a match could take from a mask, or may do without, decides nothing.
        ("masked", None),
        ("chars>", None),
        ("a", None),
        ("24", None),
        ("password=.*(a|masked)", ("password=",)),
        ("error|", None),
        ("(error)?", None),
        ("e{0,3}", None),
        (".", None),
        (r"\bok\b|\d+", None),
        # What is not understood says nothing.
        (r"\pL+error", None),
        (r"\Qa.b\Eerror", None),
        (r"\x{41}error", None),
    ],
)  # fmt: skip
def test_the_texts_a_match_must_hold(pattern: str, texts: tuple[str, ...] | None) -> None:
    assert required(pattern) == texts


@pytest.mark.parametrize("guess", ["h", "x"])
@pytest.mark.parametrize("form", ["password={}|<masked", "(?:{}|s)", "={}|d: ", "^[^{}]*$|m"])
def test_what_is_masked_does_not_decide_what_is_skipped(form: str, guess: str) -> None:
    pattern = matcher(form.format(guess), argument="include")
    assert pattern is not None
    assert pattern.in_block("password=hunter2\n") == pattern.in_block("password=zzzzzzz\n")


atoms = st.sampled_from(["a", "b", "ab", "mas", ".", "[ab]", "[^a]", r"\w", r"\d", "^", "$", r"\b"])
patterns = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map("|".join),
        inner.map("({})".format),
        st.tuples(inner, st.sampled_from("?*+")).map(lambda pair: f"(?:{pair[0]}){pair[1]}"),
    ),
    max_leaves=8,
)
pieces = st.lists(st.sampled_from(["a", "b", "ab", " ", "mas", "A", MASK]), max_size=6)


@given(patterns, pieces)
def test_nothing_that_matches_as_it_is_shown_is_skipped(source: str, parts: list[str]) -> None:
    pattern = matcher(source, argument="include")
    assert pattern is not None
    shown = "".join(parts)
    # As it came: anything may have stood where the masks are.
    raw = shown.replace(MASK, "hidden")
    assert pattern.in_block(raw) or not pattern(shown)


@given(patterns)
def test_no_text_that_counts_could_come_from_a_mask(source: str) -> None:
    for text in required(source) or ():
        assert not re.search(re.escape(text), f"{MASK} {MASK}", re.IGNORECASE)
