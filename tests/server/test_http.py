"""The HTTP shell on a real socket: addresses, methods, hosts, bodies, and what operators ask."""

from __future__ import annotations

import json

import pytest

from kube_mcp.server.doors import Doors
from kube_mcp.server.http import MetricsApp
from kube_mcp.server.readiness import Problem, Readiness
from kube_mcp.telemetry.metrics import Metrics
from tests.server import toys
from tests.support.raw_http import (
    JSON_HEADERS,
    MODERN,
    connection,
    exchange,
    legacy_call,
    modern_call,
    read_reply,
    request,
    tool_call,
)
from tests.support.serving import serving

both_eras = pytest.mark.parametrize("modern", [True, False], ids=["modern", "legacy"])


@pytest.mark.parametrize("path", ["/mcp", "/mcp/", "/", "/mcp/kubernetes", "/mcp/kubernetes/"])
@both_eras
async def test_the_protocol_is_at_every_configured_path_and_at_the_root(
    path: str, modern: bool
) -> None:
    shell = toys.shell(paths=("/mcp", "/mcp/kubernetes"))
    async with serving(shell) as at:
        reply = await exchange(
            at.port, "POST", path, **tool_call("echo", {"words": "hi"}, modern=modern)
        )

        assert reply.status == 200
        assert reply.message()["result"]["content"] == [{"type": "text", "text": "hi"}]


@pytest.mark.parametrize(
    "path", ["/mc", "/mcp/x", "//mcp/../etc", "/favicon.ico", "/.well-known/x"]
)
async def test_any_other_path_is_not_found_and_never_redirected(path: str) -> None:
    async with serving(toys.shell()) as at:
        assert (await exchange(at.port, "GET", path)).status == 404
        assert (await exchange(at.port, "POST", path, body=b"{}")).status == 404


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT", "OPTIONS", "PATCH"])
@pytest.mark.parametrize("version", [MODERN, "2025-06-18", None])
async def test_only_post_reaches_the_protocol(method: str, version: str | None) -> None:
    headers = [("Accept", "text/event-stream")]
    if version:
        headers.append(("MCP-Protocol-Version", version))
    async with serving(toys.shell()) as at:
        reply = await exchange(at.port, method, "/mcp", headers=headers)

        assert (reply.status, reply.headers["allow"]) == (405, "POST")


async def test_white_space_around_routing_headers_means_nothing() -> None:
    call = modern_call("tools/call", {"name": "echo", "arguments": {"words": "x"}}, name="echo")
    padded = [(name, f" \t{value} \t ") for name, value in call["headers"]]
    async with serving(toys.shell()) as at:
        reply = await exchange(at.port, "POST", "/mcp", headers=padded, body=call["body"])

        assert reply.status == 200
        assert reply.message()["result"]["isError"] is False


async def test_a_routing_header_that_contradicts_the_body_is_refused() -> None:
    call = modern_call("tools/call", {"name": "echo", "arguments": {"words": "x"}}, name="crash")
    async with serving(toys.shell()) as at:
        reply = await exchange(at.port, "POST", "/mcp", **call)

        assert (reply.status, reply.json()["error"]["code"]) == (400, -32020)


@pytest.mark.parametrize(
    "host", ["evil.example.com", "evil.example.com:8080", "", "localhost.evil.com"]
)
@both_eras
async def test_a_host_that_is_not_ours_is_misdirected(host: str, modern: bool) -> None:
    async with serving(toys.shell()) as at:
        call = tool_call("echo", {"words": "x"}, modern=modern)
        assert (await exchange(at.port, "POST", "/mcp", host=host, **call)).status == 421


@pytest.mark.parametrize(
    "host", ["localhost", "127.0.0.1:8080", "[::1]:9", "API.example.com", "kube:1"]
)
async def test_loopback_names_and_configured_hosts_are_let_in(host: str) -> None:
    shell = toys.shell(doors=Doors(hosts=["api.example.com", "kube:1"]))
    async with serving(shell) as at:
        call = tool_call("echo", {"words": "x"}, modern=True)
        assert (await exchange(at.port, "POST", "/mcp", host=host, **call)).status == 200


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("http://localhost:6274", 200),
        ("https://127.0.0.1", 200),
        ("http://[::1]:3000", 200),
        ("https://app.example.com", 200),
        ("https://app.example.com.evil.org", 403),
        ("http://app.example.com", 403),
        ("http://localhost.evil.org", 403),
        ("http://localhost:6274/path", 403),
        ("http://localhost:99999", 403),
        ("null", 403),
        ("file://", 403),
    ],
)
async def test_pages_of_other_origins_may_not_call(origin: str, status: int) -> None:
    shell = toys.shell(doors=Doors(origins=["https://app.example.com"]))
    async with serving(shell) as at:
        call = tool_call("echo", {"words": "x"}, modern=True)
        headers = [*call["headers"], ("Origin", origin)]
        reply = await exchange(at.port, "POST", "/mcp", headers=headers, body=call["body"])
        assert reply.status == status


async def test_a_body_over_the_limit_is_refused_before_it_is_read() -> None:
    async with serving(toys.shell(max_body_bytes=2_000)) as at:
        declared = [*JSON_HEADERS, ("Content-Length", "2001")]
        # Nothing of it is sent: the answer must not wait for it.
        reply = await exchange(at.port, "POST", "/mcp", headers=declared)
        assert reply.status == 413


async def test_a_body_that_grows_over_the_limit_is_refused() -> None:
    chunked = [*JSON_HEADERS, ("Transfer-Encoding", "chunked")]
    chunks = (b"400\r\n" + b"x" * 1024 + b"\r\n") * 3 + b"0\r\n\r\n"
    async with serving(toys.shell(max_body_bytes=2_000)) as at, connection(at.port) as wire:
        reader, writer = wire
        writer.write(request("POST", "/mcp", headers=chunked) + chunks)
        assert (await read_reply(reader)).status == 413


