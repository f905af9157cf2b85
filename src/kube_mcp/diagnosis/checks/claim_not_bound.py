from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.events import latest
from kube_mcp.diagnosis.finding import CRITICAL, WARNING, Evidence, Finding
from kube_mcp.diagnosis.phrases import evidence, listed, quote
from kube_mcp.diagnosis.pods import created, is_over, older_than
from kube_mcp.diagnosis.storage import class_of, default_classes, unmet
from kube_mcp.graph.owners import workload_of
from kube_mcp.graph.volumes import claim_names
from kube_mcp.objects import Obj, Ref, dig, dig_str
from kube_mcp.scene import Scene, ref_to, refer

# A provisioner that works needs seconds, a slow one a minute.
_PATIENCE_S = 90


@check(
    "PersistentVolumeClaim",
    optional=["StorageClass", "PersistentVolume", "Event", "Pod"],
)
def claim_not_bound(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A claim gets no volume.

    What it detects: a claim Pending for more than ninety seconds, told apart: its storage class
    does not exist; it names none and there is no default; the volume it asks for by name is missing
    or taken; no volume fits in size, access mode or class; the provisioner answers with an error,
    or not at all.

    Why it matters: the pods that use it cannot be placed.

    Where it cannot tell: a class that waits for a first consumer is quiet by design, so without a
    pod that uses the claim nothing is reported.
    """
    if dig_str(obj, "status", "phase") != "Pending" or dig(obj, "metadata", "deletionTimestamp"):
        return
    users = _users(obj, scene)
    name = class_of(obj)
    klass = scene.peek("StorageClass", "", name) if name else None
    event = latest(obj, scene, "ProvisioningFailed", "FailedBinding", "ExternalProvisioning")
    reason = _reason(obj, name, scene)
    waits = dig_str(klass, "volumeBindingMode") == "WaitForFirstConsumer" and not dig(
        obj, "metadata", "annotations", "volume.kubernetes.io/selected-node"
    )
    refused = event is not None and event.reason == "ProvisioningFailed"
    if reason is None:
        # A provisioner that has answered with an error has had its time.
        if not refused and not older_than(created(obj), _PATIENCE_S, scene.now):
            return
        if waits and not refused:
            # Waiting for a pod that was placed; a pod that is not placed has its own reason.
            return
        provisioner = dig_str(klass, "provisioner")
        reason = (
            (f"{provisioner or 'the provisioner'} answers: {quote(event.message, most=200)}", ())
            if event and refused
            else (f"{provisioner or 'its provisioner'} has not made a volume", ())
        )
    why, proof = reason
    yield Finding(
        ref=ref_to(obj),
        severity=CRITICAL if users else WARNING,
        title=f"gets no volume: {why}",
        evidence=evidence(
            ("status.phase", "Pending"),
            ("spec.storageClassName", name or "not set"),
            *proof,
            (f"event {event.reason} (x{event.count})", event.message) if event else ("", ""),
        ),
        since=created(obj),
        blames=(refer("StorageClass", "", name),) if name else (),
        victims=tuple(users),
        next=_advice(why, name),
    )


def _reason(obj: Obj, name: str, scene: Scene) -> tuple[str, tuple[Evidence, ...]] | None:
    """Why no volume can come, as far as fields show it."""
    known = [dig_str(each, "metadata", "name") for each in scene.seen("StorageClass")]
    volume_name = dig_str(obj, "spec", "volumeName")
    if volume_name:
        return unmet(obj, volume_name, scene)
    static = dig(obj, "spec", "storageClassName") == ""
    fits = [
        volume
        for volume in scene.seen("PersistentVolume")
        if unmet(obj, dig_str(volume, "metadata", "name"), scene) is None
    ]
    if fits:
        return None
    if name and scene.lacks("StorageClass", "", name):
        # A class without an object is how volumes made by hand are matched to claims.
        return f"its storage class {name} does not exist", (("StorageClasses", listed(known)),)
    if not name and not static and scene.can_see("StorageClass"):
        defaults = default_classes(scene)
        if not defaults:
            return (
                "it names no storage class, and the cluster has no default one",
                (("StorageClasses", listed(known)),),
            )
    if static or dig_str(scene.peek("StorageClass", "", name), "provisioner").endswith(
        "no-provisioner"
    ):
        return "no volume made by hand fits it", _misfits(obj, scene)
    return None


def _misfits(obj: Obj, scene: Scene) -> tuple[Evidence, ...]:
    found = []
    for volume in scene.seen("PersistentVolume"):
        name = dig_str(volume, "metadata", "name")
        problem = unmet(obj, name, scene)
        if problem is not None:
            found.append((f"PersistentVolume {name}", problem[0]))
    return tuple(found[:3]) or (("PersistentVolumes", "none"),)


def _users(obj: Obj, scene: Scene) -> list[Ref]:
    namespace, name = dig_str(obj, "metadata", "namespace"), dig_str(obj, "metadata", "name")
    return [
        ref
        for pod in scene.seen("Pod")
        if dig_str(pod, "metadata", "namespace") == namespace
        and not is_over(pod)
        and name in claim_names(pod)
        for ref in (ref_to(pod), workload_of(pod, scene))
        if ref is not None
    ]


def _advice(why: str, name: str) -> str:
    if "does not exist" in why and name and name in why:
        return f"Create the storage class {name}, or name one that exists in a new claim."
    if "no default" in why:
        return "Name a storage class in the claim, or mark one as the default."
    if " answers: " in why:
        return "Act on what the provisioner answers."
    if "fits" in why or "volume " in why[:7]:
        return "Make a volume that fits, or change the claim."
    return "Look at the provisioner's pods and logs."
