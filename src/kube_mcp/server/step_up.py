"""Scopes that only some operations need, told in HTTP: clients step up on a 403, not on words."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from kube_mcp.auth.caller import Caller
from kube_mcp.auth.denied import shown
from kube_mcp.server.asgi import Answer, Scope
from kube_mcp.server.bearer import CALLER, Decision, peer, tell_nobody


@dataclass(frozen=True, slots=True)
class StepUp:
    """Asks for a better token before the protocol sees the call.

    ``scopes_needed`` takes the caller, the operation (``tools/call``, ``resources/read``) and the
    name of the tool or the address; it names every scope that a token for it should have, those of
    the present one included, and nothing where the call may go on. ``answer`` builds the challenge, as
    `Challenge.insufficient_scope` does. ``audit`` hears of each refusal.
    The host itself checks again: this is the polite refusal, that is the lock.
    """

    scopes_needed: Callable[[Caller | None, str, str], Iterable[str]]
    answer: Callable[[Scope, Iterable[str]], Answer]
    audit: Callable[[Decision], None] = tell_nobody

    def refuse(self, scope: Scope, body: bytes) -> Answer | None:
        """The 403 for a call that needs more scopes, or None."""
        operation, name = _asked(body)
        if not name:
            return None
        caller = (scope.get("state") or {}).get(CALLER)
        needed = tuple(self.scopes_needed(caller, operation, name))
        if not needed:
            return None
        granted = caller.scopes if caller is not None else frozenset()
        lacking = " ".join(scope for scope in needed if scope not in granted)
        self.audit(
            Decision(
                allowed=False,
                code="missing-scope",
                status=403,
                sentence=f"{operation} of {shown(name)} needs scope {lacking}, which the token lacks.",
                caller=caller,
                client_address=peer(scope),
            )
        )
        return self.answer(scope, needed)


#: Where the name of what is asked for stands, by operation.
_NAMED = {"tools/call": "name", "resources/read": "uri"}


def _asked(body: bytes) -> tuple[str, str]:
    try:
        message: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return "", ""
    operation = message.get("method") if isinstance(message, dict) else None
    if not isinstance(operation, str) or operation not in _NAMED:
        return "", ""
    params = message.get("params")
    name = params.get(_NAMED[operation]) if isinstance(params, dict) else None
    return (operation, name) if isinstance(name, str) else ("", "")
