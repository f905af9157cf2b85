"""The same server on a pipe: one client, one process, and stdout for the protocol alone."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from typing import Any, cast

import anyio
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

logger = logging.getLogger(__name__)

#: What a client that no longer reads its pipe may hold up when the process is told to stop.
_PATIENCE_S = 2.0

#: Messages read ahead while earlier ones are answered.
_MAX_AHEAD = 64


async def serve_stdio(server: Server[Any]) -> None:
    """Answer on stdout what comes on stdin, until stdin ends or a signal asks to stop.

    While it runs, file descriptor 1 is stderr for everybody else: whatever a library prints goes
    there and cannot break a message. Descriptor 0 stays empty for the rest of the process, so
    that no child eats a message. Calls in flight are cancelled at the end; nobody is left to read
    their answers.
    """
    serving = asyncio.ensure_future(_serve(server))
    stopped = asyncio.Event()
    serving.add_done_callback(lambda _: stopped.set())
    with _signals(stopped):
        await stopped.wait()
    told_to_stop = serving.cancel()
    await asyncio.wait([serving], timeout=_PATIENCE_S)
    if not serving.done():
        # A write to a pipe that nobody reads cannot be cancelled, only left behind.
        logger.warning("The client does not read its pipe; leaving without the last answer")
        leave()
    error = None if serving.cancelled() else serving.exception()
    if error is not None:
        # Torn off in the middle of a message, the SDK complains about its own closed channels.
        if not told_to_stop and not _is_hang_up(error):
            raise error
        logger.debug("The conversation ended in the middle of a message", exc_info=error)


async def _serve(server: Server[Any]) -> None:
    lines = cast("anyio.AsyncFile[str]", _Lines(_take_stdin()))
    async with stdio_server(stdin=lines) as (read, write):
        await server.run(read, write, server.create_initialization_options())


class _Lines:
    """Lines of a file descriptor, read by a thread that nobody has to wait for.

    A read of a pipe cannot be interrupted; the SDK's own reader would keep the process alive
    after a signal until the client says something.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._queue: asyncio.Queue[str | None] = asyncio.Queue(_MAX_AHEAD)
        self._loop = asyncio.get_running_loop()

    async def __aiter__(self) -> AsyncIterator[str]:
        threading.Thread(target=self._read, name="stdin", daemon=True).start()
        while (line := await self._queue.get()) is not None:
            yield line

    def _read(self) -> None:
        rest = b""
        with contextlib.suppress(OSError, RuntimeError):  # closed, or the loop has ended
            while chunk := os.read(self._fd, 65_536):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    self._put(line.decode("utf-8", "replace"))
        with contextlib.suppress(RuntimeError):
            if rest:
                self._put(rest.decode("utf-8", "replace"))
            self._put(None)

    def _put(self, line: str | None) -> None:
        asyncio.run_coroutine_threadsafe(self._queue.put(line), self._loop).result()


def _take_stdin() -> int:
    """A private descriptor of stdin; the public one is at its end from now on."""
    private = os.dup(0)
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.close(empty)
    return private


def _is_hang_up(error: BaseException) -> bool:
    """Whether nothing is wrong but that the client closed its end."""
    if isinstance(error, BaseExceptionGroup):
        return all(_is_hang_up(each) for each in error.exceptions)
    return isinstance(
        error,
        BrokenPipeError | ConnectionError | anyio.BrokenResourceError | anyio.ClosedResourceError,
    )


def leave(code: int = 0) -> None:
    """End the process now, with the log flushed, whatever threads still wait for."""
    logging.shutdown()
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.flush()
    os._exit(code)


@contextlib.contextmanager
def _signals(stopped: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    taken = []
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows
            loop.add_signal_handler(number, stopped.set)
            taken.append(number)
    try:
        yield
    finally:
        for number in taken:
            loop.remove_signal_handler(number)
