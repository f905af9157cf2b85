from __future__ import annotations

from collections.abc import Iterator, Sequence

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.conditions import condition, conditions, said, since
from kube_mcp.diagnosis.finding import WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence, quote
from kube_mcp.diagnosis.pods import is_going, is_over, older_than
from kube_mcp.graph.owners import workload_of
from kube_mcp.objects import Obj, dig_str
from kube_mcp.scene import Scene, ref_to

# The kubelet tries again as pods of the node come and go; within ten minutes most are served.
_PATIENCE_S = 600


_KINDS = ("PodResizePending", "PodResizeInProgress")


def _resizing(scene: Scene) -> Sequence[Obj]:
    return [
        pod
        for pod in scene.all("Pod")
        if any(each.get("type") in _KINDS for _, each in conditions(pod))
    ]


@check("Pod", among=_resizing, optional=["ReplicaSet"])
def pod_resize_stuck(pod: Obj, scene: Scene) -> Iterator[Finding]:
    """New resources were asked for a running pod, and its node does not give them.

    What it detects: PodResizePending with the reason Infeasible (the node could never give them)
    or, for over ten minutes, Deferred (it has no room now); PodResizeInProgress with an error.

    Why it matters: the pod runs on with its old resources, and looks as if it had the new ones.

    Where it cannot tell: whether room will be made; the kubelet tries again by itself.
    """
    if is_over(pod) or is_going(pod):
        return
    for kind in _KINDS:
        found = condition(pod, kind)
        reason = dig_str(found, "reason")
        if found.get("status") != "True" or reason not in ("Infeasible", "Deferred", "Error"):
            continue
        if reason == "Deferred" and not older_than(since(found), _PATIENCE_S, scene.now):
            continue
        node = dig_str(pod, "spec", "nodeName")
        yield Finding(
            ref=ref_to(pod),
            workload=workload_of(pod, scene),
            severity=WARNING,
            title=f"was not given the resources it now asks for: "
            f"{quote(dig_str(found, 'message') or reason, most=200)}",
            evidence=evidence(
                (f"status.conditions[{kind}]", f"True {said(found)}"),
                ("spec.nodeName", node),
            ),
            since=since(found),
            next=f"Ask for what {node} can give, or recreate the pod on a larger node."
            if reason == "Infeasible"
            else f"Free resources on {node}, or recreate the pod elsewhere."
            if reason == "Deferred"
            else "Act on what the kubelet says.",
        )
        return
