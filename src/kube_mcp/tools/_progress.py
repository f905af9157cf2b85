"""Progress of a long read, told to a caller who asked for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from kube_mcp.tools._call import Call

#: Tasks live until they are done only if somebody holds them.
_running: set[asyncio.Future[None]] = set()


def reporter(call: Call, what: str) -> Callable[[int, int | None], None]:
    """A function that a read calls after every page; it never holds the read up."""

    def report(done: int, total: int | None) -> None:
        message = f"{done:,} {what} read"
        told = call.progress(float(done), None if total is None else float(total), message)
        task = asyncio.ensure_future(told)
        _running.add(task)
        task.add_done_callback(_running.discard)

    return report
