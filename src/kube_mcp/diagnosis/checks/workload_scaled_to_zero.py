from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import INFO, Finding
from kube_mcp.diagnosis.phrases import evidence
from kube_mcp.diagnosis.workloads import is_deleted
from kube_mcp.objects import Obj, dig
from kube_mcp.scene import Scene, ref_to


@check("Deployment", "StatefulSet")
def workload_scaled_to_zero(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A workload is scaled to zero pods.

    What it detects: ``spec.replicas: 0``. By itself it is a note, because it is a choice; it
    becomes the cause where a route leads to it or an autoscaler waits for it.

    Why it matters: nothing about it looks broken, and nothing answers.

    Where it cannot tell: who scaled it down, and whether that was meant to last.
    """
    if dig(obj, "spec", "replicas") != 0 or is_deleted(obj):
        return
    yield Finding(
        ref=ref_to(obj),
        severity=INFO,
        title="is scaled to zero pods",
        evidence=evidence(("spec.replicas", 0)),
        next=f"Scale {ref_to(obj)} up if it should be running.",
    )
