from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.conditions import condition, since
from kube_mcp.diagnosis.finding import CRITICAL, Finding
from kube_mcp.diagnosis.node_agents import network_pods
from kube_mcp.diagnosis.phrases import evidence, quote
from kube_mcp.diagnosis.pods import is_over
from kube_mcp.objects import Obj, Ref, dig, dig_str
from kube_mcp.scene import Scene, ref_to
from kube_mcp.words.times import age, parse_time


@check("Node", optional=["Pod", "Lease"])
def node_not_ready(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A node is not ready, or has not been heard of.

    What it detects: the Ready condition False or Unknown, told apart: the kubelet does not report
    (since when, by its last heartbeat or lease), the container runtime is down, the network plugin
    is not set up; and the pods that stand on it. What is found about the network plugin's own pod
    there explains it.

    Why it matters: its pods are marked unready at once and are made anew elsewhere after five
    minutes, those of StatefulSets not at all.

    Where it cannot tell: from the API a dead machine and a cut cable look the same.
    """
    ready = condition(obj, "Ready")
    if not ready or ready.get("status") == "True" or dig(obj, "metadata", "deletionTimestamp"):
        return
    name = dig_str(obj, "metadata", "name")
    message = dig_str(ready, "message")
    beat = parse_time(
        dig(scene.peek("Lease", "kube-node-lease", name), "spec", "renewTime")
    ) or parse_time(dig(ready, "lastHeartbeatTime"))
    if ready.get("status") == "Unknown":
        why = "its kubelet has stopped reporting"
        advice = f"Check that {name} is powered on and connected, then its kubelet."
    elif "cni" in message.lower() or "network plugin" in message.lower():
        why = "its network plugin is not set up"
        advice = f"Look at the network plugin's pod on {name}."
    elif "container runtime" in message.lower() or "PLEG" in message:
        why = "its container runtime does not answer"
        advice = f"Look at the container runtime on {name}."
    else:
        why, advice = quote(message, most=160), f"Look at the kubelet's log on {name}."
    network = why == "its network plugin is not set up"
    on_it = scene.derived(_pods_by_node).get(name, ())
    yield Finding(
        ref=ref_to(obj),
        severity=CRITICAL,
        title=f"is not ready: {why}"
        + (f"; last heard of {age(beat, scene.now)} ago" if beat else "")
        + (f"; {len(on_it)} pods stand on it" if on_it else ""),
        evidence=evidence(
            ("status.conditions[Ready].status", ready.get("status")),
            ("status.conditions[Ready].reason", dig_str(ready, "reason")),
            ("status.conditions[Ready].message", message),
        ),
        since=since(ready),
        blames=tuple(network_pods(name, scene)) if network else (),
        victims=tuple(on_it),
        next=advice,
    )


def _pods_by_node(scene: Scene) -> dict[str, list[Ref]]:
    found: dict[str, list[Ref]] = {}
    for pod in scene.seen("Pod"):
        if not is_over(pod):
            found.setdefault(dig_str(pod, "spec", "nodeName"), []).append(ref_to(pod))
    return found
