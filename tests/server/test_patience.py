"""Refusals in a flood wait; nobody else does."""

from __future__ import annotations

import asyncio

from kube_mcp.server.patience import Patience


class _Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def patience(self, **more: float) -> Patience:
        return Patience(
            monotonic=lambda: self.now, sleep=self.sleep, free_per_s=5, pause_s=0.25, **more
        )


async def test_a_few_refusals_are_answered_at_once() -> None:
    clock = _Clock()
    patience = clock.patience()
    for _ in range(5):
        await patience.before_refusing()
    assert clock.slept == []


async def test_a_flood_waits_and_pays_for_it_in_time() -> None:
    clock = _Clock()
    patience = clock.patience()
    for _ in range(105):
        await patience.before_refusing()
    # One attacker gets about one answer a pause, plus those that were free meanwhile.
    assert clock.now > 9
    assert set(clock.slept) == {0.25}


async def test_after_a_quiet_second_refusals_are_answered_at_once_again() -> None:
    clock = _Clock()
    patience = clock.patience()
    for _ in range(6):
        await patience.before_refusing()
    assert len(clock.slept) == 1
    clock.now += 1
    await patience.before_refusing()
    assert len(clock.slept) == 1


async def test_no_more_than_so_many_wait_at_a_time() -> None:
    released = asyncio.Event()
    waiting = 0

    async def held(seconds: float) -> None:
        nonlocal waiting
        waiting += 1
        await released.wait()

    patience = Patience(monotonic=lambda: 0.0, sleep=held, free_per_s=1, most_waiting=3)
    refusals = [asyncio.create_task(patience.before_refusing()) for _ in range(10)]
    done, pending = await asyncio.wait(refusals, timeout=5, return_when=asyncio.FIRST_COMPLETED)
    assert (len(done), len(pending), waiting) == (7, 3, 3)
    released.set()
    await asyncio.wait_for(asyncio.gather(*refusals), timeout=5)
