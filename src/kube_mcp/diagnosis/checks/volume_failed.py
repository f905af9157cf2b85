from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.events import latest
from kube_mcp.diagnosis.finding import INFO, WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence
from kube_mcp.objects import Obj, dig, dig_str
from kube_mcp.scene import Scene, ref_to


@check("PersistentVolume", optional=["Event"])
def volume_failed(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A volume could not be reclaimed, or is left over from a claim that is gone.

    What it detects: the phase Failed, with the reason. Released volumes that are kept on purpose
    (reclaim policy Retain) are a note; with another policy, Released means that deletion hangs.

    Why it matters: the storage is paid for and used by nobody; a claim that wants it is refused.

    Where it cannot tell: whether anyone still wants the data.
    """
    phase = dig_str(obj, "status", "phase")
    if phase not in ("Failed", "Released"):
        return
    namespace = dig_str(obj, "spec", "claimRef", "namespace")
    if scene.namespace and namespace != scene.namespace:
        return
    policy = dig_str(obj, "spec", "persistentVolumeReclaimPolicy")
    kept = phase == "Released" and policy == "Retain"
    event = latest(obj, scene, "VolumeFailedDelete", "VolumeFailedRecycle")
    if phase == "Released" and not kept and event is None:
        return  # between the claim's end and the volume's: a moment that passes
    claim = f"{namespace}/{dig_str(obj, 'spec', 'claimRef', 'name')}"
    message = dig_str(obj, "status", "message") or (event.message if event else "")
    yield Finding(
        ref=ref_to(obj),
        severity=INFO if kept else WARNING,
        title=f"is kept after its claim {claim} was deleted"
        if kept
        else f"could not be reclaimed after its claim {claim}: {message}",
        evidence=evidence(
            ("status.phase", phase),
            ("status.message", message),
            ("spec.persistentVolumeReclaimPolicy", policy),
            ("spec.claimRef", claim),
            ("spec.capacity.storage", dig(obj, "spec", "capacity", "storage")),
        ),
        next="Delete it if the data is not wanted, or remove claimRef to bind it again."
        if kept
        else "Look at the storage driver for why it cannot be deleted.",
    )
