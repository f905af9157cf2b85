"""Per-tool scopes, told in HTTP: clients step up on a 403, not on a tool's words."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from kube_mcp.auth.caller import Caller
from kube_mcp.server.asgi import Answer, Scope
from kube_mcp.server.bearer import CALLER


@dataclass(frozen=True, slots=True)
class StepUp:
    """Asks for a better token before the protocol sees the call.

    ``scopes_needed`` names every scope the tool needs and the caller lacks, nothing where the
    call may go on. ``answer`` builds the challenge, as `Challenge.insufficient_scope` does.
    The tool itself checks again: this is the polite refusal, that is the lock.
    """

    scopes_needed: Callable[[Caller | None, str], Iterable[str]]
    answer: Callable[[Scope, Iterable[str]], Answer]

    def refuse(self, scope: Scope, body: bytes) -> Answer | None:
        """The 403 for a call that needs more scopes, or None."""
        tool = _tool_called(body)
        if not tool:
            return None
        needed = tuple(self.scopes_needed((scope.get("state") or {}).get(CALLER), tool))
        return self.answer(scope, needed) if needed else None


def _tool_called(body: bytes) -> str:
    try:
        message: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    if not isinstance(message, dict) or message.get("method") != "tools/call":
        return ""
    params = message.get("params")
    name = params.get("name") if isinstance(params, dict) else None
    return name if isinstance(name, str) else ""
