from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.conditions import condition
from kube_mcp.diagnosis.events import latest
from kube_mcp.diagnosis.finding import CRITICAL, LIKELY, Finding
from kube_mcp.diagnosis.phrases import evidence
from kube_mcp.diagnosis.pods import STARTING_S, created, is_going, older_than, phase, unwell_pods
from kube_mcp.graph.owners import workload_of
from kube_mcp.objects import Obj, dig, dig_str
from kube_mcp.scene import Scene, ref_to


@check("Pod", among=unwell_pods, optional=["Event", "ReplicaSet", "Job"])
def pod_has_no_scheduler(pod: Obj, scene: Scene) -> Iterator[Finding]:
    """A pod has been waiting for a scheduler that never looked at it.

    What it detects: a pod Pending for two minutes, on no node, with no condition and no event
    from any scheduler, and which scheduler it asks for.

    Why it matters: nothing will ever place it: the name of its scheduler is misspelt, or that
    scheduler is not running.

    Where it cannot tell: which schedulers run; managed control planes do not show theirs.
    """
    if phase(pod) not in ("Pending", "") or dig(pod, "spec", "nodeName") or is_going(pod):
        return
    if condition(pod, "PodScheduled") or dig(pod, "spec", "schedulingGates"):
        return
    if not older_than(created(pod), STARTING_S, scene.now):
        return
    if latest(pod, scene, "FailedScheduling", "Scheduled"):
        return
    name = dig_str(pod, "spec", "schedulerName") or "default-scheduler"
    yield Finding(
        ref=ref_to(pod),
        workload=workload_of(pod, scene),
        severity=CRITICAL,
        confidence=LIKELY,
        title=f"no scheduler has looked at it; it asks for {name}",
        evidence=evidence(
            ("spec.schedulerName", name),
            ("status.conditions[PodScheduled]", "none"),
            ("status.phase", phase(pod)),
        ),
        since=created(pod),
        next="Check that kube-scheduler is running."
        if name == "default-scheduler"
        else f"Check that a scheduler named {name} is running, or correct spec.schedulerName.",
    )
