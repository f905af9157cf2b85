"""Progress of a long read, told to a caller who asked for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from kube_mcp.tools._call import Call

#: Tasks live until they are done only if somebody holds them.
_running: set[asyncio.Task[None]] = set()


def reporter(call: Call, what: str) -> Callable[[int, int | None], None]:
    """A function that a read calls after every page; it never holds the read up."""

    def report(done: int, total: int | None) -> None:
        job = asyncio.ensure_future(
            call.progress(
                float(done), None if total is None else float(total), f"{done:,} {what} read"
            )
        )
        task: asyncio.Task[None] = job  # type: ignore[assignment]
        _running.add(task)
        task.add_done_callback(_running.discard)

    return report
