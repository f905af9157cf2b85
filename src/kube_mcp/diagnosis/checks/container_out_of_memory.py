from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.crashes import out_of_memory
from kube_mcp.diagnosis.finding import CRITICAL, WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence
from kube_mcp.diagnosis.pods import containers, is_going, unwell_pods, within
from kube_mcp.diagnosis.starving import starved, starved_by
from kube_mcp.graph.owners import workload_of
from kube_mcp.objects import Obj, dig, dig_int, dig_list, dig_str
from kube_mcp.scene import Scene, ref_to
from kube_mcp.words.times import parse_time

# A kill longer ago, with the container running ever since, is history and no finding.
_RECENT_S = 24 * 3600


@check("Pod", among=unwell_pods, optional=["Event", "LimitRange", "ReplicaSet", "Job"])
def container_out_of_memory(pod: Obj, scene: Scene) -> Iterator[Finding]:
    """A container was killed because it used more memory than its limit, or than its node had.

    What it detects: a present or previous ending with the reason OOMKilled, in any container of
    the pod, within the last day; also where the container is running again and looks well. Where
    the node as a whole ran out of memory at that moment, that explains it.

    Why it matters: the kernel ends the process without warning; work in progress is lost, and it
    will happen again at the same load.

    Where it cannot tell: a child process killed for memory leaves no trace here while the
    container's first process lives on; whether the limit is too low or the program leaks is for
    its memory over time to say.
    """
    if is_going(pod):
        return
    for each in containers(pod, scene):
        ended = out_of_memory(each)
        finished = parse_time(dig(ended, "finishedAt"))
        down = not each.running
        if not ended or (not down and not within(finished, _RECENT_S, scene.now)):
            continue
        limit = dig(each.spec, "resources", "limits", "memory")
        node = starved(pod, each, scene)
        told = (
            f"for memory when {node[0].name} as a whole ran out of it"
            if node
            else f"for using more memory than its limit of {limit}"
            if limit
            else "for using more memory than what the node had: it has no limit"
        )
        state = "terminated" if ended is each.terminated else "terminated (previous run)"
        yield Finding(
            ref=ref_to(pod),
            workload=workload_of(pod, scene),
            part=each.name,
            severity=CRITICAL if down or each.restarts >= 3 else WARNING,
            title=f"{each.role} {each.name} was killed {told}; {each.restarts} restarts",
            evidence=evidence(
                (f"{each.path} {state}.reason", dig_str(ended, "reason")),
                (f"{each.path} {state}.exitCode", dig_int(ended, "exitCode")),
                (f"spec of {each.name}: resources.limits.memory", limit),
                ("limit set by", _limit_range(pod, each.spec, limit, scene)),
                (f"{each.path}.state.waiting.reason", each.reason),
                starved_by(pod, each, scene),
            ),
            since=finished,
            blames=node,
            next=f"Raise the memory limit of {each.name}, or find what it holds on to."
            if limit and not node
            else f"Find what uses the memory of the node{'' if limit else f', and give {each.name} a limit'}.",
        )


def _limit_range(pod: Obj, spec: object, limit: object, scene: Scene) -> str:
    """The LimitRange whose default this limit is, if nothing else can have set it."""
    namespace = dig_str(pod, "metadata", "namespace")
    for each in scene.seen("LimitRange"):
        if dig_str(each, "metadata", "namespace") != namespace:
            continue
        for item in dig_list(each, "spec", "limits"):
            if limit and dig(item, "default", "memory") == limit:
                return f"probably LimitRange {dig_str(each, 'metadata', 'name')}"
    return ""
