from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import LIKELY, WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence
from kube_mcp.diagnosis.pods import created, older_than
from kube_mcp.diagnosis.workloads import is_deleted, is_observed
from kube_mcp.objects import Obj, dig_int
from kube_mcp.scene import Scene, ref_to

# A controller notices a change within seconds, also when it is busy.
_PATIENCE_S = 300


@check("Deployment", "StatefulSet", "DaemonSet")
def controller_does_not_act(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A workload's latest change has not been noticed by its controller.

    What it detects: ``status.observedGeneration`` behind ``metadata.generation``, or no status at
    all, in an object that is older than five minutes.

    Why it matters: the controller manager is down or stuck, so nothing is rolled out, scaled or
    replaced; what the status counts is from before the change.

    Where it cannot tell: when the change was made; a change of this second looks the same.
    """
    if is_deleted(obj) or not older_than(created(obj), _PATIENCE_S, scene.now):
        return
    if obj.get("status") and is_observed(obj):
        return
    yield Finding(
        ref=ref_to(obj),
        severity=WARNING,
        confidence=LIKELY,
        title=f"generation {dig_int(obj, 'metadata', 'generation')} has not been acted on; the "
        f"controller last saw {dig_int(obj, 'status', 'observedGeneration')}",
        evidence=evidence(
            ("metadata.generation", dig_int(obj, "metadata", "generation")),
            ("status.observedGeneration", dig_int(obj, "status", "observedGeneration")),
        ),
        next="Ask again in a minute; if it stays, look at kube-controller-manager.",
    )
