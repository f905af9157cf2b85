from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.crashes import killed_by_probe, killing, last_words, ran_for_s, unhealthy
from kube_mcp.diagnosis.finding import CRITICAL, Finding
from kube_mcp.diagnosis.phrases import evidence
from kube_mcp.diagnosis.pods import containers, is_going, is_over, unwell_pods, within
from kube_mcp.diagnosis.probes import (
    TOO_SLOW,
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
from kube_mcp.words.times import human, parse_time

_RECENT_S = 3600


@check("Pod", among=unwell_pods, needs=["Event"], optional=["ReplicaSet", "Service"])
def liveness_probe_kills(pod: Obj, scene: Scene) -> Iterator[Finding]:
    """A container is killed again and again because its liveness probe fails.

    What it detects: the kubelet's event that it kills the container for its liveness probe, and a
    restart that followed; what the probe asks, what came back, and whether the container was still
    starting when the probe ran out of patience. Where its log says that a Service could not be
    reached, the trouble of that Service explains it.

    Why it matters: an application that is merely slow is restarted, starts slowly again, and never
    gets there.

    Where it cannot tell: whether the application hangs or the probe is wrong; and nothing once the
    events have expired, after an hour.
    """
    if is_over(pod) or is_going(pod):
        return
    for each in containers(pod, scene):
        event = killing(pod, each, scene, "liveness")
        if event is None or not killed_by_probe(pod, each, scene):
            continue
        if not within(event.last, _RECENT_S, scene.now):
            continue
        probe = probe_of(each, "Liveness")
        words = last_words(pod, each, scene)
        said = unhealthy(pod, each, scene, "Liveness")
        lasted = ran_for_s(each.ended)
        budget_s = allowed_s(probe)
        early = lasted is not None and lasted <= budget_s + 45
        meaning = port_problem(each, probe) or (failure(said.message) if said else "")
        yield Finding(
            ref=ref_to(pod),
            workload=workload_of(pod, scene),
            part=each.name,
            severity=CRITICAL,
            title=f"{each.role} {each.name} is killed by its liveness probe ({target(probe)})"
            f"{f', {human(lasted)} after each start' if lasted is not None else ''}"
            f"{f': {meaning}' if meaning else ''}; {each.restarts} restarts",
            evidence=evidence(
                (f"event Killing (x{event.count})", event.message),
                (f"event Unhealthy (x{said.count})", said.message) if said else ("", ""),
                (
                    f"spec of {each.name}: livenessProbe",
                    f"{target(probe)}, gives up {budget_s}s after the start",
                ),
                (f"{each.path}.lastState.terminated.exitCode", dig(each.last, "exitCode")),
                *words,
            ),
            since=event.first or parse_time(dig(each.ended, "finishedAt")),
            blames=unreached(pod, words, scene),
            next=remedy(meaning, "liveness", each.name)
            or f"Give {each.name} a startup probe, or make its liveness probe more patient."
            if early and not port_problem(each, probe)
            else f"Raise timeoutSeconds of the liveness probe of {each.name} (now "
            f"{dig(probe, 'timeoutSeconds', default=1)}), or find what keeps it from answering."
            if meaning == TOO_SLOW
            else f"Check what {target(probe)} answers in {each.name}, and correct the probe.",
        )
