from __future__ import annotations

import re
from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.events import latest
from kube_mcp.diagnosis.finding import CRITICAL, Finding
from kube_mcp.diagnosis.node_agents import network_pods
from kube_mcp.diagnosis.phrases import evidence, quote
from kube_mcp.diagnosis.pods import unwell_pods
from kube_mcp.diagnosis.starting import is_stuck_creating
from kube_mcp.graph.owners import workload_of
from kube_mcp.objects import Obj, dig_str
from kube_mcp.scene import Scene, ref_to, refer

_HANDLER = re.compile(
    r'(?:no runtime for|failed to find runtime handler|unknown runtime handler) "?([\w.-]+)"?'
)
_NO_ADDRESS = re.compile(
    r"no IP addresses available|no addresses|no (more )?IPs? |assign an IP address|IP pool", re.I
)


@check("Pod", among=unwell_pods, needs=["Event"], optional=["ReplicaSet", "Job"])
def pod_sandbox_cannot_be_created(pod: Obj, scene: Scene) -> Iterator[Finding]:
    """A pod's network or sandbox cannot be set up on its node.

    What it detects: FailedCreatePodSandBox and NetworkNotReady events of a pod that has been
    creating its containers for over two minutes; a network plugin that is down or has no address
    left says so there. A runtime class whose runtime the node lacks is told as that. Three or more
    workloads that the same plugin fails on one node are told as one.

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
    handler = _HANDLER.search(event.message)
    addresses = _NO_ADDRESS.search(event.message)
    plugin = re.search(r'plugin type="([^"]+)"', event.message)
    yield Finding(
        ref=ref_to(pod),
        workload=workload_of(pod, scene),
        severity=CRITICAL,
        title=f"its runtime class asks for {handler[1]}, which {node} does not have"
        if handler
        else f"its network cannot be set up on {node}: {quote(event.message, most=200)}",
        evidence=evidence(
            (f"event {event.reason} (x{event.count})", event.message),
            ("spec.runtimeClassName", dig_str(pod, "spec", "runtimeClassName")),
            ("spec.nodeName", node),
        ),
        since=event.first,
        blames=(refer("Node", "", node), *(() if handler else network_pods(node, scene))),
        shared=f"{plugin[1]} on {node}" if plugin else "",
        next=f"Install the runtime {handler[1]} on {node}, or keep the pod to nodes that have it."
        if handler
        else f"Free addresses, or enlarge the pod network's range on {node}."
        if addresses
        else f"Look at the network plugin's pod on {node}.",
    )
