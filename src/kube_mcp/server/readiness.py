"""Whether the server can do its work, asked often and answered cheaply."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from kube_mcp.errors import KubeMcpError

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that keeps the server from working.

    ``part`` and ``code`` are shown to whoever asks; ``sentence`` may name addresses and goes to
    the log only.
    """

    part: str
    code: str
    sentence: str


class Readiness:
    """Asks ``check`` at most once per ``ttl_s``, however many probes come, and never in parallel.

    ``check`` has ``timeout_s`` to answer. ``on_result`` hears whether all is well, for metrics.
    """

    def __init__(
        self,
        check: Callable[[], Awaitable[Sequence[Problem]]],
        *,
        ttl_s: float = 2.0,
        timeout_s: float = 4.0,
        on_result: Callable[[bool], None] = lambda is_ready: None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._check = check
        self._ttl_s = ttl_s
        self._timeout_s = timeout_s
        self._on_result = on_result
        self._monotonic = monotonic
        self._known: tuple[Problem, ...] | None = None
        self._known_at = 0.0
        self._running: asyncio.Task[tuple[Problem, ...]] | None = None
        self._draining = False

    def drain(self) -> None:
        """From now on the answer is no: the server is about to stop."""
        self._draining = True

    @property
    def is_draining(self) -> bool:
        """Whether the server is about to stop."""
        return self._draining

    async def problems(self) -> tuple[Problem, ...]:
        """What is wrong, or nothing."""
        if self._draining:
            return (Problem("server", "draining", "The server is shutting down."),)
        if self._known is not None and self._monotonic() - self._known_at < self._ttl_s:
            return self._known
        if self._running is None:
            self._running = asyncio.ensure_future(self._ask())
        # One probe that gives up must not take the answer away from the others.
        return await asyncio.shield(self._running)

    async def aclose(self) -> None:
        """Give up a check that is still running."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    async def _ask(self) -> tuple[Problem, ...]:
        try:
            async with asyncio.timeout(self._timeout_s):
                found = tuple(await self._check())
        except TimeoutError:
            found = (Problem("readiness", "timed_out", f"No answer within {self._timeout_s:g} s."),)
        except KubeMcpError as error:
            found = (Problem("readiness", error.code, str(error)),)
        except Exception:
            logger.exception("The readiness check failed unexpectedly")
            found = (Problem("readiness", "crashed", "The check itself failed."),)
        finally:
            self._running = None
        if found != self._known:
            for problem in found:
                logger.warning("Not ready: %s: %s", problem.part, problem.sentence)
            if not found and self._known:
                logger.info("Ready again")
        self._known, self._known_at = found, self._monotonic()
        self._on_result(not found)
        return found
