from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import CRITICAL, Finding
from kube_mcp.diagnosis.phrases import evidence
from kube_mcp.objects import Obj, dig_str
from kube_mcp.scene import Scene, ref_to, refer


@check("PersistentVolumeClaim", optional=["PersistentVolume"])
def claim_lost(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A claim has lost its volume.

    What it detects: the phase Lost: the PersistentVolume that the claim was bound to is gone.

    Why it matters: the data may still exist in the storage system, but the claim will never find
    it again by itself.

    Where it cannot tell: whether the data still exists.
    """
    if dig_str(obj, "status", "phase") != "Lost":
        return
    volume = dig_str(obj, "spec", "volumeName")
    yield Finding(
        ref=ref_to(obj),
        severity=CRITICAL,
        title=f"has lost its volume {volume}",
        evidence=evidence(("status.phase", "Lost"), ("spec.volumeName", volume)),
        blames=(refer("PersistentVolume", "", volume),),
        next="Make a volume object for the same storage again, then a new claim that names it.",
    )
