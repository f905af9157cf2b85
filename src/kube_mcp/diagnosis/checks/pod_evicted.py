from __future__ import annotations

import re
from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.conditions import condition, since
from kube_mcp.diagnosis.finding import INFO, WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence, quote
from kube_mcp.diagnosis.pods import created, is_going, phase, unwell_pods, within
from kube_mcp.graph.owners import workload_of
from kube_mcp.objects import Obj, dig, dig_str
from kube_mcp.scene import Scene, ref_to, refer
from kube_mcp.words.times import parse_time

# What a pod is evicted for that no node is to blame for.
_OWN_LIMIT = re.compile(r"exceeds the (total )?limit|exceeded its local ephemeral storage limit")
# Evicted pods are kept for somebody to read; after a day they tell of the past.
_RECENT_S = 24 * 3600
_FRESH_S = 3600


@check("Pod", among=unwell_pods, optional=["ReplicaSet", "Job"])
def pod_evicted(pod: Obj, scene: Scene) -> Iterator[Finding]:
    """A pod was evicted: its node ran short, or it used more storage than it may.

    What it detects: failed pods with the reason Evicted, Preempting, Terminated or node shutdown,
    of the last day, with the kubelet's account. A note when it is more than an hour ago.

    Why it matters: what made the node evict it will evict the next one too; the empty shells also
    hide the pods that matter.

    Where it cannot tell: a Job's or a bare pod's work may be lost; that is not visible here.
    """
    if phase(pod) != "Failed" or is_going(pod):
        return
    reason, message = dig_str(pod, "status", "reason"), dig_str(pod, "status", "message")
    target = condition(pod, "DisruptionTarget")
    if reason not in (
        "Evicted",
        "Preempting",
        "NodeShutdown",
    ):
        return
    moment = since(target) or parse_time(dig(pod, "status", "startTime")) or created(pod)
    if not within(moment, _RECENT_S, scene.now):
        return
    own = bool(_OWN_LIMIT.search(message))
    node = dig_str(pod, "spec", "nodeName")
    yield Finding(
        ref=ref_to(pod),
        workload=workload_of(pod, scene),
        part=reason,
        severity=WARNING if within(moment, _FRESH_S, scene.now) else INFO,
        title=f"{reason} from {node or 'its node'}: {quote(message, most=200)}",
        evidence=evidence(
            ("status.reason", reason),
            ("status.message", message),
            ("status.conditions[DisruptionTarget].reason", dig_str(target, "reason")),
            ("spec.nodeName", node),
        ),
        since=moment,
        blames=() if own else (refer("Node", "", node),),
        next="Raise the storage limit that it exceeded, or let it write less: logs, temporary files."
        if own
        else "Set requests that match what the pod uses, and look at what filled the node."
        if reason == "Evicted"
        else f"Look at what happened to {node or 'the node'}.",
    )