@both_eras
@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b"3", b'"x"', b"[" * 5_000, b"\xff\xfe", b'{"jsonrpc":"2.0"}'],
)
async def test_what_is_not_a_message_is_a_bad_request_and_nothing_worse(
    body: bytes, modern: bool
) -> None:
    version = [("MCP-Protocol-Version", MODERN)] if modern else []
    async with serving(toys.shell()) as at:
        headers = [*JSON_HEADERS, *version, ("Content-Length", str(len(body)))]
        reply = await exchange(at.port, "POST", "/mcp", headers=headers, body=body)

        assert 400 <= reply.status < 500
        assert b"Traceback" not in reply.body
        alive = await exchange(
            at.port, "POST", "/mcp", **tool_call("echo", {"words": "x"}, modern=modern)
        )
        assert alive.status == 200


@both_eras
async def test_a_form_is_no_message(modern: bool) -> None:
    call = tool_call("echo", {"words": "x"}, modern=modern)
    headers = [(k, v) for k, v in call["headers"] if k != "Content-Type"]
    headers.append(("Content-Type", "application/x-www-form-urlencoded"))
    async with serving(toys.shell()) as at:
        reply = await exchange(at.port, "POST", "/mcp", headers=headers, body=call["body"])
        assert reply.status in (400, 415)


async def test_a_notification_is_accepted_in_both_eras() -> None:
    note = json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"}).encode()
    async with serving(toys.shell()) as at:
        for version in (MODERN, "2025-06-18"):
            headers = [*JSON_HEADERS, ("MCP-Protocol-Version", version)]
            reply = await exchange(at.port, "POST", "/mcp", headers=headers, body=note)
            assert (reply.status, reply.body) == (202, b"")


async def test_no_session_is_ever_given_or_asked_for() -> None:
    hello = {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "x", "version": "1"},
    }
    async with serving(toys.shell()) as at:
        reply = await exchange(at.port, "POST", "/mcp", **legacy_call("initialize", hello))
        assert reply.message()["result"]["protocolVersion"] == "2025-11-25"
        assert "mcp-session-id" not in reply.headers
        call = legacy_call("tools/list")
        call["headers"] = [*call["headers"], ("Mcp-Session-Id", "of-another-replica")]
        assert (await exchange(at.port, "POST", "/mcp", **call)).status == 200


async def test_operators_learn_that_it_lives_and_which_version_it_is() -> None:
    async with serving(toys.shell()) as at:
        assert (await exchange(at.port, "GET", "/livez", host="10.1.2.3:8080")).json() == {
            "status": "ok"
        }
        health = await exchange(at.port, "GET", "/health/", host="anything")
        assert health.json() == {"status": "ok", "version": "1.2.3"}
        assert (await exchange(at.port, "HEAD", "/livez")).status == 200
        assert (await exchange(at.port, "POST", "/livez", body=b"{}")).status == 405


async def test_not_ready_names_the_part_and_keeps_the_sentence_for_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def check() -> list[Problem]:
        return [Problem("cluster", "unreachable", "https://10.0.0.1:6443 does not answer.")]

    async with serving(toys.shell(readiness=Readiness(check))) as at:
        reply = await exchange(at.port, "GET", "/readyz")

        assert reply.status == 503
        assert reply.json() == {
            "status": "not ready",
            "problems": [{"part": "cluster", "code": "unreachable"}],
        }
        assert "Not ready: cluster: https://10.0.0.1:6443 does not answer." in caplog.text


async def test_metrics_are_served_but_not_at_a_public_name() -> None:
    shell = toys.shell(metrics=Metrics(version="1"), metrics_hidden_from=["api.example.com"])
    async with serving(shell) as at:
        await exchange(at.port, "GET", "/livez")
        page = await exchange(at.port, "GET", "/metrics", host="10.1.2.3:8080")

        assert page.headers["content-type"].startswith("text/plain")
        assert 'kube_mcp_http_requests_total{route="livez",status="2xx"} 1.0' in page.body.decode()
        for public in ("api.example.com", "API.example.com:443"):
            assert (await exchange(at.port, "GET", "/metrics", host=public)).status == 404


async def test_metrics_can_have_a_port_of_their_own() -> None:
    metrics = Metrics(version="1")
    shell = toys.shell(metrics=metrics, serve_metrics=False)
    async with serving(shell, metrics_app=MetricsApp(metrics)) as at:
        assert (await exchange(at.port, "GET", "/metrics")).status == 404
        beside = await exchange(at.metrics_port, "GET", "/metrics")
        assert beside.status == 200
        assert b"kube_mcp_build_info" in beside.body
        assert (await exchange(at.metrics_port, "GET", "/mcp")).status == 404


async def test_no_path_a_caller_makes_up_becomes_a_label() -> None:
    metrics = Metrics(version="1")
    async with serving(toys.shell(metrics=metrics)) as at:
        for number in range(20):
            await exchange(at.port, "GET", f"/made-up-{number}")
        page = metrics.page()[0].decode()
        assert 'kube_mcp_http_requests_total{route="other",status="4xx"} 20.0' in page
        assert "made-up" not in page


async def test_a_websocket_is_refused() -> None:
    upgrade = [
        ("Upgrade", "websocket"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ("Sec-WebSocket-Version", "13"),
    ]
    async with serving(toys.shell()) as at:
        headers = [*upgrade, ("Connection", "Upgrade")]
        reply = await exchange(at.port, "GET", "/mcp", headers=headers, close=False)
        assert reply.status == 405
