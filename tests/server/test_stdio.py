"""The server on a pipe, as a process: every era, a clean stdout, and an end without delay."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "tests.server.toy_process", "stdio"]
PATIENCE_S = 30.0

HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "raw", "version": "1"},
    },
}


@asynccontextmanager
async def process() -> AsyncIterator[asyncio.subprocess.Process]:
    """The server with its pipes; killed if the test did not end it."""
    pipe = asyncio.subprocess.PIPE
    running = await asyncio.create_subprocess_exec(
        *COMMAND, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield running
    finally:
        if running.returncode is None:
            running.kill()
            await running.wait()
        running._transport.close()  # type: ignore[attr-defined]


async def say(running: asyncio.subprocess.Process, message: dict[str, Any]) -> None:
    assert running.stdin is not None
    running.stdin.write(json.dumps(message).encode() + b"\n")
    await running.stdin.drain()


async def hear(running: asyncio.subprocess.Process) -> Any:
    assert running.stdout is not None
    return json.loads(await running.stdout.readline())


@pytest.mark.parametrize("mode", ["auto", "legacy", "2026-07-28"])
async def test_a_client_of_any_era_talks_over_a_pipe(mode: str) -> None:
    parameters = StdioServerParameters(command=COMMAND[0], args=COMMAND[1:], cwd=ROOT)
    async with asyncio.timeout(PATIENCE_S), Client(parameters, mode=mode) as client:
        tools = (await client.list_tools()).tools
        answer = await client.call_tool("count_pods", {"namespace": "shop"})

        assert "count_pods" in {tool.name for tool in tools}
        assert [each.text for each in answer.content] == ["2 pods"]


async def test_nothing_but_messages_comes_out_whatever_a_library_writes() -> None:
    async with process() as running:
        await say(running, HELLO)
        assert (await hear(running))["id"] == 1
        await say(running, {"jsonrpc": "2.0", "method": "notifications/initialized"})
        call = {"name": "noise", "arguments": {}}
        await say(running, {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call})
        answer = await hear(running)
        out, err = await running.communicate(b"")

        assert answer["result"]["content"] == [{"type": "text", "text": "made noise"}]
        assert out == b""
        told = err.decode()
        for words in ("printed", "written", "straight to the", "from a child", "logged", "warned"):
            assert words in told


async def test_it_ends_when_its_input_ends_even_in_the_middle_of_a_call() -> None:
    async with process() as running:
        await say(running, HELLO)
        await hear(running)
        await say(running, {"jsonrpc": "2.0", "method": "notifications/initialized"})
        call = {"name": "read_in_steps", "arguments": {}}
        await say(running, {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call})
        assert running.stdin is not None
        running.stdin.close()
        assert await running.wait() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_it_although_its_input_stays_open(number: signal.Signals) -> None:
    async with process() as running:
        await say(running, HELLO)
        await hear(running)
        running.send_signal(number)
        assert await running.wait() == 0
        assert running.stderr is not None
        assert b"Traceback" not in await running.stderr.read()


def test_a_client_that_reads_nothing_cannot_keep_it_from_ending() -> None:
    pipe = subprocess.PIPE
    with subprocess.Popen(COMMAND, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe) as running:
        assert running.stdin is not None
        assert running.stdout is not None

        def say(message: dict[str, Any]) -> None:
            assert running.stdin is not None
            running.stdin.write(json.dumps(message).encode() + b"\n")
            running.stdin.flush()

        say(HELLO)
        assert json.loads(running.stdout.readline())["id"] == 1
        say({"jsonrpc": "2.0", "method": "notifications/initialized"})
        for number in range(20):  # far more than a pipe holds
            call = {"name": "long_answer", "arguments": {}}
            say({"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": call})
        # The first byte of the answers says that they are being written.
        assert running.stdout.read(1) == b"{"
        running.send_signal(signal.SIGTERM)
        assert running.wait(PATIENCE_S) == 0


async def test_a_client_that_closes_its_end_of_the_answers_is_no_fault() -> None:
    async with process() as running:
        await say(running, HELLO)
        await hear(running)
        running._transport.get_pipe_transport(1).close()  # type: ignore[attr-defined]
        await say(running, {"jsonrpc": "2.0", "id": 2, "method": "ping"})
        _, err = await running.communicate(b"")

        assert running.returncode == 0
        assert b"Traceback" not in err


async def test_what_is_no_message_does_not_end_the_conversation() -> None:
    async with process() as running:
        assert running.stdin is not None
        running.stdin.write(b"hello?\n\n[]\n{\n\xff\xfe\n")
        await say(running, HELLO)
        while (answer := await hear(running)).get("id") != 1:
            assert "error" in answer
        assert answer["result"]["serverInfo"]["name"] == "kube-mcp"
