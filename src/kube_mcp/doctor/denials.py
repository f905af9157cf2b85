"""Whether what an operator denies is there at all."""

from __future__ import annotations

from collections.abc import Sequence

from kube_mcp.access.policy import Policy
from kube_mcp.doctor.probe import Probe
from kube_mcp.objects import ResourceType
from kube_mcp.settings import Settings


def denied_kinds(settings: Settings, served: Sequence[ResourceType], at: str) -> Probe | None:
    """That each denial means a kind there is (one that means none hides nothing); None without any."""
    denied = [*settings.policy.kinds_deny]
    for each in settings.policy.groups:
        denied += each.kinds_deny
    if not denied:
        return None
    nothing = [
        pattern
        for pattern in dict.fromkeys(denied)
        if not any(Policy(kinds_deny=(pattern,)).denies(each) for each in served)
    ]
    if nothing:
        return Probe(
            f"denied kinds{at}", "warning",
            f"no kind of this cluster is called {', '.join(map(repr, nothing))}",
            "Correct policy.kinds_deny, unless the kind is yet to be installed.",
        )  # fmt: skip
    return Probe(f"denied kinds{at}", "ok", "each denial means a kind there is")
