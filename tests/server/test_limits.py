"""One caller cannot take the server away from another."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from kube_mcp.auth.caller import BearerToken, Caller
from kube_mcp.server.asgi import Answer, Receive, Scope, Send
from kube_mcp.server.bearer import Decision
from kube_mcp.server.limits import CallerLimits, Gate, Limits
from tests.support.asgi import Reply, call
from tests.support.signin import Clock, Recorder

ALICE = Caller(
    issuer="https://sso.example.com/",
    subject="alice",
    username="alice",
    groups=(),
    scopes=frozenset(),
    client_id="c",
    session_id="",
    expires_at=0.0,
    token=BearerToken("t"),
)
BOB = replace(ALICE, subject="bob")


class Held:
    """An application that answers when told to."""

    def __init__(self) -> None:
        self.entered = 0
        self.go = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.entered += 1
        await self.go.wait()
        await Answer(200)(scope, receive, send)


def limited(app: object, clock: Clock, **changes: float) -> CallerLimits:
    limits = replace(Limits(), **changes)  # type: ignore[arg-type]
    assert limits.problems() == []
    return CallerLimits(app, Gate(limits, monotonic=clock))  # type: ignore[arg-type]


async def asked(app: CallerLimits, caller: Caller = ALICE) -> Reply:
    return await call(app, state={"caller": caller})


async def test_a_burst_is_let_in_and_then_calls_wait_their_turn() -> None:
    clock = Clock(0.0)
    app = limited(Recorder(), clock, rate_per_s=2, burst=3)

    assert [(await asked(app)).status for _ in range(4)] == [200, 200, 200, 429]

    clock.pass_s(0.5)
    assert [(await asked(app)).status for _ in range(2)] == [200, 429]
    clock.pass_s(3600)
    assert [(await asked(app)).status for _ in range(4)] == [200, 200, 200, 429]


async def test_a_refusal_is_json_rpc_with_a_sentence_and_says_when_to_come_back() -> None:
    app = limited(Recorder(), Clock(0.0), rate_per_s=0.25, burst=1)
    await asked(app)

    reply = await asked(app)

    assert (reply.status, reply.header("Retry-After")) == (429, "4")
    assert reply.json() == {
        "jsonrpc": "2.0",
        "id": None,
        "error": {
            "code": -32029,
            "message": "Too many calls: 15 a minute are allowed, 1 at once. Try again in 4 s.",
            "data": {"reason": "rate", "retryAfterSeconds": 4},
        },
    }


async def test_one_caller_at_the_limit_does_not_slow_another() -> None:
    app = limited(Recorder(), Clock(0.0), rate_per_s=1, burst=1)

    assert (await asked(app, ALICE)).status == 200
    assert (await asked(app, ALICE)).status == 429
    assert (await asked(app, BOB)).status == 200


async def test_another_token_of_the_same_person_is_the_same_caller() -> None:
    app = limited(Recorder(), Clock(0.0), rate_per_s=1, burst=1)
    other_token = replace(ALICE, token=BearerToken("another"), client_id="another")

    assert (await asked(app, ALICE)).status == 200
    assert (await asked(app, other_token)).status == 429


async def test_calls_in_flight_are_counted_until_they_end() -> None:
    held = Held()
    app = limited(held, Clock(0.0), in_flight_per_subject=2)
    running = [asyncio.ensure_future(asked(app)) for _ in range(2)]
    await asyncio.sleep(0)

    third = await asked(app)
    held.go.set()
    async with asyncio.timeout(5):
        done = await asyncio.gather(*running)

    assert third.status == 429
    assert "2 of your calls are still running" in third.json()["error"]["message"]
    assert [reply.status for reply in done] == [200, 200]
    assert (await asked(app)).status == 200


async def test_all_callers_together_are_counted_too() -> None:
    held = Held()
    app = limited(held, Clock(0.0), in_flight_per_subject=1, in_flight_total=1)
    running = asyncio.ensure_future(asked(app, ALICE))
    await asyncio.sleep(0)

    busy = await asked(app, BOB)
    held.go.set()
    async with asyncio.timeout(5):
        await running

    assert (busy.status, busy.json()["error"]["data"]["reason"]) == (429, "busy")
    assert (await asked(app, BOB)).status == 200


async def test_a_call_that_is_cancelled_or_fails_gives_its_place_back() -> None:
    held = Held()
    gate = Gate(Limits(in_flight_per_subject=1), monotonic=Clock(0.0))
    app = CallerLimits(held, gate)
    running = asyncio.ensure_future(asked(app))
    await asyncio.sleep(0)
    assert gate.in_flight == 1

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    assert gate.in_flight == 0
    held.go.set()
    assert (await asked(app)).status == 200


async def test_waiting_is_heard_of() -> None:
    heard: list[Decision] = []
    gate = Gate(Limits(rate_per_s=1, burst=1), monotonic=Clock(0.0))
    app = CallerLimits(Recorder(), gate, audit=heard.append)

    await asked(app)
    await asked(app)

    assert [(each.code, each.status, each.caller) for each in heard] == [("rate", 429, ALICE)]


def test_a_stream_of_new_subjects_does_not_fill_the_memory() -> None:
    gate = Gate(Limits(in_flight_total=2, in_flight_per_subject=2), monotonic=Clock(0.0))
    assert gate.enter("stays") is None

    for number in range(10_100):
        assert gate.enter(number) is None
        gate.leave(number)

    assert gate.subjects <= 10_001
    assert gate.enter("stays") is None
    busy = gate.enter("stays")
    assert busy is not None
    assert busy.code == "in-flight"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"rate_per_s": 0.0}, "limits rate_per_s is 0; expected more than 0."),
        ({"burst": 0}, "limits burst is 0; expected at least 1."),
        ({"in_flight_total": 4}, "more than in_flight_total (4)"),
    ],
)
def test_limits_that_refuse_everything_are_said(changes: dict[str, float], said: str) -> None:
    [problem] = replace(Limits(), **changes).problems()  # type: ignore[arg-type]

    assert said in problem
