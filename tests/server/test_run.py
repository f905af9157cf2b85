"""Listening and stopping, as a process that gets signals."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from kube_mcp.errors import SettingsError
from kube_mcp.server.run import Listening, serve
from tests.server import toys
from tests.support.raw_http import connection, exchange, read_reply, request, tool_call

ROOT = Path(__file__).parents[2]
PATIENCE_S = 30.0


@asynccontextmanager
async def process() -> AsyncIterator[tuple[asyncio.subprocess.Process, int]]:
    """The server as a process, and its port."""
    pipe = asyncio.subprocess.PIPE
    running = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.server.toy_process", "http",
        cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe,
    )  # fmt: skip
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield running, int((await line(running, "listening ")).split()[-1])
    finally:
        if running.returncode is None:
            running.kill()
            await running.wait()
        running._transport.close()  # type: ignore[attr-defined]


async def line(running: asyncio.subprocess.Process, start: str) -> str:
    """The next line on stderr that begins so."""
    assert running.stderr is not None
    while not (found := (await running.stderr.readline()).decode()).startswith(start):
        assert found, f"it ended before it said '{start}'"
    return found


@pytest.mark.parametrize("modern", [True, False], ids=["modern", "legacy"])
async def test_sigterm_lets_the_call_in_flight_finish(modern: bool) -> None:
    async with process() as (running, port), connection(port) as (reader, writer):
        writer.write(request("POST", "/mcp", **tool_call("wait", {"latch": "the"}, modern=modern)))
        await line(running, "started")
        running.send_signal(signal.SIGTERM)
        while not await _refused(port):  # noqa: ASYNC110 - only asking tells
            await asyncio.sleep(0.01)
        assert running.stdin is not None
        running.stdin.write(b"\n")
        reply = await read_reply(reader)

        assert reply.message()["result"]["content"][0]["text"] == "let go"
        assert await running.wait() == 0


async def test_a_second_signal_ends_it_at_once() -> None:
    async with process() as (running, port), connection(port) as (_, writer):
        call = tool_call("wait", {"latch": "the"}, modern=True)
        writer.write(request("POST", "/mcp", **call))
        await line(running, "started")
        running.send_signal(signal.SIGTERM)
        while not await _refused(port):  # noqa: ASYNC110 - only asking tells
            await asyncio.sleep(0.01)
        running.send_signal(signal.SIGTERM)
        assert await running.wait() == 0
        assert running.stderr is not None
        assert b"Traceback" not in await running.stderr.read()


async def test_idle_connections_do_not_hold_the_shutdown_up() -> None:
    async with process() as (running, port), connection(port) as (reader, writer):
        writer.write(request("GET", "/livez", close=False))
        assert (await read_reply(reader)).status == 200
        running.send_signal(signal.SIGINT)
        assert await running.wait() == 0
        assert await reader.read() == b""


async def test_a_port_that_is_taken_is_a_setting_to_change() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=f"Port {port} on 127.0.0.1 cannot be listened on"):
            await serve(toys.shell(), host="127.0.0.1", port=port)


async def test_an_address_that_is_not_ours_is_a_setting_to_change() -> None:
    with pytest.raises(SettingsError, match=r"'no-such-host\.invalid' is no address here"):
        await serve(toys.shell(), host="no-such-host.invalid", port=0)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8080"),
        ("0.0.0.0", "http://127.0.0.1:8080"),
        ("::", "http://[::1]:8080"),
        ("::1", "http://[::1]:8080"),
        ("localhost", "http://localhost:8080"),
    ],
)
def test_the_url_is_one_that_can_be_opened(host: str, url: str) -> None:
    assert Listening(host, 8080).url == url


async def test_it_listens_on_ipv6_too() -> None:
    stop = asyncio.Event()
    told: asyncio.Future[Listening] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(
        serve(toys.shell(), host="::1", port=0, stop=stop, on_listening=told.set_result)
    )
    async with asyncio.timeout(PATIENCE_S):
        await asyncio.wait([task, told], return_when=asyncio.FIRST_COMPLETED)
        if task.done() and isinstance(task.exception(), SettingsError):
            pytest.skip("this machine has no IPv6 loopback")
        at = told.result()
        reader, writer = await asyncio.open_connection("::1", at.port)
        writer.write(request("GET", "/livez"))
        assert (await read_reply(reader)).status == 200
        writer.close()
        stop.set()
        await task


async def _refused(port: int) -> bool:
    try:
        await exchange(port, "GET", "/livez")
    except (OSError, EOFError):
        return True
    return False
