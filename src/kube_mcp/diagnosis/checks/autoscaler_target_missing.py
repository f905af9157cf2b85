from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.conditions import condition
from kube_mcp.diagnosis.finding import WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence
from kube_mcp.graph.scaling import target_of
from kube_mcp.objects import Obj, dig_str
from kube_mcp.scene import Scene, key_for, ref_to


@check("HorizontalPodAutoscaler", optional=["Deployment", "StatefulSet", "ReplicaSet"])
def autoscaler_target_missing(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """An autoscaler's target does not exist.

    What it detects: ``spec.scaleTargetRef`` naming a workload that is not there, or the
    autoscaler's own FailedGetScale.

    Why it matters: nothing is scaled; often a leftover of something renamed.

    Where it cannot tell: targets of kinds that were not read are known by FailedGetScale only.
    """
    target = target_of(obj)
    missing = scene.lacks(key_for(target.kind, target.group), target.namespace, target.name)
    if not missing:
        return
    yield Finding(
        ref=ref_to(obj),
        severity=WARNING,
        title=f"its target {target} does not exist",
        evidence=evidence(
            ("spec.scaleTargetRef", str(target)),
            (
                "status.conditions[AbleToScale].reason",
                dig_str(condition(obj, "AbleToScale"), "reason"),
            ),
        ),
        next=f"Correct scaleTargetRef, or create {target}.",
    )
