from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.conditions import condition, since
from kube_mcp.diagnosis.finding import CRITICAL, WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence
from kube_mcp.diagnosis.pods import created
from kube_mcp.diagnosis.workloads import below, counts, is_deleted
from kube_mcp.graph.owners import children
from kube_mcp.objects import Obj, dig, dig_int, dig_str
from kube_mcp.scene import Scene, ref_to


@check("Deployment", optional=["ReplicaSet", "Pod"])
def rollout_stuck(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A Deployment's rollout has made no progress within its deadline.

    What it detects: the Progressing condition with the reason ProgressDeadlineExceeded, which
    ReplicaSet is the new one, and whether the old one still serves. It is a symptom: what is found
    about the new pods explains it.

    Why it matters: the new version is not out; if the old pods go, nothing is left.

    Where it cannot tell: why the new pods are not available, if nothing is found about them.
    """
    found = condition(obj, "Progressing")
    if is_deleted(obj) or dig_str(found, "reason") != "ProgressDeadlineExceeded":
        return
    count = counts(obj)
    if count.available >= count.wanted and count.updated >= count.wanted:
        return
    newest = max(children(obj, scene), key=_revision, default=None)
    old = sum(
        dig_int(each, "status", "readyReplicas")
        for each in children(obj, scene)
        if each is not newest
    )
    still = f"; {old} pods of older revisions still serve" if old else ""
    yield Finding(
        ref=ref_to(obj),
        severity=WARNING if count.available else CRITICAL,
        symptom=True,
        title=f"its rollout stands still: {count.updated} of {count.wanted} pods are new, "
        f"{count.available} available{still}",
        evidence=evidence(
            ("status.conditions[Progressing].reason", dig_str(found, "reason")),
            ("status.conditions[Progressing].message", dig_str(found, "message")),
            ("newest ReplicaSet", dig_str(newest, "metadata", "name") if newest else None),
            ("spec.progressDeadlineSeconds", dig(obj, "spec", "progressDeadlineSeconds")),
        ),
        since=since(found),
        blames=below(obj, scene),
        next="Look at the newest pods; roll back if the version before was well.",
    )


def _revision(replica_set: Obj) -> tuple[int, float]:
    text = dig_str(replica_set, "metadata", "annotations", "deployment.kubernetes.io/revision")
    moment = created(replica_set)
    return (
        int(text) if text.isascii() and text.isdigit() else 0,
        moment.timestamp() if moment else 0.0,
    )
