from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.crashes import dawdles, last_words
from kube_mcp.diagnosis.finding import LIKELY, WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence
from kube_mcp.diagnosis.pods import containers, unwell_pods
from kube_mcp.diagnosis.unreached import awaited, unreached
from kube_mcp.graph.owners import workload_of
from kube_mcp.objects import Obj, dig, dig_str
from kube_mcp.scene import Scene, ref_to
from kube_mcp.words.times import age, parse_time


@check("Pod", among=unwell_pods, optional=["ReplicaSet", "Job", "Service"])
def init_container_does_not_finish(pod: Obj, scene: Scene) -> Iterator[Finding]:
    """An init container has been running for long, and the pod's containers wait for it.

    What it detects: an init container (not a sidecar) that has run for over ten minutes in a pod
    that is still Pending, with the last lines of its log. The trouble of a Service that
    they, or the container's own name (wait-for-db), speak of explains it.

    Why it matters: most such containers wait in a loop for another service, quietly.

    Where it cannot tell: a long migration looks the same; its log tells them apart.
    """
    for each in containers(pod, scene):
        if not dawdles(each, pod, scene.now):
            continue
        started = parse_time(dig(each.running, "startedAt"))
        words = last_words(pod, each, scene)
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
                *words,
            ),
            since=started,
            blames=(*unreached(pod, words, scene), *awaited(pod, each.name, words, scene)),
            next=f"Read the log of the init container {each.name} for what it waits for.",
        )
