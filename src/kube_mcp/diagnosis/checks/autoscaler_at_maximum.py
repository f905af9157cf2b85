from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.conditions import condition, since
from kube_mcp.diagnosis.finding import LIKELY, WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence
from kube_mcp.diagnosis.pods import older_than
from kube_mcp.graph.scaling import target_of
from kube_mcp.objects import Obj, dig_int, dig_list, dig_str
from kube_mcp.scene import Scene, ref_to

# A peak of a few minutes is what a maximum is for.
_PATIENCE_S = 900


@check("HorizontalPodAutoscaler")
def autoscaler_at_maximum(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """An autoscaler wants more pods than its maximum allows.

    What it detects: ScalingLimited with TooManyReplicas for over fifteen minutes, with the maximum
    reached, and what it measures against what it aims at.

    Why it matters: the load is higher than what was planned for, and the pods carry the rest.

    Where it cannot tell: whether the load is real or a fault (a retry storm, a slow dependency).
    """
    found = condition(obj, "ScalingLimited")
    maximum = dig_int(obj, "spec", "maxReplicas")
    if found.get("status") != "True" or dig_str(found, "reason") != "TooManyReplicas":
        return
    if not older_than(since(found), _PATIENCE_S, scene.now):
        return
    minimum = dig_int(obj, "spec", "minReplicas", default=1)
    if minimum >= maximum:
        return
    now_and_aim = [
        f"{dig_str(now, 'resource', 'name')} at "
        f"{dig_int(now, 'resource', 'current', 'averageUtilization')}%, aims at "
        f"{dig_int(aim, 'resource', 'target', 'averageUtilization')}%"
        for now, aim in zip(
            dig_list(obj, "status", "currentMetrics"),
            dig_list(obj, "spec", "metrics"),
            strict=False,
        )
        if dig_int(now, "resource", "current", "averageUtilization")
    ]
    yield Finding(
        ref=ref_to(obj),
        severity=WARNING,
        confidence=LIKELY,
        title=f"wants more than its maximum of {maximum} pods of {target_of(obj)}",
        evidence=evidence(
            ("status.conditions[ScalingLimited].reason", "TooManyReplicas"),
            ("spec.maxReplicas", maximum),
            ("status.currentReplicas", dig_int(obj, "status", "currentReplicas")),
            ("metrics", "; ".join(now_and_aim)),
        ),
        since=since(found),
        next=f"Raise maxReplicas, or find out what drives the load of {target_of(obj)}.",
    )
