from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import CRITICAL, Finding
from kube_mcp.diagnosis.phrases import evidence, listed
from kube_mcp.diagnosis.pods import unwell_pods
from kube_mcp.diagnosis.scheduling import obstacles
from kube_mcp.graph.owners import workload_of
from kube_mcp.graph.volumes import claim_names
from kube_mcp.objects import Obj, dig_str
from kube_mcp.scene import Scene, ref_to, refer


@check("Pod", among=unwell_pods, optional=["PersistentVolumeClaim", "Event", "ReplicaSet"])
def pod_waits_for_claim(pod: Obj, scene: Scene) -> Iterator[Finding]:
    """A pod cannot be placed before its claim is bound, or because the claim does not exist.

    What it detects: the scheduler's messages about unbound, missing or deleted claims, and a claim
    that does not exist although the pod names it.

    Why it matters: the pod stays Pending. The claim's own finding, where there is one, is the
    cause and comes first.

    Where it cannot tell: where claims could not be read, only the scheduler's words are known.
    """
    found = obstacles(pod, scene, "claim")
    if found is None:
        return
    namespace = dig_str(pod, "metadata", "namespace")
    names = claim_names(pod)
    missing = [each for each in names if scene.lacks("PersistentVolumeClaim", namespace, each)]
    yield Finding(
        ref=ref_to(pod),
        workload=workload_of(pod, scene),
        severity=CRITICAL,
        title=f"uses the claim {listed(missing)}, which does not exist"
        if missing
        else f"waits for its claims ({listed(names)}): {found.main.text}",
        evidence=evidence(
            (found.path, found.message),
            ("spec.volumes[*].persistentVolumeClaim.claimName", listed(names)),
        ),
        since=found.since,
        blames=tuple(refer("PersistentVolumeClaim", namespace, each) for each in names),
        next=f"Create the claim {missing[0]}, or correct its name in the pod."
        if missing
        else f"Find out why the claim {listed(names)} is not bound.",
    )
