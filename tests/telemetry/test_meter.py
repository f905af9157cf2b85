"""The meter of a call: shared by what the call starts, and by nobody else."""

from __future__ import annotations

import asyncio

from kube_mcp.telemetry.meter import MAX_NAMES, current_meter, metered


async def test_tasks_of_a_call_count_into_it_and_other_calls_do_not() -> None:
    async def read(kind: str) -> None:
        await asyncio.sleep(0)
        current_meter().asked(kind, "shop")

    async def call(*kinds: str) -> tuple[int, set[str]]:
        with metered() as meter:
            await asyncio.gather(*(read(kind) for kind in kinds))
        return meter.requests, meter.kinds

    one, two = await asyncio.gather(call("pods", "events"), call("nodes"))
    assert one == (2, {"pods", "events"})
    assert two == (1, {"nodes"})


def test_outside_of_a_call_counting_goes_nowhere() -> None:
    current_meter().asked("pods", "shop")
    assert current_meter().requests == 0


def test_a_call_inside_a_call_has_its_own_meter() -> None:
    with metered() as outer:
        with metered() as inner:
            current_meter().asked("pods", "")
        current_meter().asked("nodes", "*")
    assert (inner.kinds, outer.kinds) == ({"pods"}, {"nodes"})
    assert (inner.namespaces, outer.namespaces) == (set(), {"*"})


def test_a_meter_remembers_a_bounded_number_of_names() -> None:
    with metered() as meter:
        for number in range(1_000):
            meter.asked(f"kind-{number}", f"ns-{number}")
    assert meter.requests == 1_000
    assert len(meter.kinds) == len(meter.namespaces) == MAX_NAMES
