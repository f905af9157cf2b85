"""No caller may take the server, or the cluster behind it, away from the others."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from kube_mcp.server.asgi import Answer, App, Receive, Scope, Send, json_answer
from kube_mcp.server.bearer import CALLER, Decision, peer, tell_nobody

# Far more people than one server has; the bound keeps a stream of new subjects out of the memory.
_MAX_SUBJECTS = 10_000
# The first free code after those the MCP specification gives a meaning to.
_RATE_LIMITED = -32029


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one subject may do, and all of them together.

    ``rate_per_s`` refills a bucket of ``burst`` calls; ``in_flight`` counts calls not answered yet.
    """

    rate_per_s: float = 10.0
    burst: int = 40
    in_flight_per_subject: int = 16
    in_flight_total: int = 128

    def problems(self) -> list[str]:
        """What would refuse everything, one sentence each."""
        named = {
            "rate_per_s": self.rate_per_s,
            "burst": self.burst,
            "in_flight_per_subject": self.in_flight_per_subject,
            "in_flight_total": self.in_flight_total,
        }
        found = [
            f"limits {name} is {value:g}; expected {'more than 0' if name == 'rate_per_s' else 'at least 1'}."
            for name, value in named.items()
            if not (value > 0 if name == "rate_per_s" else value >= 1)
        ]
        if self.in_flight_per_subject > self.in_flight_total:
            found.append(
                f"limits in_flight_per_subject is {self.in_flight_per_subject}, more than"
                f" in_flight_total ({self.in_flight_total})."
            )
        return found


@dataclass(frozen=True, slots=True)
class Wait:
    """A call that must come again: ``code`` for metrics, whole seconds to wait, a sentence."""

    code: str
    retry_after_s: int
    sentence: str


@dataclass(slots=True)
class _Subject:
    tokens: float
    filled_at: float
    in_flight: int = 0


class Gate:
    """Counts calls by subject. ``monotonic`` gives seconds from any start."""

    def __init__(self, limits: Limits, *, monotonic: Callable[[], float]) -> None:
        self._limits = limits
        self._monotonic = monotonic
        self._subjects: OrderedDict[Hashable, _Subject] = OrderedDict()
        self._in_flight = 0

    def enter(self, subject: Hashable) -> Wait | None:
        """Let a call in; each one let in must `leave`. A `Wait` means it was not let in."""
        limits, state = self._limits, self._refilled(subject)
        if state.tokens < 1:
            wait_s = max(1, math.ceil((1 - state.tokens) / limits.rate_per_s))
            return Wait(
                "rate",
                wait_s,
                f"Too many calls: {limits.rate_per_s * 60:g} a minute are allowed, {limits.burst}"
                f" at once. Try again in {wait_s} s.",
            )
        if state.in_flight >= limits.in_flight_per_subject:
            return Wait(
                "in-flight",
                1,
                f"{state.in_flight} of your calls are still running, which is the most allowed."
                " Wait for one to end, then try again.",
            )
        if self._in_flight >= limits.in_flight_total:
            return Wait("busy", 2, "The server is busy with other calls. Try again in 2 s.")
        state.tokens -= 1
        state.in_flight += 1
        self._in_flight += 1
        return None

    def leave(self, subject: Hashable) -> None:
        """A call that was let in has ended, however it ended."""
        self._in_flight -= 1
        state = self._subjects.get(subject)
        if state is not None and state.in_flight:
            state.in_flight -= 1

    @property
    def in_flight(self) -> int:
        """Calls running now, of all subjects."""
        return self._in_flight

    @property
    def subjects(self) -> int:
        """How many subjects are remembered."""
        return len(self._subjects)

    def _refilled(self, subject: Hashable) -> _Subject:
        now = self._monotonic()
        state = self._subjects.get(subject)
        if state is None:
            state = _Subject(float(self._limits.burst), now)
            self._subjects[subject] = state
            self._drop_idle()
        else:
            self._subjects.move_to_end(subject)
            gained = max(0.0, now - state.filled_at) * self._limits.rate_per_s
            state.tokens = min(float(self._limits.burst), state.tokens + gained)
            state.filled_at = now
        return state

    def _drop_idle(self) -> None:
        while len(self._subjects) > _MAX_SUBJECTS:
            oldest = next(iter(self._subjects))
            if self._subjects[oldest].in_flight:
                self._subjects.move_to_end(oldest)
                continue
            del self._subjects[oldest]


class CallerLimits:
    """Stands behind `BearerAuth` and answers 429 where the gate is closed for this caller.

    ``audit`` hears of each refusal.
    """

    def __init__(
        self, app: App, gate: Gate, *, audit: Callable[[Decision], None] = tell_nobody
    ) -> None:
        self._app = app
        self._gate = gate
        self._audit = audit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        caller = (scope.get("state") or {}).get(CALLER)
        subject: Hashable = caller.key if caller is not None else ()
        wait = self._gate.enter(subject)
        if wait is not None:
            self._audit(
                Decision(
                    allowed=False,
                    code=wait.code,
                    status=429,
                    sentence=wait.sentence,
                    caller=caller,
                    client_address=peer(scope),
                )
            )
            await too_many_requests(wait)(scope, receive, send)
            return
        try:
            await self._app(scope, receive, send)
        finally:
            self._gate.leave(subject)


def too_many_requests(wait: Wait) -> Answer:
    """429 in the protocol's terms: a JSON-RPC error whose message is a sentence."""
    return json_answer(
        429,
        {
            "jsonrpc": "2.0",
            "id": None,
            "error": {
                "code": _RATE_LIMITED,
                "message": wait.sentence,
                "data": {"reason": wait.code, "retryAfterSeconds": wait.retry_after_s},
            },
        },
        headers=[("Retry-After", str(wait.retry_after_s))],
    )
