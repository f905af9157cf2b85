"""The same server on a pipe: one client, one process, and stdout for the protocol alone."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Iterator
from typing import Any

from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

logger = logging.getLogger(__name__)


async def serve_stdio(server: Server[Any]) -> None:
    """Answer on stdout what comes on stdin, until stdin ends or a signal asks to stop.

    While it runs, file descriptor 1 is stderr for everybody else: whatever a library prints goes
    there and cannot break a message. Calls in flight are cancelled at the end; nobody is left to
    read their answers.
    """
    serving = asyncio.ensure_future(_serve(server))
    with _signals(serving), contextlib.suppress(asyncio.CancelledError):
        await serving


def leave(code: int = 0) -> None:
    """End the process now, with what was written flushed.

    A thread of the SDK may still wait in a read of stdin that no signal interrupts; an ordinary
    exit would wait for it, and with it the client that sent the signal.
    """
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


async def _serve(server: Server[Any]) -> None:
    async with stdio_server() as (read, write):
        await server.run(read, write, server.create_initialization_options())


@contextlib.contextmanager
def _signals(serving: asyncio.Future[None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, serving.cancel)
    try:
        yield
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
