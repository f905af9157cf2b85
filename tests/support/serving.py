"""Runs a real HTTP server on loopback beside a test, and ends it with the test."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from kube_mcp.server.asgi import App
from kube_mcp.server.http import HttpShell, MetricsApp
from kube_mcp.server.readiness import Problem
from kube_mcp.server.run import Listening, run, serve

#: Nothing here waits longer: a server that does not start or stop is a failure, not a long test.
PATIENCE_S = 15.0


async def all_is_well() -> Sequence[Problem]:
    """A readiness check that finds nothing."""
    return ()


@asynccontextmanager
async def serving(
    shell: HttpShell,
    *,
    app: App | None = None,
    metrics_app: MetricsApp | None = None,
    grace_s: float = 1.0,
    linger_s: float = 0.0,
    stop: asyncio.Event | None = None,
) -> AsyncIterator[Listening]:
    """The shell on a free port, in this event loop."""
    stop = stop or asyncio.Event()
    listening: asyncio.Future[Listening] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(
        serve(
            shell,
            app=app,
            host="127.0.0.1",
            port=0,
            metrics_app=metrics_app,
            grace_s=grace_s,
            linger_s=linger_s,
            on_listening=listening.set_result,
            stop=stop,
        )
    )
    waiting: set[asyncio.Future[Any]] = {task, listening}
    await asyncio.wait(waiting, timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
    if not listening.done():
        task.cancel()
        await task
        raise TimeoutError("the server did not start")
    try:
        yield listening.result()
    finally:
        stop.set()
        async with asyncio.timeout(PATIENCE_S):
            await task


@contextmanager
def serving_in_thread(shell: HttpShell) -> Iterator[Listening]:
    """The shell on a free port, in an event loop and a thread of its own."""
    started: list[Listening] = []
    up = threading.Event()
    hold: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []
    faults: list[BaseException] = []

    async def main() -> None:
        stop = asyncio.Event()
        hold.append((asyncio.get_running_loop(), stop))

        def told(listening: Listening) -> None:
            started.append(listening)
            up.set()

        await serve(shell, host="127.0.0.1", port=0, grace_s=1.0, on_listening=told, stop=stop)

    def work() -> None:
        try:
            run(main)
        except BaseException as fault:
            faults.append(fault)
        finally:
            up.set()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    if not up.wait(PATIENCE_S) or not started:
        raise RuntimeError("the server did not start") from (faults[0] if faults else None)
    try:
        yield started[0]
    finally:
        loop, stop = hold[0]
        loop.call_soon_threadsafe(stop.set)
        thread.join(PATIENCE_S)
        assert not thread.is_alive(), "the server did not stop"
        if faults:
            raise faults[0]
