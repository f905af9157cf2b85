"""Tries again where that helps: after a 429, and where a read met a broken connection."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from email.utils import parsedate_to_datetime

from kube_mcp.errors import Unreachable
from kube_mcp.kube.faults import may_pass
from kube_mcp.kube.transport import Request, Response, Transport

# An API server that is starting, or shedding load, needs a second or two; more tries would only
# keep a caller waiting who could be told.
_MOST_RETRIES = 3

# The first wait without Retry-After; each further one is twice as long.
_FIRST_WAIT_S = 0.2


class Retry:
    """A transport that sends a request up to three more times, all within its one deadline.

    A 429 was not acted upon, so any request may follow it, after the ``Retry-After`` asked for; where
    the deadline comes first, the 429 is the answer. A broken connection is tried again for GET
    only. Each wait is stretched by up to a half, or all who were refused together come back
    together. ``jitter`` gives a number from 0 to 1.
    """

    def __init__(
        self,
        inner: Transport,
        *,
        most: int = _MOST_RETRIES,
        jitter: Callable[[], float] = random.random,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self._inner = inner
        self._most = most
        self._jitter = jitter
        self._sleep = sleep
        self._clock = clock
        self._wall_clock = wall_clock

    async def send(self, request: Request) -> Response:
        """The first answer that is not a 429, or the last one; see `Transport.send`."""
        deadline = self._clock() + request.timeout_s
        for retry in range(self._most):
            try:
                response = await self._inner.send(
                    replace(request, timeout_s=deadline - self._clock())
                )
            except Unreachable as error:
                wait_s = self._wait_s(retry)
                late = self._clock() + wait_s >= deadline
                if late or request.method != "GET" or not may_pass(error):
                    raise
            else:
                if response.status != 429:
                    return response
                wait_s = self._wait_s(retry, after=response.headers.get("retry-after", ""))
                if self._clock() + wait_s >= deadline:
                    return response
                await response.aclose()
            await self._sleep(wait_s)
        return await self._inner.send(replace(request, timeout_s=deadline - self._clock()))

    async def aclose(self) -> None:
        """Close the transport underneath."""
        await self._inner.aclose()

    def _wait_s(self, retry: int, *, after: str = "") -> float:
        asked_s = self._asked_s(after)
        base_s = _FIRST_WAIT_S * 2**retry if asked_s is None else asked_s
        return base_s * (1 + self._jitter() / 2)

    def _asked_s(self, after: str) -> float | None:
        """The seconds of a ``Retry-After``, which is a number or a date."""
        if after.isascii() and after.isdigit():
            return float(after[:9])
        try:
            return max(0.0, parsedate_to_datetime(after).timestamp() - self._wall_clock())
        except (ValueError, TypeError):
            return None
