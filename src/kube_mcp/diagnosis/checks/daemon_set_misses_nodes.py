from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import CRITICAL, LIKELY, WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence, listed
from kube_mcp.diagnosis.pods import created, is_going, is_ready, older_than
from kube_mcp.diagnosis.starting import is_settled
from kube_mcp.diagnosis.workloads import counts, is_deleted, is_observed
from kube_mcp.graph.owners import pods_of
from kube_mcp.objects import Obj, dig_int, dig_str
from kube_mcp.scene import Scene, ref_to, refer

_SETTLED_S = 180


@check("DaemonSet", needs=["Pod"], optional=["Node"])
def daemon_set_misses_nodes(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A DaemonSet has no ready pod on some of the nodes it should run on.

    What it detects: fewer ready pods than nodes wanted, with the nodes that have an unready pod or
    none, and pods that run where they should not. It is a symptom: what is found about those pods
    or nodes explains it.

    Why it matters: network, storage or log agents are missing exactly on those nodes.

    Where it cannot tell: which nodes have no pod at all, where nodes could not be read.
    """
    if is_deleted(obj) or not is_observed(obj):
        return
    count = counts(obj)
    if count.wanted == 0 or count.ready >= count.wanted:
        return
    pods = [pod for pod in pods_of(obj, scene) if not is_going(pod)]
    unready = [pod for pod in pods if not is_ready(pod)]
    if not all(is_settled(pod, scene) for pod in unready):
        return
    if not unready and not older_than(created(obj), _SETTLED_S, scene.now):
        return
    on = {dig_str(pod, "spec", "nodeName") for pod in unready} - {""}
    hosts = {dig_str(pod, "spec", "nodeName") for pod in pods}
    without = [
        name
        for node in scene.seen("Node")
        if (name := dig_str(node, "metadata", "name")) not in hosts
    ]
    yield Finding(
        ref=ref_to(obj),
        severity=CRITICAL if count.ready == 0 else WARNING,
        confidence=LIKELY,
        symptom=True,
        title=f"is ready on {count.ready} of {count.wanted} nodes",
        evidence=evidence(
            ("status.desiredNumberScheduled", count.wanted),
            ("status.numberReady", count.ready),
            ("nodes with an unready pod", listed(sorted(on)) if on else None),
            (
                "nodes without a pod",
                listed(without) if count.made < count.wanted and without else None,
            ),
            ("status.numberMisscheduled", dig_int(obj, "status", "numberMisscheduled") or None),
        ),
        blames=(
            *(ref_to(pod) for pod in unready),
            *(refer("Node", "", name) for name in sorted(on)),
        ),
        next=f"Look at its pods on {listed(sorted(on))}."
        if on
        else f"Look at the events of {ref_to(obj)}.",
    )
