from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import LIKELY, WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence, listed
from kube_mcp.diagnosis.pods import Container, containers, created, is_going, is_over, unwell_pods
from kube_mcp.diagnosis.pulls import PULLING, answer, verdict
from kube_mcp.graph.owners import workload_of
from kube_mcp.objects import Obj, dig_list, dig_str
from kube_mcp.scene import Scene, ref_to


@check("Pod", among=unwell_pods, needs=["Secret"], optional=["ReplicaSet", "Job"])
def pull_secret_missing(pod: Obj, scene: Scene) -> Iterator[Finding]:
    """A pod whose image cannot be pulled names a pull secret that does not exist.

    What it detects: an entry of ``spec.imagePullSecrets`` (the service account's are copied there)
    without a Secret of that name, in a pod that waits for an image.

    Why it matters: the registry is asked without credentials, and refuses.

    Where it cannot tell: what a Secret holds is never read, so wrong credentials are not seen; and
    pods whose images came anyway are left alone, because nothing suffers.
    """
    if is_over(pod) or is_going(pod):
        return
    waiting = [each for each in containers(pod, scene) if each.reason in PULLING]
    waiting = [each for each in waiting if _is_refused(pod, each, scene)]
    if not waiting:
        return
    namespace = dig_str(pod, "metadata", "namespace")
    names = [dig_str(each, "name") for each in dig_list(pod, "spec", "imagePullSecrets")]
    missing = [name for name in names if name and scene.lacks("Secret", namespace, name)]
    if not missing:
        return
    yield Finding(
        ref=ref_to(pod),
        workload=workload_of(pod, scene),
        severity=WARNING,
        confidence=LIKELY,
        title=f"its image pull secret {listed(missing)} does not exist",
        evidence=evidence(
            ("spec.imagePullSecrets", listed(names)),
            (f"Secret {namespace}/{missing[0]}", "not found"),
            (f"{waiting[0].path}.state.waiting.reason", waiting[0].reason),
        ),
        since=created(pod),
        explains=(ref_to(pod),),
        shared=f"{namespace}/{missing[0]}",
        next=f"Create the Secret {missing[0]} in {namespace}, or correct the name.",
    )


def _is_refused(pod: Obj, container: Container, scene: Scene) -> bool:
    """Whether credentials could be what is missing: any other failure has another cause."""
    return verdict(answer(pod, container, scene)[0])[0] in ("refused", "")
