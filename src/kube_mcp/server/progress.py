"""Progress notifications, thinned out: a long read must not become a long stream of them."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable

Send = Callable[[float, float | None, str | None], Awaitable[None]]

#: Five a second look fluent to a person; each one is a write to a connection that may be slow.
LEAST_APART_S = 0.2


class Progress:
    """Passes a call's progress on, at most one report per `LEAST_APART_S` and never backwards.

    A report that comes too early, while another is being sent, or after `close`, is dropped: the
    next one says more.
    """

    def __init__(self, send: Send, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._send = send
        self._monotonic = monotonic
        self._last_at = -LEAST_APART_S
        self._last_done = -1.0
        self._sending = False
        self._closed = False

    async def __call__(self, done: float, total: float | None, message: str) -> None:
        now = self._monotonic()
        too_early = now - self._last_at < LEAST_APART_S
        if self._closed or self._sending or too_early or done <= self._last_done:
            return
        self._last_at, self._last_done, self._sending = now, done, True
        try:
            # A total below what is done already was an estimate that proved wrong.
            await self._send(done, total if total is None or total >= done else None, message)
        finally:
            self._sending = False

    def close(self) -> None:
        """The call has ended: nothing may follow its answer."""
        self._closed = True
