"""Bounds on what comes before anybody has signed in."""

from __future__ import annotations

import asyncio

import pytest

from kube_mcp.server import bounded_http
from tests.server import toys
from tests.support.raw_http import connection, exchange, read_reply, request, tool_call
from tests.support.serving import serving


@pytest.mark.parametrize("shape", ["one header", "many headers", "path"])
async def test_a_head_without_end_is_refused(shape: str) -> None:
    chunk = {"one header": b"x" * 8_192, "many headers": b"a: b\r\n" * 1_400, "path": b"x" * 8_192}
    start = {
        "one header": b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX-Long: ",
        "many headers": b"GET /livez HTTP/1.1\r\nHost: localhost\r\n",
        "path": b"GET /",
    }
    async with serving(toys.shell()) as at, connection(at.port) as (reader, writer):
        writer.write(start[shape])
        for _ in range(10):
            writer.write(chunk[shape])
            await asyncio.sleep(0)
        reply = await read_reply(reader)

        assert reply.status == 431
        assert (await exchange(at.port, "GET", "/livez")).status == 200


async def test_a_large_token_passes() -> None:
    call = tool_call("echo", {"words": "x"}, modern=True)
    headers = [*call["headers"], ("Authorization", f"Bearer {'x' * 30_000}")]
    async with serving(toys.shell()) as at:
        reply = await exchange(at.port, "POST", "/mcp", headers=headers, body=call["body"])
        assert reply.status == 200


@pytest.mark.parametrize("before", [0, 2], ids=["on a fresh connection", "on a kept one"])
async def test_a_head_that_does_not_come_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, before: int
) -> None:
    monkeypatch.setattr(bounded_http, "HEAD_TIMEOUT_S", 0.2)
    async with (
        asyncio.timeout(10),
        serving(toys.shell()) as at,
        connection(at.port) as (reader, writer),
    ):
        for _ in range(before):
            writer.write(request("GET", "/livez", close=False))
            assert (await read_reply(reader)).status == 200
        writer.write(b"GET /livez HTTP/1.1\r\n")
        assert await reader.read() == b""


async def test_a_body_and_an_answer_may_take_longer_than_a_head(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bounded_http, "HEAD_TIMEOUT_S", 0.05)
    latch = toys.latches["late"] = toys.Latch()
    whole = request("POST", "/mcp", **tool_call("wait", {"latch": "late"}, modern=True))
    async with serving(toys.shell()) as at, connection(at.port) as (reader, writer):
        writer.write(whole[:-10])
        await asyncio.sleep(0.15)
        writer.write(whole[-10:])
        await latch.started.wait()
        await asyncio.sleep(0.15)
        latch.open.set()
        assert (await read_reply(reader)).status == 200
