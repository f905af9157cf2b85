"""A flood of refusals waits in line, instead of those who are let in."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

#: Refusals a second that are answered at once. Clients that find out where to sign in, and people
#: whose token expired, come one by one; a client that keeps one bad token for a whole team does not
#: reach this either.
FREE_PER_S = 20.0

#: How long a refusal beyond that waits. Long enough to slow somebody who tries token after token,
#: short enough that a person in the same minute hardly notices.
PAUSE_S = 0.25

#: Refusals that wait at a time; each holds a connection. Beyond it they are answered at once, so
#: that waiting cannot be made to fill the memory.
MOST_WAITING = 500


class Patience:
    """Lets ``free_per_s`` refusals through at once and makes the others wait.

    An attacker who waits for each answer is slowed to a crawl, whoever holds a good token is not
    touched. ``monotonic`` gives seconds from any start.
    """

    def __init__(
        self,
        *,
        monotonic: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        free_per_s: float = FREE_PER_S,
        pause_s: float = PAUSE_S,
        most_waiting: int = MOST_WAITING,
    ) -> None:
        self._monotonic = monotonic
        self._sleep = sleep
        self._free_per_s = free_per_s
        self._pause_s = pause_s
        self._most_waiting = most_waiting
        self._free = free_per_s
        self._filled_at = monotonic()
        self._waiting = 0

    async def before_refusing(self) -> None:
        """Return when the refusal may be sent."""
        now = self._monotonic()
        gained = max(0.0, now - self._filled_at) * self._free_per_s
        self._free = min(self._free_per_s, self._free + gained)
        self._filled_at = now
        if self._free >= 1:
            self._free -= 1
            return
        if self._waiting >= self._most_waiting:
            return
        self._waiting += 1
        try:
            await self._sleep(self._pause_s)
        finally:
            self._waiting -= 1
