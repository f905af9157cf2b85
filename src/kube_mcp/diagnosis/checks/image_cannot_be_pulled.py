from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import CRITICAL, Finding
from kube_mcp.diagnosis.phrases import evidence, listed
from kube_mcp.diagnosis.pods import containers, created, is_going, is_over, older_than, unwell_pods
from kube_mcp.diagnosis.pulls import OF_THE_REGISTRY, PULLING, answer, registry_of, verdict
from kube_mcp.graph.owners import workload_of
from kube_mcp.objects import Obj, dig_list, dig_str
from kube_mcp.scene import Scene, ref_to


@check("Pod", among=unwell_pods, optional=["Event", "ReplicaSet", "Job", "Secret"])
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
        named = _pull_secrets(pod, scene) if kind == "refused" else []
        if named:
            advice = (
                f"Check that the pull secret {listed(named)} is of the type "
                f"kubernetes.io/dockerconfigjson and holds what {registry_of(image)} accepts, or "
                "correct the repository's name."
            )
        # The runtime asks for such a token only where it has nothing else to show.
        if named and "anonymous token" in message:
            meaning = (
                f"the registry refuses, and was asked without credentials: the pull secret "
                f"{listed(named)} has none for it"
            )
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
                ("spec.imagePullSecrets", listed(named) if named else None),
            ),
            since=created(pod),
            shared=f"{kind} {registry_of(image)}" if kind in OF_THE_REGISTRY else "",
            next=advice or f"Read the events of the pod {dig_str(pod, 'metadata', 'name')}.",
        )


def _pull_secrets(pod: Obj, scene: Scene) -> list[str]:
    """The pull secrets that the pod names; those that do not exist are a finding of their own."""
    namespace = dig_str(pod, "metadata", "namespace")
    names = [dig_str(each, "name") for each in dig_list(pod, "spec", "imagePullSecrets")]
    return [name for name in names if name and not scene.lacks("Secret", namespace, name)]
