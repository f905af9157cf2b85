"""Toolsets that scopes and groups open are closed to everybody else, whatever leads to them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.issuer import FakeIssuer
from tests.support.raw_http import exchange
from tests.support.whole import Whole, whole

LOGS_FOR_OPS = """
[[policy.grants]]
toolsets = ["logs"]
groups = ["ops"]
"""
CORE_FOR_OPS = """
[[policy.grants]]
toolsets = ["core"]
groups = ["ops"]
"""
BY_SCOPE = """
[[policy.grants]]
toolsets = ["logs"]
scopes = ["mcp:kubernetes:logs"]
[[policy.grants]]
toolsets = ["core"]
scopes = ["mcp:kubernetes:core"]
"""
OBJECT = "k8s://cluster/namespaces/{namespace}/{kind}/{name}"


@pytest.fixture
async def issuer() -> AsyncIterator[FakeIssuer]:
    async with FakeIssuer() as running:
        yield running


def _completion() -> dict[str, Any]:
    return {
        "ref": {"type": "ref/resource", "uri": OBJECT},
        "argument": {"name": "namespace", "value": ""},
    }


async def test_a_diagnosis_quotes_logs_only_to_whom_logs_are_open(
    issuer: FakeIssuer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with whole(issuer, tmp_path, capsys, LOGS_FOR_OPS) as server:
        ops = await server.tool("diagnose", {}, token=issuer.token(groups=["ops"]))
        other = await server.tool("diagnose", {}, token=issuer.token(groups=["dev"]))

    assert "SESSION_STORE_URL is not set" in ops
    assert "SESSION_STORE_URL is not set" not in other
    assert "container-keeps-crashing" in other


async def _everything_of_core(server: Whole, token: str) -> list[Any]:
    reading = await server.ask("resources/read", {"uri": "k8s://cluster/namespaces"}, token=token)
    completed = await server.ask("completion/complete", _completion(), token=token)
    listed = [
        (await server.ask(f"{what}/list", token=token)).message()["result"][key]
        for what, key in (
            ("resources", "resources"),
            ("resources/templates", "resourceTemplates"),
        )
    ]
    return [
        reading.message().get("result", {}).get("contents", []),
        completed.message()["result"]["completion"]["values"],
        *listed,
    ]


async def test_resources_and_completions_are_closed_with_the_tools_that_show_the_same(
    issuer: FakeIssuer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with whole(issuer, tmp_path, capsys, CORE_FOR_OPS) as server:
        for ops in await _everything_of_core(server, issuer.token(groups=["ops"])):
            assert ops
        assert await _everything_of_core(server, issuer.token()) == [[], [], [], []]


async def test_a_completion_leaves_its_line_with_who_read_as_whom_and_how_it_ended(
    issuer: FakeIssuer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with whole(issuer, tmp_path, capsys, CORE_FOR_OPS) as server:
        for groups in (["ops"], ["dev"]):
            token = issuer.token(groups=groups)
            await server.ask("completion/complete", _completion(), token=token)
        opened, closed = server.audit("call")

    assert (opened["outcome"], opened["identity"]) == ("ok", "this server's own identity")
    assert opened["kinds"] == ["namespaces"]
    assert closed["outcome"] == "not_allowed"
    assert "identity" not in closed
    assert opened["caller"]["subject"] == closed["caller"]["subject"] == issuer.claims()["sub"]


async def test_what_is_not_served_at_all_is_not_served_as_a_resource_either(
    issuer: FakeIssuer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with whole(issuer, tmp_path, capsys, '[policy]\ntoolsets = ["logs"]') as server:
        assert await _everything_of_core(server, issuer.token()) == [[], [], [], []]


@pytest.mark.parametrize(
    ("method", "params", "scope"),
    [
        ("tools/call", {"name": "get_logs", "arguments": {"name": "x"}}, "mcp:kubernetes:logs"),
        ("resources/read", {"uri": "k8s://cluster/namespaces"}, "mcp:kubernetes:core"),
        ("resources/read", {"uri": "k8s://cluster/Node/n"}, "mcp:kubernetes:core"),
    ],
)
async def test_a_step_up_is_asked_for_in_http_and_stands_in_the_audit_trail(
    issuer: FakeIssuer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    method: str,
    params: dict[str, Any],
    scope: str,
) -> None:
    async with whole(issuer, tmp_path, capsys, BY_SCOPE) as server:
        refused = await server.ask(method, params, token=issuer.token())
        granted = issuer.token(scope=f"openid profile email {scope}")
        allowed = await server.ask(method, params, token=granted)
        [line] = server.audit("refused")
        counted = server.metrics()

    assert refused.status == 403
    assert f'scope="openid profile email {scope}"' in refused.headers["www-authenticate"]
    assert allowed.status == 200
    assert (line["code"], line["status"]) == ("missing-scope", 403)
    assert scope in line["reason"]
    assert line["caller"]["subject"] == issuer.claims()["sub"]
    assert 'reason="missing-scope"' in counted


async def test_a_sign_in_asks_for_no_more_than_every_call_needs(
    issuer: FakeIssuer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = "/.well-known/oauth-protected-resource/mcp/kubernetes"
    async with whole(issuer, tmp_path, capsys, BY_SCOPE) as server:
        refused = await server.ask("tools/list")
        document = await exchange(server.port, "GET", path, host="api.example.com")

    assert 'scope="openid profile email"' in refused.headers["www-authenticate"]
    assert document.json()["scopes_supported"] == ["openid", "profile", "email"]


async def test_a_step_up_asks_for_what_is_granted_already_and_for_one_scope_more(
    issuer: FakeIssuer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other_way = '[[policy.grants]]\ntoolsets = ["logs"]\nscopes = ["mcp:kubernetes:all"]'
    params = {"name": "get_logs", "arguments": {"name": "x"}}
    token = issuer.token(scope="openid profile email unrelated mcp:kubernetes:core")
    async with whole(issuer, tmp_path, capsys, BY_SCOPE, other_way) as server:
        refused = await server.ask("tools/call", params, token=token)
        [line] = server.audit("refused")

    asked = 'scope="openid profile email mcp:kubernetes:core mcp:kubernetes:logs"'
    assert asked in refused.headers["www-authenticate"]
    assert "needs scope mcp:kubernetes:logs, which" in line["reason"]


async def test_an_address_that_leads_nowhere_asks_for_no_better_token(
    issuer: FakeIssuer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with whole(issuer, tmp_path, capsys, BY_SCOPE) as server:
        answer = await server.ask("resources/read", {"uri": "https://x/"}, token=issuer.token())

    assert answer.status == 200
    assert answer.message()["error"]["code"] == -32602


async def test_a_call_over_the_limit_stands_in_the_audit_trail_with_its_caller(
    issuer: FakeIssuer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    limits = "[limits]\nburst = 1\ncalls_per_minute = 1"
    async with whole(issuer, tmp_path, capsys, limits) as server:
        token = issuer.token()
        statuses = [(await server.ask("tools/list", token=token)).status for _ in range(2)]
        [line] = server.audit("refused")

    assert statuses == [200, 429]
    assert (line["code"], line["status"]) == ("rate", 429)
    assert line["caller"]["subject"] == issuer.claims()["sub"]
    assert "1 a minute" in line["reason"]
