"""One piece of work for many who wait."""

from __future__ import annotations

import asyncio

import pytest

from kube_mcp.auth.single_flight import SingleFlight


async def test_a_cancelled_waiter_does_not_take_the_answer_from_the_others() -> None:
    flight: SingleFlight[str, int] = SingleFlight()
    ready = asyncio.Event()

    async def work() -> int:
        await ready.wait()
        return 7

    first = asyncio.ensure_future(flight.do("x", work))
    second = asyncio.ensure_future(flight.do("x", work))
    await asyncio.sleep(0)
    first.cancel()
    ready.set()

    async with asyncio.timeout(5):
        assert await second == 7
    assert not flight.waiting("x")


async def test_everybody_hears_of_a_failure_and_the_next_one_tries_again() -> None:
    flight: SingleFlight[str, int] = SingleFlight()
    attempts = 0

    async def work() -> int:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            raise OSError("down")
        return attempts

    outcomes = await asyncio.gather(
        flight.do("x", work), flight.do("x", work), return_exceptions=True
    )

    assert [type(outcome) for outcome in outcomes] == [OSError, OSError]
    assert await flight.do("x", work) == 2


async def test_closing_ends_what_is_under_way() -> None:
    flight: SingleFlight[str, None] = SingleFlight()
    task = flight.start("x", asyncio.Event().wait)  # type: ignore[arg-type]

    async with asyncio.timeout(5):
        await flight.aclose()

    assert task.cancelled()
    with pytest.raises(asyncio.CancelledError):
        await task
