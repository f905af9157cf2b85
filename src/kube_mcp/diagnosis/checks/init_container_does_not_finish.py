from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.crashes import last_words
from kube_mcp.diagnosis.finding import LIKELY, WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence
from kube_mcp.diagnosis.pods import containers, is_going, older_than, phase, unwell_pods
from kube_mcp.graph.owners import workload_of
from kube_mcp.objects import Obj, dig, dig_str
from kube_mcp.scene import Scene, ref_to
from kube_mcp.words.times import age, parse_time

# Migrations and downloads take minutes; what still runs after ten is most often waiting for
# something that does not come.
_PATIENCE_S = 600


@check("Pod", among=unwell_pods, optional=["ReplicaSet", "Job"])
def init_container_does_not_finish(pod: Obj, scene: Scene) -> Iterator[Finding]:
    """An init container has been running for long, and the pod's containers wait for it.

    What it detects: an init container (not a sidecar) that has run for over ten minutes in a pod
    that is still Pending.

    Why it matters: most such containers wait in a loop for another service, quietly.

    Where it cannot tell: a long migration looks the same; its log tells them apart.
    """
    if phase(pod) != "Pending" or is_going(pod):
        return
    for each in containers(pod, scene):
        started = parse_time(dig(each.running, "startedAt"))
        if each.role != "init container" or not each.running:
            continue
        if not older_than(started, _PATIENCE_S, scene.now):
            continue
        yield Finding(
            ref=ref_to(pod),
            workload=workload_of(pod, scene),
            part=each.name,
            severity=WARNING,
            confidence=LIKELY,
            title=f"init container {each.name} has been running for {age(started, scene.now)}; "
            "the other containers wait for it",
            evidence=evidence(
                (f"{each.path}.state.running.startedAt", dig_str(each.running, "startedAt")),
                ("status.phase", "Pending"),
                *last_words(pod, each, scene),
            ),
            since=started,
            next=f"Read the log of the init container {each.name} for what it waits for.",
        )
