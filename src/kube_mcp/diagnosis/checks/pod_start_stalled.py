from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.events import warnings
from kube_mcp.diagnosis.finding import LIKELY, WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence
from kube_mcp.diagnosis.pods import created, unwell_pods
from kube_mcp.diagnosis.starting import is_stuck_creating
from kube_mcp.graph.owners import workload_of
from kube_mcp.graph.volumes import claim_names
from kube_mcp.objects import Obj, dig_str
from kube_mcp.scene import Scene, ref_to, refer
from kube_mcp.words.times import age


@check("Pod", among=unwell_pods, optional=["Event", "ReplicaSet", "Job"])
def pod_start_stalled(pod: Obj, scene: Scene) -> Iterator[Finding]:
    """A pod was given to a node long ago and none of its containers has been created.

    What it detects: a pod placed over two minutes ago whose containers are all still being
    created, where nothing else says why.

    Why it matters: either the node's kubelet does nothing, or it waits for an image, a volume or
    a network that does not come.

    Where it cannot tell: a very large image may simply take that long.
    """
    if not is_stuck_creating(pod, scene):
        return
    node = dig_str(pod, "spec", "nodeName")
    event = next(warnings(pod, scene), None)
    yield Finding(
        ref=ref_to(pod),
        workload=workload_of(pod, scene),
        severity=WARNING,
        confidence=LIKELY,
        symptom=True,
        title=f"has been creating its containers for {age(created(pod), scene.now)} on {node}",
        evidence=evidence(
            ("status.phase", "Pending"),
            ("spec.nodeName", node),
            (f"event {event.reason}", event.message) if event else ("", ""),
        ),
        since=created(pod),
        blames=(
            refer("Node", "", node),
            *(
                refer("PersistentVolumeClaim", dig_str(pod, "metadata", "namespace"), each)
                for each in claim_names(pod)
            ),
        ),
        next=f"Look at the kubelet and the runtime of {node}.",
    )
