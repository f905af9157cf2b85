from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import CRITICAL, Finding
from kube_mcp.diagnosis.phrases import evidence, quote
from kube_mcp.diagnosis.pods import unwell_pods
from kube_mcp.diagnosis.scheduling import obstacles
from kube_mcp.graph.owners import workload_of
from kube_mcp.objects import Obj, dig_list, dig_map
from kube_mcp.scene import Scene, ref_to


@check("Pod", among=unwell_pods, optional=["Node", "Event", "ReplicaSet", "Job"])
def pod_cannot_be_scheduled(pod: Obj, scene: Scene) -> Iterator[Finding]:
    """A pod fits on no node: all are cordoned, its host port is taken, or for another reason.

    What it detects: what the scheduler says (cordoned nodes, host ports, devices, no nodes at all), where the main cause is none of those that have a
    check of their own (resources, taints, node labels, other pods, volumes, claims).

    Why it matters: the pod stays Pending.

    Where it cannot tell: a scheduler plugin's own words are quoted, not understood.
    """
    found = obstacles(pod, scene, "cordon", "port", "device", "no-nodes", "other")
    if found is None:
        return
    ports = [
        str(port["hostPort"])
        for container in dig_list(pod, "spec", "containers")
        for port in dig_list(container, "ports")
        if isinstance(port, dict) and port.get("hostPort")
    ]
    title, advice = {
        "cordon": (
            f"the {found.main.nodes} nodes it fits on are cordoned",
            "Uncordon a node, or add one.",
        ),
        "port": (
            f"its host port {', '.join(ports)} is taken on {found.main.nodes} nodes",
            "Run as many replicas as nodes, or give up the host port.",
        ),
        "device": (
            f"no node has the devices that its resource claims ask for: {found.main.text}",
            "Look at its ResourceClaims, and at the ResourceSlices that the drivers publish.",
        ),
        "no-nodes": ("the cluster has no node", "Add a node."),
    }.get(
        found.main.kind,
        (f"the scheduler says: {quote(found.message, most=160)}", "Act on what it says."),
    )

    yield Finding(
        ref=ref_to(pod),
        workload=workload_of(pod, scene),
        severity=CRITICAL,
        title=f"{title}{found.others()}",
        evidence=evidence((found.path, found.message)),
        since=found.since,
        blames=tuple(
            ref_to(node)
            for node in scene.seen("Node")
            if dig_map(node, "spec").get("unschedulable")
        )
        if found.main.kind == "cordon"
        else (),
        next=advice,
    )
