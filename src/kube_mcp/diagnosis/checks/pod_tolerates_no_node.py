from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import CRITICAL, Finding
from kube_mcp.diagnosis.phrases import evidence, listed, plural
from kube_mcp.diagnosis.pods import unwell_pods
from kube_mcp.diagnosis.scheduling import obstacles
from kube_mcp.graph.owners import workload_of
from kube_mcp.objects import Obj, dig, dig_list, dig_str
from kube_mcp.scene import Scene, ref_to


@check("Pod", among=unwell_pods, optional=["Node", "Event", "ReplicaSet", "Job"])
def pod_tolerates_no_node(pod: Obj, scene: Scene) -> Iterator[Finding]:
    """A pod does not tolerate the taints of the nodes that it could run on.

    What it detects: the scheduler's "untolerated taint" as the main cause, with the taints, the
    nodes that have them, and what the pod tolerates. Nodes are tainted on purpose, so a taint
    counts only if nothing stands in the way on the other nodes, and a control plane's own taint
    last of all; a taint that marks an unwell node counts as any trouble.

    Why it matters: the pod stays Pending although the nodes have room.

    Where it cannot tell: whether the taint or the missing toleration is the mistake.
    """
    found = obstacles(pod, scene, "taint")
    if found is None:
        return
    unwell = any(each.is_unwell for each in found.causes)
    key = found.main.taint.partition(":")[0].strip()
    tainted = [
        node
        for node in scene.seen("Node")
        if any(dig_str(taint, "key") == key for taint in dig_list(node, "spec", "taints"))
    ]
    tolerated = [
        f"{dig_str(each, 'key') or 'every key'} {dig_str(each, 'value')}".strip()
        for each in dig_list(pod, "spec", "tolerations")
    ]
    yield Finding(
        ref=ref_to(pod),
        workload=workload_of(pod, scene),
        severity=CRITICAL,
        title=f"{plural(found.main.nodes, 'node carries', 'nodes carry')} the taint "
        f"{{{found.main.taint or found.main.text}}}, which the pod does not "
        f"tolerate{found.others()}",
        evidence=evidence(
            (found.path, found.message),
            ("spec.tolerations", listed(tolerated)),
            (
                "nodes with that taint",
                listed(dig_str(node, "metadata", "name") for node in tainted) if tainted else None,
            ),
            ("value on the nodes", _values(tainted, key)),
        ),
        since=found.since,
        shared=found.main.taint,
        blames=tuple(ref_to(node) for node in tainted) if unwell else (),
        next="Bring the tainted nodes back to health."
        if unwell
        else f"Add a toleration for {key or 'the taint'} to the pod, or remove the taint.",
    )


def _values(nodes: list[Obj], key: str) -> str | None:
    values = [
        f"{dig_str(taint, 'value')}:{dig_str(taint, 'effect')}"
        for node in nodes
        for taint in dig_list(node, "spec", "taints")
        if dig(taint, "key") == key
    ]
    return listed(values) if values else None
