from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence, listed
from kube_mcp.diagnosis.pods import grace_s, older_than, unwell_pods
from kube_mcp.graph.owners import workload_of
from kube_mcp.objects import Obj, dig, dig_list, dig_str
from kube_mcp.scene import Scene, ref_to, refer
from kube_mcp.words.times import age, parse_time

# The deletion timestamp already holds the grace period; what is over it by more than a minute is
# not coming to an end by itself.
_OVER_S = 60


@check("Pod", among=unwell_pods, optional=["Node", "ReplicaSet", "Job"])
def pod_stuck_terminating(pod: Obj, scene: Scene) -> Iterator[Finding]:
    """A pod was deleted and does not go away.

    What it detects: a pod whose deletion time is past by more than a minute, with its finalizers
    and whether its node still exists and is ready.

    Why it matters: a StatefulSet does not replace it, its volume stays attached, and a namespace
    being deleted waits for it.

    Where it cannot tell: a container that ignores signals on a healthy node shows only by being
    the explanation that is left.
    """
    deleted = parse_time(dig(pod, "metadata", "deletionTimestamp"))
    if deleted is None or not older_than(deleted, _OVER_S, scene.now):
        return
    finalizers = [str(each) for each in dig_list(pod, "metadata", "finalizers")]
    node = dig_str(pod, "spec", "nodeName")
    gone = bool(node and scene.seen("Node")) and scene.lacks("Node", "", node)
    if finalizers:
        why, advice = (
            f"it waits for the finalizer {listed(finalizers)}",
            f"Look at the controller that owns the finalizer {finalizers[0]}.",
        )
    elif gone:
        why, advice = (
            f"its node {node} does not exist any more",
            "Delete the pod with a grace period of 0; nobody is left to confirm its end.",
        )
    else:
        why, advice = (
            f"the kubelet of {node} has not confirmed its end",
            f"Check that {node} is alive; then look for a process or a mount that hangs.",
        )
    yield Finding(
        ref=ref_to(pod),
        workload=workload_of(pod, scene),
        severity=WARNING,
        title=f"should have been gone {age(deleted, scene.now)} ago: {why}",
        evidence=evidence(
            ("metadata.deletionTimestamp", dig_str(pod, "metadata", "deletionTimestamp")),
            ("metadata.finalizers", listed(finalizers) if finalizers else None),
            ("grace period", f"{grace_s(pod)}s"),
            ("spec.nodeName", f"{node} (not found)" if gone else node),
        ),
        since=deleted,
        blames=() if finalizers else (refer("Node", "", node),),
        next=advice,
    )
