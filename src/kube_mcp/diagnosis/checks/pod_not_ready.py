from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.conditions import condition, since
from kube_mcp.diagnosis.finding import LIKELY, WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence, listed
from kube_mcp.diagnosis.pods import (
    containers,
    is_going,
    is_ready,
    phase,
    unwell_pods,
)
from kube_mcp.diagnosis.starting import is_unready_too_long
from kube_mcp.graph.owners import controller_of, workload_of
from kube_mcp.objects import Obj, dig_str
from kube_mcp.scene import Scene, ref_to, refer


@check("Pod", among=unwell_pods, optional=["Node", "ReplicaSet", "Job"])
def pod_not_ready(pod: Obj, scene: Scene) -> Iterator[Finding]:
    """A pod runs and has not been ready for some time.

    What it detects: a running pod whose Ready condition has been False for longer than two minutes
    and its probes' own patience. It is a symptom: whatever else is found about the pod explains it.

    Why it matters: the pod gets no traffic.

    Where it cannot tell: why; that is what the other checks are for.
    """
    if phase(pod) != "Running" or is_going(pod) or is_ready(pod):
        return
    ready = condition(pod, "Ready")
    owner = controller_of(pod)
    if ready.get("status") not in ("False", "Unknown") or (owner and owner.kind == "Job"):
        return
    unready = [
        each
        for each in containers(pod, scene)
        if not each.ready and each.role in ("container", "sidecar")
    ]
    if not is_unready_too_long(pod, scene):
        return
    yield Finding(
        ref=ref_to(pod),
        workload=workload_of(pod, scene),
        severity=WARNING,
        confidence=LIKELY,
        symptom=True,
        title=f"is running but not ready; unready containers: {listed(c.name for c in unready)}",
        evidence=evidence(
            ("status.conditions[Ready].reason", dig_str(ready, "reason")),
            ("status.conditions[Ready].message", dig_str(ready, "message")),
        ),
        since=since(ready),
        blames=(refer("Node", "", dig_str(pod, "spec", "nodeName")),),
        next="Read the log of its unready containers.",
    )
