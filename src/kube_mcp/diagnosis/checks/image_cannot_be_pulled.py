from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import CRITICAL, Finding
from kube_mcp.diagnosis.phrases import evidence
from kube_mcp.diagnosis.pods import containers, created, is_going, is_over, older_than, unwell_pods
from kube_mcp.diagnosis.pulls import OF_THE_REGISTRY, PULLING, answer, registry_of, verdict
from kube_mcp.graph.owners import workload_of
from kube_mcp.objects import Obj, dig_str
from kube_mcp.scene import Scene, ref_to


@check("Pod", among=unwell_pods, optional=["Event", "ReplicaSet", "Job"])
def image_cannot_be_pulled(pod: Obj, scene: Scene) -> Iterator[Finding]:
    """A container's image cannot be pulled.

    What it detects: ImagePullBackOff and its relatives in any container of the pod, and what the
    registry or the runtime answered: no such image, refused, rate limit, registry unwell, DNS,
    TLS, unreachable, wrong architecture, a format no longer read, a signature not accepted, disk
    full. Three or more workloads that fail at one registry are told as one.

    Why it matters: the container does not start; with an old pod still running it may go unseen
    until that one is gone.

    Where it cannot tell: many registries answer "denied" also where the repository does not exist.
    """
    if is_over(pod) or is_going(pod):
        return
    for each in containers(pod, scene):
        if each.reason not in PULLING:
            continue
        image = dig_str(each.spec, "image")
        message, path = answer(pod, each, scene)
        kind, meaning, advice = verdict(message, image)
        # The first attempt of a slow registry is no finding; a clear answer is, at once.
        if not meaning and not older_than(created(pod), 60, scene.now):
            continue
        yield Finding(
            ref=ref_to(pod),
            workload=workload_of(pod, scene),
            part=each.name,
            severity=CRITICAL,
            title=f"the image {image} of {each.role} {each.name} cannot be pulled"
            f"{': ' if meaning else ''}{meaning}",
            evidence=evidence(
                (f"{each.path}.state.waiting.reason", each.reason),
                (path, message),
                (f"spec of {each.name}: image", image),
            ),
            since=created(pod),
            shared=f"{kind} {registry_of(image)}" if kind in OF_THE_REGISTRY else "",
            next=advice or f"Read the events of the pod {dig_str(pod, 'metadata', 'name')}.",
        )
