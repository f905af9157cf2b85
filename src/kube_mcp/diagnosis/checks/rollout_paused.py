from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import INFO, WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence
from kube_mcp.diagnosis.workloads import counts, is_deleted
from kube_mcp.objects import Obj, dig
from kube_mcp.scene import Scene, ref_to


@check("Deployment")
def rollout_paused(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A Deployment is paused, so changes to it are not rolled out.

    What it detects: ``spec.paused``; a warning where pods of an older revision are still running
    because of it.

    Why it matters: a fix that was applied does not arrive, and nothing says so.

    Where it cannot tell: whether somebody is in the middle of a canary.
    """
    if dig(obj, "spec", "paused") is not True or is_deleted(obj):
        return
    count = counts(obj)
    behind = count.updated < count.made
    yield Finding(
        ref=ref_to(obj),
        severity=WARNING if behind else INFO,
        title=f"its rollout is paused with {count.updated} of {count.made} pods up to date"
        if behind
        else "its rollout is paused",
        evidence=evidence(
            ("spec.paused", True),
            ("status.updatedReplicas", count.updated),
            ("status.replicas", count.made),
        ),
        next="Resume the rollout if it is not held back on purpose.",
    )
