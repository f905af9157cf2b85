from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.conditions import condition, since
from kube_mcp.diagnosis.finding import CRITICAL, Finding
from kube_mcp.diagnosis.phrases import evidence
from kube_mcp.diagnosis.pods import is_going, is_over, phase, pod_template
from kube_mcp.graph.owners import workload_of
from kube_mcp.objects import Obj, dig_str
from kube_mcp.scene import Scene, key_for, ref_to, refer


def _on_lost_nodes(scene: Scene) -> list[Obj]:
    well = {
        dig_str(node, "metadata", "name")
        for node in scene.seen("Node")
        if condition(node, "Ready").get("status", "True") == "True"
    }
    return [pod for pod in scene.all("Pod") if dig_str(pod, "spec", "nodeName") not in well]


@check(
    "Pod",
    needs=["Node"],
    among=_on_lost_nodes,
    optional=["ReplicaSet", "Job", "Deployment", "StatefulSet"],
)
def pod_on_lost_node(pod: Obj, scene: Scene) -> Iterator[Finding]:
    """A pod is recorded on a node that is not ready, or does not exist.

    What it detects: a pod, not over and not being deleted, whose node is gone, or whose node's
    Ready condition is not True.

    Why it matters: what the pod's status says is from before; it may or may not be running.

    Where it cannot tell: whether the node comes back. The node's own finding comes first.
    """
    node_name = dig_str(pod, "spec", "nodeName")
    if not node_name or is_over(pod) or is_going(pod):
        return
    if not scene.all("Node"):
        return  # nodes that are no objects: a virtual cluster, or a recording without them
    node = scene.get("Node", "", node_name)
    ready = condition(node, "Ready") if node is not None else {}
    if node is not None and (not ready or ready.get("status") == "True"):
        return
    state = "does not exist" if node is None else f"is not ready ({dig_str(ready, 'reason')})"
    owner = workload_of(pod, scene)
    above = (
        scene.peek(key_for(owner.kind, owner.group), owner.namespace, owner.name) if owner else None
    )
    pinned = above is not None and dig_str(pod_template(above), "spec", "nodeName") == node_name
    yield Finding(
        ref=ref_to(pod),
        workload=owner,
        part=node_name,
        severity=CRITICAL,
        title=f"is on {node_name}, which {state}",
        evidence=evidence(
            ("spec.nodeName", node_name),
            (f"Node {node_name} status.conditions[Ready]", ready.get("status") or "not found"),
            (f"spec.template.spec.nodeName of {owner}", node_name) if pinned else ("", ""),
            ("status.phase", phase(pod)),
        ),
        since=since(ready),
        blames=(refer("Node", "", node_name),),
        next=f"Take nodeName out of the pod template of {owner}, or name a node that exists."
        if pinned and node is None
        else f"Bring {node_name} back, or delete the pod so that it is made anew elsewhere.",
    )
