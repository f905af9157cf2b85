"""The last line before the wire: who may be impersonated, and how it is written."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kube_mcp.errors import Refused
from kube_mcp.kube.identity import (
    OWN,
    Identity,
    IdentityTransport,
    extra_header,
    identity_headers,
    unsafe_reason,
)
from kube_mcp.kube.transport import Request, Response

ALICE = Identity(
    "impersonate",
    "authentik:alice",
    ("authentik:platform", "authentik:viewers"),
    uid="u-1",
    extra=(("mcp.kube-mcp.dev/client", ("claude",)),),
)


class Wire:
    """Remembers what reached it."""

    def __init__(self) -> None:
        self.sent: list[Request] = []

    async def send(self, request: Request) -> Response:
        self.sent.append(request)
        raise NotImplementedError("nothing answers here")

    async def aclose(self) -> None:
        self.sent.clear()


async def _sent_as(identity: Identity, request: Request) -> Request:
    wire = Wire()
    with pytest.raises(NotImplementedError):
        await IdentityTransport(wire, identity).send(request)
    return wire.sent[0]


async def test_a_caller_is_impersonated_with_one_line_a_group() -> None:
    sent = await _sent_as(ALICE, Request("GET", "/api/v1/pods", headers={"Accept": "x"}))

    assert sent.headers == {"Accept": "x"}
    assert sent.repeated_headers == (
        ("Impersonate-User", "authentik:alice"),
        ("Impersonate-Group", "authentik:platform"),
        ("Impersonate-Group", "authentik:viewers"),
        ("Impersonate-Uid", "u-1"),
        ("Impersonate-Extra-mcp.kube-mcp.dev%2fclient", "claude"),
    )


async def test_a_token_replaces_impersonation() -> None:
    sent = await _sent_as(replace(ALICE, bearer="abc.def"), Request("GET", "/version"))

    assert sent.repeated_headers == (("Authorization", "Bearer abc.def"),)


async def test_the_servers_own_identity_adds_nothing() -> None:
    request = Request("GET", "/version")

    assert await _sent_as(OWN, request) is request


@pytest.mark.parametrize(
    "name", ["Authorization", "authorization", "Impersonate-User", "IMPERSONATE-GROUP"]
)
@pytest.mark.parametrize("repeated", [False, True])
async def test_a_request_that_brings_its_own_identity_is_refused(name: str, repeated: bool) -> None:
    wire = Wire()
    request = Request("GET", "/version")
    request = (
        replace(request, repeated_headers=((name, "x"),))
        if repeated
        else request.with_headers({name: "x"})
    )

    with pytest.raises(Refused, match="only its identity may set that"):
        await IdentityTransport(wire, ALICE).send(request)
    assert wire.sent == []


@pytest.mark.parametrize(
    "changes",
    [
        {"username": "system:admin"},
        {"username": "System:Admin"},
        {"username": " system:admin"},
        {"username": "alice\r\nImpersonate-Group: system:masters"},
        {"username": "alice\x00"},
        {"username": "alice "},
        {"username": "jürgen"},
        {"groups": ("system:masters",)},
        {"groups": ("authentik:a", "\tsystem:masters")},
        {"groups": ("",)},
        {"uid": "u\n1"},
        {"extra": (("mcp.kube-mcp.dev/client", ("a\nb",)),)},
        {"extra": (("scopes", ("x",)),)},
        {"extra": (("mcp.kube-mcp.dev/cli ent", ("x",)),)},
        {"extra": (("MCP.kube-mcp.dev/client", ("x",)),)},
        {"username": "", "groups": ("authentik:a",)},
        {"bearer": "abc\r\nImpersonate-User: x"},
        {"bearer": "a b"},
    ],
)
def test_an_identity_that_must_not_be_sent_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(Refused):
        identity_headers(replace(ALICE, **changes))  # type: ignore[arg-type]


def test_a_prefix_makes_a_reserved_word_harmless() -> None:
    assert unsafe_reason("authentik:system:masters") == ""
    assert unsafe_reason("system:masters") != ""


def test_extra_keys_are_escaped_as_the_api_server_unescapes_them() -> None:
    assert extra_header("mcp.kube-mcp.dev/client") == "Impersonate-Extra-mcp.kube-mcp.dev%2fclient"


def test_identities_that_may_see_different_things_have_different_keys() -> None:
    others = [
        OWN,
        replace(ALICE, username="authentik:bob"),
        replace(ALICE, groups=("authentik:platform",)),
        replace(ALICE, uid="u-2"),
        replace(ALICE, extra=()),
        replace(ALICE, mode="passthrough", bearer="one"),
        replace(ALICE, mode="passthrough", bearer="two"),
    ]

    assert len({identity.key for identity in [ALICE, *others]}) == len(others) + 1


def test_the_order_of_groups_makes_no_other_identity() -> None:
    assert replace(ALICE, groups=ALICE.groups[::-1]).key == ALICE.key


def test_a_token_is_neither_shown_nor_in_the_key() -> None:
    identity = Identity("passthrough", "alice", bearer="eyJ-secret")

    assert "eyJ-secret" not in f"{identity!r} {identity.key}"
    assert identity.brings_credentials
    assert not identity.impersonates
