"""A call ends when nobody is left to read its answer, and calls in flight survive a shutdown."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest

from kube_mcp.server.recorder import Recorder
from kube_mcp.telemetry.audit import AuditLog
from tests.server import toys
from tests.support.raw_http import connection, exchange, read_reply, request, tool_call
from tests.support.serving import serving

both_eras = pytest.mark.parametrize("modern", [True, False], ids=["modern", "legacy"])

PATIENCE_S = 10.0


@pytest.fixture
async def latch() -> AsyncIterator[toys.Latch]:
    latch = toys.latches["the"] = toys.Latch()
    yield latch
    del toys.latches["the"]


def _waiting(modern: bool) -> bytes:
    return request("POST", "/mcp", **tool_call("wait", {"latch": "the"}, modern=modern))


@both_eras
async def test_a_client_that_goes_away_cancels_its_call(modern: bool, latch: toys.Latch) -> None:
    lines: list[str] = []
    recorder = Recorder(audit=AuditLog(lines.append, mask=str))
    shell = toys.shell(toys.host(recorder=recorder))
    async with serving(shell) as at, asyncio.timeout(PATIENCE_S):
        async with connection(at.port) as (_, writer):
            writer.write(_waiting(modern))
            await latch.started.wait()
        await latch.cancelled.wait()

    (line,) = [json.loads(line) for line in lines]
    assert (line["tool"], line["outcome"]) == ("wait", "cancelled")


@both_eras
async def test_one_client_that_goes_away_leaves_the_others_alone(
    modern: bool, latch: toys.Latch
) -> None:
    other = toys.latches["other"] = toys.Latch()
    async with (
        asyncio.timeout(PATIENCE_S),
        serving(toys.shell()) as at,
        connection(at.port) as (reader, writer),
    ):
        call = tool_call("wait", {"latch": "other"}, modern=modern)
        writer.write(request("POST", "/mcp", **call))
        await other.started.wait()
        async with connection(at.port) as (_, leaving):
            leaving.write(_waiting(modern))
            await latch.started.wait()
        await latch.cancelled.wait()
        other.open.set()
        reply = await read_reply(reader)

    assert reply.message()["result"]["content"][0]["text"] == "let go"


@both_eras
async def test_a_call_in_flight_is_finished_before_the_server_stops(
    modern: bool, latch: toys.Latch
) -> None:
    stop = asyncio.Event()
    async with (
        asyncio.timeout(PATIENCE_S),
        serving(toys.shell(), stop=stop, grace_s=30) as at,
        connection(at.port) as (reader, writer),
    ):
        writer.write(_waiting(modern))
        await latch.started.wait()
        stop.set()
        while not await _refuses_connections(at.port):  # noqa: ASYNC110 - only asking tells
            await asyncio.sleep(0.01)
        latch.open.set()
        reply = await read_reply(reader)

    assert reply.message()["result"]["content"][0]["text"] == "let go"
    assert not latch.cancelled.is_set()


@both_eras
async def test_a_call_that_outlasts_the_grace_is_cancelled_and_the_client_told(
    modern: bool, latch: toys.Latch
) -> None:
    stop = asyncio.Event()
    async with (
        asyncio.timeout(PATIENCE_S),
        serving(toys.shell(), stop=stop, grace_s=1) as at,
        connection(at.port) as (reader, writer),
    ):
        writer.write(_waiting(modern))
        await latch.started.wait()
        stop.set()
        head = (await reader.read()).partition(b"\r\n")[0]
        await latch.cancelled.wait()

    # An old revision's stream has begun when the call does, so its end is all that can be told.
    assert head == (b"HTTP/1.1 503 Service Unavailable" if modern else b"HTTP/1.1 200 OK")


async def test_while_it_lingers_it_says_so_and_still_answers() -> None:
    stop = asyncio.Event()
    shell = toys.shell()
    async with (
        asyncio.timeout(PATIENCE_S),
        serving(shell, stop=stop, linger_s=1.0) as at,
    ):
        assert (await exchange(at.port, "GET", "/readyz")).status == 200
        stop.set()
        await asyncio.sleep(0)
        draining = await exchange(at.port, "GET", "/readyz")
        call = tool_call("echo", {"words": "x"}, modern=True)

        assert draining.status == 503
        assert draining.json()["problems"] == [{"part": "server", "code": "draining"}]
        assert (await exchange(at.port, "GET", "/livez")).status == 200
        assert (await exchange(at.port, "POST", "/mcp", **call)).status == 200


async def _refuses_connections(port: int) -> bool:
    try:
        async with connection(port):
            return False
    except OSError:
        return True
