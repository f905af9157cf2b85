"""Many callers want the same answer at the same time; the question is asked once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class SingleFlight(Generic[K, V]):
    """Runs one piece of work a key at a time; whoever asks meanwhile shares its outcome.

    The work goes on when a waiter is cancelled, because others may wait for it too.
    Close it with `aclose`, which cancels what is under way.
    """

    def __init__(self) -> None:
        self._under_way: dict[K, asyncio.Task[V]] = {}

    def start(self, key: K, work: Callable[[], Awaitable[V]]) -> asyncio.Task[V]:
        """Begin ``work`` unless it is under way for ``key``; does not wait."""
        task = self._under_way.get(key)
        if task is None:
            task = asyncio.ensure_future(self._run(work))
            self._under_way[key] = task
            task.add_done_callback(lambda done: self._forget(key, done))
        return task

    async def do(self, key: K, work: Callable[[], Awaitable[V]]) -> V:
        """The outcome of ``work`` for ``key``, an exception included."""
        return await asyncio.shield(self.start(key, work))

    def waiting(self, key: K) -> bool:
        """Whether work for ``key`` is under way."""
        return key in self._under_way

    def __len__(self) -> int:
        return len(self._under_way)

    async def aclose(self) -> None:
        """Cancel what is under way and wait until it has ended."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @staticmethod
    async def _run(work: Callable[[], Awaitable[V]]) -> V:
        return await work()

    def _forget(self, key: K, done: asyncio.Task[V]) -> None:
        self._under_way.pop(key, None)
        if not done.cancelled():
            done.exception()  # retrieved here, so that work without a waiter does not warn
