from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.crashes import last_words, out_of_memory
from kube_mcp.diagnosis.exits import exit_meaning
from kube_mcp.diagnosis.finding import CRITICAL, WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence, quote
from kube_mcp.diagnosis.pods import containers, created, is_going, phase, unwell_pods, within
from kube_mcp.diagnosis.starving import starved, starved_by
from kube_mcp.diagnosis.workloads import counts
from kube_mcp.graph.owners import controller_of, workload_of
from kube_mcp.objects import Obj, dig, dig_int, dig_str
from kube_mcp.scene import Scene, ref_to, refer
from kube_mcp.words.times import parse_time

_RECENT_S = 24 * 3600
# Why a kubelet does not admit a pod; newer ones say so in the message too.
_REJECTIONS = frozenset(
    {
        "AppArmor",
        "NodeAffinity",
        "NodePorts",
        "PodOSNotSupported",
        "SysctlForbidden",
        "TopologyAffinityError",
        "UnexpectedAdmissionError",
    }
)
_WAYS_OUT = {
    "AppArmor": "Load the AppArmor profile on {node}, or name one that is there.",
    "SysctlForbidden": "Allow the sysctl on {node} (allowedUnsafeSysctls), or take it out of the pod.",
}


@check("Pod", among=unwell_pods, optional=["Event", "ReplicaSet", "Job"])
def pod_failed(pod: Obj, scene: Scene) -> Iterator[Finding]:
    """A pod has failed for good: its containers ended with an error and will not be restarted.

    What it detects: pods of the last day in phase Failed that were not evicted, with the exit code
    of the container that failed; and pods that the kubelet of their node rejected (a sysctl or a
    profile it does not have, no device or room left), while their workload lacks pods. A Job's pods
    are told with their Job.

    Why it matters: with restarts switched off, and nobody to make a new pod, its work is not done.

    Where it cannot tell: whether somebody has run it again under another name.
    """
    if phase(pod) != "Failed" or is_going(pod):
        return
    owner = controller_of(pod)
    if owner and owner.kind == "Job":
        return
    if dig_str(pod, "status", "reason"):
        yield from _rejected(pod, scene)
        return
    for each in containers(pod, scene):
        if not each.terminated or dig_int(each.terminated, "exitCode") == 0:
            continue
        finished = parse_time(dig(each.terminated, "finishedAt"))
        if out_of_memory(each) or not within(finished or created(pod), _RECENT_S, scene.now):
            continue
        yield Finding(
            ref=ref_to(pod),
            workload=workload_of(pod, scene),
            part=each.name,
            severity=WARNING,
            title=f"{each.role} {each.name} ended with {exit_meaning(each.terminated)} and is not "
            "restarted",
            evidence=evidence(
                ("status.phase", "Failed"),
                (f"{each.path}.state.terminated.exitCode", dig(each.terminated, "exitCode")),
                (f"{each.path}.state.terminated.reason", dig_str(each.terminated, "reason")),
                ("spec.restartPolicy", dig_str(pod, "spec", "restartPolicy")),
                starved_by(pod, each, scene),
                *last_words(pod, each, scene),
            ),
            since=finished,
            blames=starved(pod, each, scene),
            next=f"Read the log of {each.name} for the error, then run the pod again.",
        )


def _rejected(pod: Obj, scene: Scene) -> Iterator[Finding]:
    """Its controller makes another at once, so one that came to be is a thing of the past."""
    reason, message = dig_str(pod, "status", "reason"), dig_str(pod, "status", "message")
    if not (
        reason in _REJECTIONS
        or reason.startswith("OutOf")
        or message.startswith("Pod was rejected:")
    ):
        return
    moment = parse_time(dig(pod, "status", "startTime")) or created(pod)
    if not within(moment, _RECENT_S, scene.now):
        return
    owner = controller_of(pod)
    above = scene.peek(owner.kind, owner.namespace, owner.name) if owner else None
    if above is not None and (count := counts(above)).ready >= count.wanted:
        return
    node = dig_str(pod, "spec", "nodeName")
    yield Finding(
        ref=ref_to(pod),
        workload=workload_of(pod, scene),
        part=reason,
        severity=CRITICAL if owner else WARNING,
        title=f"the kubelet of {node or 'its node'} rejects it: {reason}: "
        f"{quote(message.removeprefix('Pod was rejected:'), most=200)}",
        evidence=evidence(
            ("status.reason", reason), ("status.message", message), ("spec.nodeName", node)
        ),
        since=moment,
        blames=(refer("Node", "", node),) if node else (),
        next=_WAYS_OUT.get(reason, "Act on what the kubelet of {node} answers.").format(
            node=node or "the node"
        ),
    )
