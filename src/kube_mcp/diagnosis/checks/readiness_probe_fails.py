from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.conditions import condition, since
from kube_mcp.diagnosis.crashes import is_crashing, killed_by_probe, out_of_memory, unhealthy
from kube_mcp.diagnosis.finding import CERTAIN, CRITICAL, LIKELY, Finding
from kube_mcp.diagnosis.phrases import evidence
from kube_mcp.diagnosis.pods import containers, is_going, is_ready, older_than, phase, unwell_pods
from kube_mcp.diagnosis.probes import (
    allowed_s,
    asks_tls_plainly,
    failure,
    port_problem,
    probe_of,
    remedy,
    target,
)
from kube_mcp.graph.owners import workload_of
from kube_mcp.objects import Obj, dig
from kube_mcp.scene import Scene, ref_to
from kube_mcp.words.times import parse_time

# Applications take a minute to warm up even where no startup probe says so.
_WARM_UP_S = 60


@check("Pod", among=unwell_pods, optional=["Event", "ReplicaSet"])
def readiness_probe_fails(pod: Obj, scene: Scene) -> Iterator[Finding]:
    """A container runs but its readiness probe fails, so it gets no traffic.

    What it detects: a container that has been running beyond its start-up time and is not ready,
    and has a readiness probe: what the probe asks, what came back, and whether the port it asks is
    one the container declares.

    Why it matters: the pod is taken out of every Service; a rollout waits for it.

    Where it cannot tell: without the probe's events (they expire after an hour) what came back is
    unknown; the confidence says so.
    """
    if phase(pod) != "Running" or is_going(pod) or is_ready(pod):
        return
    for each in containers(pod, scene):
        probe = probe_of(each, "Readiness")
        if not probe or each.ready or not each.running:
            continue
        if is_crashing(each, pod, scene) or out_of_memory(each):
            continue
        if killed_by_probe(pod, each, scene) or (probe_of(each, "Startup") and not each.started):
            continue
        started = parse_time(dig(each.running, "startedAt"))
        patience_s = max(_WARM_UP_S, allowed_s(probe)) + allowed_s(probe_of(each, "Startup"))
        if not older_than(started, patience_s, scene.now):
            continue
        event = unhealthy(pod, each, scene, "Readiness")
        wrong_port = port_problem(each, probe)
        meaning = wrong_port or (failure(event.message) if event else "")
        tls = event is not None and not meaning and asks_tls_plainly(each, probe, event.message)
        if tls:
            meaning = "the port most likely speaks HTTPS"
        yield Finding(
            ref=ref_to(pod),
            workload=workload_of(pod, scene),
            part=each.name,
            severity=CRITICAL,
            confidence=CERTAIN if event else LIKELY,
            title=f"{each.role} {each.name} runs but is not ready: its readiness probe "
            f"({target(probe)}) fails{f': {meaning}' if meaning else ''}",
            evidence=evidence(
                (f"{each.path}.ready", False),
                (f"spec of {each.name}: readinessProbe", target(probe)),
                (f"event Unhealthy (x{event.count})", event.message) if event else ("", ""),
                (f"spec of {each.name}: ports", wrong_port),
            ),
            since=since(condition(pod, "Ready")),
            next=f"Point the readiness probe of {each.name} at a port it listens on."
            if wrong_port
            else f"Set scheme HTTPS in the readiness probe of {each.name}."
            if tls
            else remedy(meaning, "readiness", each.name)
            or f"Read the log of {each.name}, and check what {target(probe)} answers.",
        )
