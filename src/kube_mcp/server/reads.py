"""One read of a cluster for one caller: opened, bounded in time and size, recorded, and told."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kube_mcp.access.cluster import Cluster
from kube_mcp.auth.caller import Caller
from kube_mcp.errors import InputError, KubeMcpError, TimedOut, suggest
from kube_mcp.kube.paths import shown
from kube_mcp.server.bounds import HARD_CAP_BYTES, bounded
from kube_mcp.server.host import Asked
from kube_mcp.server.outcome import Failure, failure
from kube_mcp.server.recorder import Recorder

OpenCluster = Callable[[str, Caller | None], Awaitable[Cluster]]


@dataclass(frozen=True, slots=True)
class Told:
    """How a read ended: the text, or why there is none."""

    text: str
    failure: Failure | None = None


class Reads:
    """Runs work on a cluster. ``open_cluster`` takes the name ("" for the default) and the caller.

    ``cluster_names`` holds every name a caller may give, the default first. A call may take
    ``timeout_s`` and its answer ``max_bytes``.
    """

    def __init__(
        self,
        open_cluster: OpenCluster,
        *,
        cluster_names: Sequence[str] = (),
        recorder: Recorder | None = None,
        timeout_s: float = 60.0,
        max_bytes: int = 30_000,
    ) -> None:
        self._open_cluster = open_cluster
        self.cluster_names = tuple(cluster_names)
        self._recorder = recorder or Recorder()
        self._timeout_s = timeout_s
        self.max_bytes = min(max_bytes, HARD_CAP_BYTES)

    @property
    def names_cluster(self) -> bool:
        """Whether callers have to be able to say which cluster they mean."""
        return len(self.cluster_names) > 1

    def check_cluster(self, name: str) -> None:
        """Raises `InputError` for a cluster name that is none, with the nearest ones."""
        if name and name not in self.cluster_names:
            raise InputError(
                f"There is no cluster '{shown(name)}'.",
                hint=suggest(name, self.cluster_names)
                or f"There are: {', '.join(self.cluster_names[:20])}.",
            )

    async def tell(
        self,
        work: Callable[[Cluster], Awaitable[str]],
        *,
        operation: str,
        name: str,
        arguments: Mapping[str, Any],
        asked: Asked,
        cluster: Callable[[], str],
    ) -> Told:
        """The text that ``work`` makes of the cluster, or the sentence that says why not.

        ``cluster`` gives the cluster's name; it may raise, as ``work`` may, because arguments
        that cannot be used are part of the record like everything else.
        """
        with self._recorder.call(operation, name, arguments, asked) as recording:
            recording.cluster = self.cluster_names[0] if self.cluster_names else ""
            try:
                async with asyncio.timeout(self._timeout_s) as deadline:
                    chosen = cluster()
                    self.check_cluster(chosen)
                    recording.cluster = chosen or recording.cluster
                    opened = await self._open_cluster(chosen, asked.caller)
                    recording.identity = opened.reads_as
                    text = bounded(await work(opened), self.max_bytes)
            except Exception as error:
                told = failure(self._unless_late(error, deadline, name), doing=name)
                recording.outcome, recording.error_id = told.code, told.error_id
                recording.answer_bytes = len(told.sentence.encode())
                return Told("", told)
            recording.answer_bytes = len(text.encode())
            return Told(text)

    def _unless_late(self, error: Exception, deadline: asyncio.Timeout, name: str) -> Exception:
        if not isinstance(error, TimeoutError) or not deadline.expired():
            return error
        return TimedOut(
            f"{name} took longer than the {self._timeout_s:g} s a call may take and was stopped.",
            hint="Ask for less: one namespace, a selector, or a shorter time.",
        )


def raise_if_failed(told: Told) -> str:
    """The text, where a failure has to be an exception. Raises `KubeMcpError`."""
    if told.failure is None:
        return told.text
    raise _Failed(told.failure)


class _Failed(KubeMcpError):
    """A read failed and was recorded; only its sentence is left to tell."""

    def __init__(self, told: Failure) -> None:
        super().__init__(told.sentence)
        self.code = told.code
