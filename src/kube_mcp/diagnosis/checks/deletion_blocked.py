from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import ANY_CUSTOM_KIND, check
from kube_mcp.diagnosis.finding import WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence, listed
from kube_mcp.diagnosis.pods import is_over, older_than
from kube_mcp.graph.volumes import claim_names
from kube_mcp.objects import Obj, Ref, dig, dig_list, dig_str
from kube_mcp.scene import Scene, key_of, ref_to
from kube_mcp.words.times import age, parse_time

_PATIENCE_S = 600


@check(
    ANY_CUSTOM_KIND,
    "PersistentVolumeClaim",
    "PersistentVolume",
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "Job",
    "Service",
    "Ingress",
    "CustomResourceDefinition",
    optional=["Pod"],
)
def deletion_blocked(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """An object was deleted and a finalizer keeps it.

    What it detects: a deletion older than ten minutes of an object that still has finalizers. A
    claim that is kept because a pod uses it says which.

    Why it matters: what should be gone is still there, and whatever waits for its end waits too.

    Where it cannot tell: whether the controller that owns the finalizer is working on it or gone.
    """
    deleted = parse_time(dig(obj, "metadata", "deletionTimestamp"))
    if deleted is None or not older_than(deleted, _PATIENCE_S, scene.now):
        return
    if scene.namespace and _is_elsewhere(obj, scene):
        return
    finalizers = [str(each) for each in dig_list(obj, "metadata", "finalizers")]
    if not finalizers:
        return
    users = _users(obj, scene) if "kubernetes.io/pvc-protection" in finalizers else []
    used = f"; in use by {listed(str(each) for each in users)}" if users else ""
    yield Finding(
        ref=ref_to(obj),
        severity=WARNING,
        title=f"was deleted {age(deleted, scene.now)} ago and is kept by {listed(finalizers)}{used}",
        evidence=evidence(
            ("metadata.deletionTimestamp", dig_str(obj, "metadata", "deletionTimestamp")),
            ("metadata.finalizers", listed(finalizers)),
        ),
        since=deleted,
        next=f"Remove {users[0]}, which still uses it."
        if users
        else f"Look at the controller that owns the finalizer {finalizers[0]}.",
    )


def _is_elsewhere(obj: Obj, scene: Scene) -> bool:
    """Whether a volume belongs to a claim of another namespace than the one asked about."""
    if key_of(obj) != "PersistentVolume":
        return False
    return dig_str(obj, "spec", "claimRef", "namespace") != scene.namespace


def _users(obj: Obj, scene: Scene) -> list[Ref]:
    if key_of(obj) != "PersistentVolumeClaim":
        return []
    namespace, name = dig_str(obj, "metadata", "namespace"), dig_str(obj, "metadata", "name")
    return [
        ref_to(pod)
        for pod in scene.seen("Pod")
        if dig_str(pod, "metadata", "namespace") == namespace
        and not is_over(pod)
        # One that no node has does not hold it: no kubelet will start it with a claim that goes.
        and dig_str(pod, "spec", "nodeName")
        and name in claim_names(pod)
    ]
