from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.crashes import (
    is_crashing,
    killed_by_probe,
    last_words,
    out_of_memory,
    ran_for_s,
)
from kube_mcp.diagnosis.exits import exit_meaning
from kube_mcp.diagnosis.finding import LIKELY, WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence
from kube_mcp.diagnosis.pods import containers, is_going, is_over, unwell_pods, within
from kube_mcp.diagnosis.starving import starved, starved_by
from kube_mcp.graph.owners import workload_of
from kube_mcp.objects import Obj, dig, dig_int
from kube_mcp.scene import Scene, ref_to
from kube_mcp.words.times import age, parse_time

# Five restarts with the last one within the hour: rarer is an incident of the past.
_RESTARTS = 5
_RECENT_S = 3600
# A run of half a day before it ended: an incident, not a rate.
_LONG_RUN_S = 12 * 3600


@check("Pod", among=unwell_pods, optional=["Event", "ReplicaSet", "Job"])
def container_restarts_often(pod: Obj, scene: Scene) -> Iterator[Finding]:
    """A container runs now, but it has been restarted many times, and within the last hour.

    What it detects: five or more restarts with an error, the last one less than an hour ago, of a
    container that is running at the moment.

    Why it matters: it looks healthy in every list, and will end again.

    Where it cannot tell: restarts are counted since the pod was created, so the rate is unknown.
    """
    if is_over(pod) or is_going(pod):
        return
    for each in containers(pod, scene):
        finished = parse_time(dig(each.last, "finishedAt"))
        if each.restarts < _RESTARTS or not each.running or each.role == "init container":
            continue
        if not within(finished, _RECENT_S, scene.now) or dig_int(each.last, "exitCode") == 0:
            continue
        if (ran_for_s(each.last) or 0) > _LONG_RUN_S:
            continue
        if out_of_memory(each) or killed_by_probe(pod, each, scene):
            continue
        if is_crashing(each, pod, scene):
            continue
        yield Finding(
            ref=ref_to(pod),
            workload=workload_of(pod, scene),
            part=each.name,
            severity=WARNING,
            confidence=LIKELY,
            title=f"{each.role} {each.name} has been restarted {each.restarts} times, last "
            f"{age(finished, scene.now)} ago with {exit_meaning(each.last)}",
            evidence=evidence(
                (f"{each.path}.restartCount", each.restarts),
                (f"{each.path}.lastState.terminated.exitCode", dig(each.last, "exitCode")),
                starved_by(pod, each, scene),
                *last_words(pod, each, scene),
            ),
            since=finished,
            blames=starved(pod, each, scene),
            next=f"Read the previous log of {each.name} for the error it ended with.",
        )
