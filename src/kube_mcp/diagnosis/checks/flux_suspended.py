from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import INFO, Finding
from kube_mcp.diagnosis.phrases import evidence
from kube_mcp.graph.flux import ALL, is_suspended
from kube_mcp.objects import Obj, dig_str
from kube_mcp.scene import Scene, ref_to


@check(*ALL)
def flux_suspended(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A Flux object is suspended, so changes in Git are not applied.

    What it detects: ``spec.suspend``. By itself it is a note, because it is a choice; it becomes
    the cause where something that is not suspended waits for it.

    Why it matters: suspended for an incident and forgotten, it lets Git and the cluster drift apart.

    Where it cannot tell: who suspended it, and until when.
    """
    if not is_suspended(obj):
        return
    revision = dig_str(obj, "status", "lastAppliedRevision") or dig_str(
        obj, "status", "artifact", "revision"
    )
    yield Finding(
        ref=ref_to(obj),
        severity=INFO,
        title=f"is suspended{f' at {revision}' if revision else ''}",
        evidence=evidence(("spec.suspend", True), ("revision", revision)),
        next="Resume it when the reason for suspending it is gone.",
    )
