from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.crashes import killed_by_probe, killing, last_words, unhealthy
from kube_mcp.diagnosis.finding import CRITICAL, Finding
from kube_mcp.diagnosis.phrases import evidence
from kube_mcp.diagnosis.pods import containers, is_going, is_over, unwell_pods
from kube_mcp.diagnosis.probes import (
    UNWELL,
    allowed_s,
    failure,
    port_problem,
    probe_of,
    remedy,
    target,
)
from kube_mcp.diagnosis.unreached import unreached
from kube_mcp.graph.owners import workload_of
from kube_mcp.objects import Obj, dig
from kube_mcp.scene import Scene, ref_to


@check("Pod", among=unwell_pods, needs=["Event"], optional=["ReplicaSet", "Service"])
def startup_probe_kills(pod: Obj, scene: Scene) -> Iterator[Finding]:
    """A container is killed before it has started, because its startup probe gives up.

    What it detects: the kubelet's event that it kills the container for its startup probe, and a
    restart that followed, with the time the probe allows and the last lines of its log. Where they
    say that a Service could not be reached, the trouble of that Service explains it.

    Why it matters: the application needs longer than the probe allows, so it can never start; or
    the probe asks the wrong place, and no time would be enough.

    Where it cannot tell: how long the application would need.
    """
    if is_over(pod) or is_going(pod):
        return
    for each in containers(pod, scene):
        event = killing(pod, each, scene, "startup")
        if event is None or each.started or not killed_by_probe(pod, each, scene):
            continue
        probe = probe_of(each, "Startup")
        words = last_words(pod, each, scene)
        said = unhealthy(pod, each, scene, "Startup")
        wrong = port_problem(each, probe)
        meaning = wrong or (failure(said.message) if said else "")
        yield Finding(
            ref=ref_to(pod),
            workload=workload_of(pod, scene),
            part=each.name,
            severity=CRITICAL,
            title=f"{each.role} {each.name} is killed before it has started: its startup probe "
            f"({target(probe)}) allows {allowed_s(probe)}s"
            f"{f', and fails: {meaning}' if meaning else ''}; {each.restarts} restarts",
            evidence=evidence(
                (f"event Killing (x{event.count})", event.message),
                (f"event Unhealthy (x{said.count})", said.message) if said else ("", ""),
                (
                    f"spec of {each.name}: startupProbe",
                    f"{dig(probe, 'failureThreshold', default=3)} failures, every "
                    f"{dig(probe, 'periodSeconds', default=10)}s",
                ),
                *words,
            ),
            since=event.first,
            blames=unreached(pod, words, scene),
            next=f"Point the startup probe of {each.name} at a port it listens on."
            if wrong
            else remedy(meaning, "startup", each.name)
            or (
                f"Find in the log of {each.name} why it answers so; if it only needs longer, raise "
                "failureThreshold."
                if meaning == UNWELL
                else f"Raise failureThreshold of the startup probe of {each.name}."
            ),
        )
