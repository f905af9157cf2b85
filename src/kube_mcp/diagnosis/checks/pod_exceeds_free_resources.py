from __future__ import annotations

import re
from collections.abc import Iterator

from kube_mcp.diagnosis.capacity import Room, amount, largest_allocatable, requests, rooms
from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import CRITICAL, Finding
from kube_mcp.diagnosis.phrases import evidence, plural
from kube_mcp.diagnosis.placement import usable
from kube_mcp.diagnosis.pods import unwell_pods
from kube_mcp.diagnosis.scheduling import obstacles
from kube_mcp.graph.owners import workload_of
from kube_mcp.objects import Obj, dig, dig_map, dig_str
from kube_mcp.scene import Scene, ref_to


def _reached(scene: Scene) -> dict[tuple[int, int, str], tuple[list[Obj], list[Room]]]:
    """What was found before, by what a pod says of nodes: a workload's replicas wait together."""
    return {}


def _within_reach(pod: Obj, scene: Scene) -> tuple[list[Obj], list[Room]]:
    """The nodes that the pod may run on, and what is known of their room."""
    spec = dig_map(pod, "spec")
    # The scene holds these parts, so no identity is used twice.
    key = (
        id(spec.get("affinity")),
        id(spec.get("tolerations")),
        repr(spec.get("nodeSelector")),
    )
    known = scene.derived(_reached)
    if key not in known:
        nodes = usable(pod, scene.seen("Node"))
        names = {dig_str(node, "metadata", "name") for node in nodes}
        known[key] = (nodes, [room for room in rooms(scene) if room.name in names])
    return known[key]


@check("Pod", among=unwell_pods, optional=["Node", "Event", "ReplicaSet", "Job"])
def pod_exceeds_free_resources(pod: Obj, scene: Scene) -> Iterator[Finding]:
    """A pod asks for more of a resource than any node it may run on has free.

    What it detects: the scheduler's "Insufficient cpu", memory, storage, GPU or "Too many pods",
    compared with the largest node it may run on and, where all pods could be read, with what is
    really free there.

    Why it matters: the pod stays Pending until something else goes or a node is added; if no node
    is that large at all, forever.

    Where it cannot tell: whether a cluster autoscaler is about to add a node.
    """
    found = obstacles(pod, scene, "resources")
    if found is None:
        return
    match = re.match(r"Insufficient (\S+)", found.main.text)
    resource = match[1] if match else "pods"
    asked = requests(pod).get(resource, 1 if resource == "pods" else 0)
    nodes = scene.seen("Node")
    may_run_on, spare = _within_reach(pod, scene)
    largest = (
        max(room.allocatable.get(resource, 0) for room in spare)
        if spare
        else largest_allocatable(resource, may_run_on)
    )
    free = max((room.free(resource) for room in spare if room.schedulable), default=None)
    node = "node" if len(may_run_on) == len(nodes) else "node it may run on"
    never = largest is not None and asked > largest
    what = f"{amount(resource, asked)} {resource}" if asked else resource
    if never and largest is not None:
        title = f"asks for {what}; the largest {node} offers {amount(resource, largest)}"
    elif free is not None:
        title = f"asks for {what}; no {node} has more than {amount(resource, max(free, 0))} free"
    else:
        title = (
            f"asks for {what}; {plural(found.main.nodes, 'node has', 'nodes have')} too little free"
        )
    yield Finding(
        ref=ref_to(pod),
        workload=workload_of(pod, scene),
        severity=CRITICAL,
        title=f"{title}{found.others()}",
        evidence=evidence(
            (found.path, found.message),
            (f"spec.containers[*].resources.requests.{resource}", amount(resource, asked))
            if asked
            else ("", ""),
        ),
        since=found.since,
        shared=_shortage(pod, resource, largest)
        if not never or largest == 0
        else "",  # its own request is what is wrong
        next=f"Add a node that has {resource}, or bring back the device plugin that offers it there."
        if largest == 0
        else f"Lower the request for {resource} to what a node offers, or add a larger node."
        if never
        else "Add a node, or raise how many pods a node takes."
        if resource == "pods"
        else f"Add a node, or lower what the pod or its neighbours request of {resource}.",
    )


def _shortage(pod: Obj, resource: str, largest: float | None) -> str:
    """What is short, and where: pods that may run on the same nodes wait for the same room."""
    spec = dig_map(pod, "spec")
    where = (spec.get("nodeSelector"), dig(spec, "affinity", "nodeAffinity"))
    return f"{'no' if largest == 0 else 'too little'} {resource} {where}"
