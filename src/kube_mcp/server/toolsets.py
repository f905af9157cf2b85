"""Which toolsets are open to a caller: asked by everything that reads a cluster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kube_mcp.auth.caller import Caller
from kube_mcp.errors import NotAllowed

MayUse = Callable[[Caller | None, str], bool]

#: What resources and completions belong to: they show what its tools show.
CORE = "core"


def everybody(caller: Caller | None, toolset: str) -> bool:
    """A policy that opens every toolset to every caller."""
    return True


@dataclass(frozen=True, slots=True)
class Toolsets:
    """``may_use`` says whether a caller may use a toolset; ``may_see`` whether it is listed.

    They differ where a caller could get a better token: what it opens must be seen to be asked for.
    """

    may_use: MayUse = everybody
    may_see: MayUse = everybody

    def check(self, caller: Caller | None, toolset: str, what: str) -> None:
        """Raises `NotAllowed` where ``what``, which belongs to a toolset, is closed to a caller."""
        if not self.may_use(caller, toolset):
            raise NotAllowed(
                f"You may not use {what}: it belongs to the toolset '{toolset}', which is not open"
                " to you here.",
                hint="Ask whoever runs this server.",
            )
