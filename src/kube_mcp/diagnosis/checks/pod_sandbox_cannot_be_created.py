from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.events import latest
from kube_mcp.diagnosis.finding import CRITICAL, Finding
from kube_mcp.diagnosis.phrases import evidence, quote
from kube_mcp.diagnosis.pods import unwell_pods
from kube_mcp.diagnosis.starting import is_stuck_creating
from kube_mcp.graph.owners import workload_of
from kube_mcp.objects import Obj, dig_str
from kube_mcp.scene import Scene, ref_to, refer


@check("Pod", among=unwell_pods, needs=["Event"], optional=["ReplicaSet", "Job"])
def pod_sandbox_cannot_be_created(pod: Obj, scene: Scene) -> Iterator[Finding]:
    """A pod's network or sandbox cannot be set up on its node.

    What it detects: FailedCreatePodSandBox and NetworkNotReady events of a pod that has been
    creating its containers for over two minutes; a network plugin that is down or has no address
    left says so there.

    Why it matters: no container of the pod can be created, and most likely of no other new pod on
    that node either.

    Where it cannot tell: the plugin's message is quoted; its own pods' findings say more.
    """
    if not is_stuck_creating(pod, scene):
        return
    event = latest(
        pod, scene, "FailedCreatePodSandBox", "NetworkNotReady", "FailedCreatePodContainer"
    )
    if event is None:
        return
    node = dig_str(pod, "spec", "nodeName")
    addresses = "no IP addresses available" in event.message or "no addresses" in event.message
    yield Finding(
        ref=ref_to(pod),
        workload=workload_of(pod, scene),
        severity=CRITICAL,
        title=f"its network cannot be set up on {node}: {quote(event.message, most=200)}",
        evidence=evidence(
            (f"event {event.reason} (x{event.count})", event.message), ("spec.nodeName", node)
        ),
        since=event.first,
        blames=(refer("Node", "", node),),
        next=f"Free addresses, or enlarge the pod network's range on {node}."
        if addresses
        else f"Look at the network plugin's pod on {node}.",
    )
