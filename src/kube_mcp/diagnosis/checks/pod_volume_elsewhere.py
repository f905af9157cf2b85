from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import CRITICAL, Finding
from kube_mcp.diagnosis.phrases import evidence, listed, plural
from kube_mcp.diagnosis.pods import unwell_pods
from kube_mcp.diagnosis.scheduling import obstacles
from kube_mcp.graph.owners import workload_of
from kube_mcp.graph.volumes import claims_of
from kube_mcp.objects import Obj, dig_list, dig_str
from kube_mcp.scene import Scene, ref_to


@check(
    "Pod",
    among=unwell_pods,
    optional=["PersistentVolumeClaim", "PersistentVolume", "Node", "Event", "ReplicaSet"],
)
def pod_volume_elsewhere(pod: Obj, scene: Scene) -> Iterator[Finding]:
    """A pod's volume exists only where the pod may not run.

    What it detects: the scheduler's volume node affinity conflict, a full node ("max volume
    count"), or a ReadWriteOncePod claim that another pod holds; shows which nodes or zones the
    volume is bound to.

    Why it matters: the pod stays Pending; typical after a node or zone was lost or replaced.

    Where it cannot tell: whether the node the volume belongs to will come back.
    """
    found = obstacles(pod, scene, "volume")
    if found is None:
        return
    places = [
        (
            f"PersistentVolume {dig_str(volume, 'metadata', 'name')} (claim {name})",
            f"{dig_str(each, 'key')} in {listed(map(str, dig_list(each, 'values')))}",
        )
        for name, claim in claims_of(pod, scene)
        if (volume := scene.peek("PersistentVolume", "", dig_str(claim, "spec", "volumeName")))
        for term in dig_list(volume, "spec", "nodeAffinity", "required", "nodeSelectorTerms")
        for each in dig_list(term, "matchExpressions")
    ]
    held = "ReadWriteOncePod" in found.main.text
    full = "max volume count" in found.main.text
    yield Finding(
        ref=ref_to(pod),
        workload=workload_of(pod, scene),
        severity=CRITICAL,
        title=f"its claim is ReadWriteOncePod, and another pod holds it{found.others()}"
        if held
        else f"{plural(found.main.nodes, 'node')}: {found.main.text}{found.others()}",
        evidence=evidence((found.path, found.message), *places[:4]),
        since=found.since,
        next="Remove the pod that holds the claim, or give each pod a claim of its own."
        if held
        else "Add a node, or move pods with volumes away from those it fits on."
        if full
        else "Bring back a node where the volume is, or move the data to a new claim.",
    )
