"""A tool that needs another scope is refused in HTTP, before the protocol sees the call."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from kube_mcp.auth.caller import Caller
from kube_mcp.server.asgi import Answer, App, Receive, Scope, Send
from kube_mcp.server.bearer import CALLER
from kube_mcp.server.challenge import Challenge
from kube_mcp.server.http import HttpShell
from kube_mcp.server.public_urls import PublicUrls
from kube_mcp.server.step_up import StepUp
from tests.server import toys
from tests.server.test_tool_host import ALICE
from tests.support.raw_http import JSON_HEADERS, exchange, legacy_call, modern_call, tool_call
from tests.support.serving import serving

CHALLENGE = Challenge(PublicUrls(["https://api.example.com/mcp/kubernetes"]))


def signed_in(app: App) -> App:
    """Everybody is Alice."""

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "state": {CALLER: ALICE}}, receive, send)

    return inner


def needs(caller: Caller | None, operation: str, tool: str) -> Iterable[str]:
    assert caller is ALICE
    return ("kube:logs",) if tool == "count_pods" else ()


def _shell() -> HttpShell:
    return toys.shell(protect=signed_in, step_up=StepUp(needs, CHALLENGE.insufficient_scope))


@pytest.mark.parametrize("modern", [True, False], ids=["modern", "legacy"])
async def test_a_call_that_needs_more_is_told_which_scopes(modern: bool) -> None:
    async with serving(_shell()) as at:
        call = tool_call("count_pods", {}, modern=modern)
        reply = await exchange(at.port, "POST", "/mcp", **call)

        assert reply.status == 403
        challenge = reply.headers["www-authenticate"]
        assert 'error="insufficient_scope"' in challenge
        assert 'scope="openid profile email kube:logs"' in challenge
        other = tool_call("echo", {"words": "x"}, modern=modern)
        assert (await exchange(at.port, "POST", "/mcp", **other)).status == 200


async def test_nothing_but_a_call_of_that_tool_is_held_up() -> None:
    async with serving(_shell()) as at:
        for call in (
            modern_call("tools/list"),
            legacy_call("tools/list"),
            legacy_call("prompts/get", {"name": "count_pods"}),
        ):
            assert (await exchange(at.port, "POST", "/mcp", **call)).status == 200


@pytest.mark.parametrize(
    "body",
    [
        b"{", b"[]", b"3", b'{"method":"tools/call"}', b'{"method":"tools/call","params":[]}',
        b'{"method":"tools/call","params":{"name":3}}', b'{"method":["tools/call"]}',
        b'{"method":"tools/call","params":{"uri":"k8s://x"}}', b'{"method":"resources/read"}',
    ],
)  # fmt: skip
async def test_a_malformed_body_is_left_to_the_protocol(body: bytes) -> None:
    def fail(caller: Caller | None, operation: str, tool: str) -> Iterable[str]:
        raise AssertionError("asked for something that is no call")

    refusal = StepUp(fail, lambda scope, scopes: Answer(403)).refuse({"state": {}}, body)
    assert refusal is None
    async with serving(_shell()) as at:
        reply = await exchange(at.port, "POST", "/mcp", headers=JSON_HEADERS, body=body)
        assert reply.status == 400
