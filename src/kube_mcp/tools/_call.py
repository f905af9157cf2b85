"""What every tool is handed beside its arguments."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kube_mcp.access.cluster import Cluster


async def _no_progress(done: float, total: float | None, message: str) -> None:
    """The caller did not ask to be told."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of one tool: the cluster as this caller may see it, and the limits of the answer.

    ``max_bytes`` is the size the answer must fit in, in UTF-8 bytes; `progress` may be awaited
    as often as something was read, the protocol edge thins it out.
    """

    cluster: Cluster
    max_bytes: int = 30_000
    progress: Callable[[float, float | None, str], Awaitable[None]] = _no_progress
    clock: Callable[[], datetime] | None = None

    def now(self) -> datetime:
        """The moment against which ages are told: a snapshot's own, where one is read."""
        return self.clock() if self.clock is not None else self.cluster.now()
