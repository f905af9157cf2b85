from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import LIKELY, WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence
from kube_mcp.diagnosis.pods import created, is_ready
from kube_mcp.diagnosis.starting import is_settled
from kube_mcp.diagnosis.workloads import counts, is_deleted, is_observed
from kube_mcp.graph.owners import pods_of
from kube_mcp.objects import Obj, dig_int, dig_str
from kube_mcp.scene import Scene, labels_of, ref_to


@check("StatefulSet", needs=["Pod"])
def stateful_set_blocked(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A StatefulSet's update or start waits for one of its pods, in order.

    What it detects: the pod that is not ready and holds up the ones after it, in a StatefulSet
    that creates and updates its pods in order. It is a symptom: what is found about that pod
    explains it. Where that pod was made from a template that was corrected since, the wait itself
    is the cause: nothing replaces the pod.

    Why it matters: one broken member keeps all later ones from being made or updated; and a broken
    pod is not replaced by a corrected template before it is deleted by hand.

    Where it cannot tell: with parallel pod management the order is not kept, so it says nothing.
    """
    if dig_str(obj, "spec", "podManagementPolicy") == "Parallel" or is_deleted(obj):
        return
    count = counts(obj)
    current, update = (
        dig_str(obj, "status", "currentRevision"),
        dig_str(obj, "status", "updateRevision"),
    )
    partition = dig_int(obj, "spec", "updateStrategy", "rollingUpdate", "partition")
    on_delete = dig_str(obj, "spec", "updateStrategy", "type") == "OnDelete"
    updating = bool(update) and current != update and not on_delete and partition == 0
    if not is_observed(obj) or (count.ready >= count.wanted and not updating):
        return
    blocking = next(
        (
            pod
            for pod in sorted(pods_of(obj, scene), key=_ordinal, reverse=updating)
            if not is_ready(pod)
        ),
        None,
    )
    if blocking is None or not is_settled(blocking, scene):
        return
    revision = labels_of(blocking).get("controller-revision-hash", "")
    left = bool(update and revision) and revision not in (current, update) and not on_delete
    if left:
        yield _left_behind(obj, blocking, revision)
        return
    if not (count.made < count.wanted or updating):
        return
    doing = "updating" if updating and count.made >= count.wanted else "starting"
    yield Finding(
        ref=ref_to(obj),
        severity=WARNING,
        confidence=LIKELY,
        symptom=True,
        title=f"{doing} its pods in order, it waits for {dig_str(blocking, 'metadata', 'name')}; "
        f"{count.made} of {count.wanted} exist, {count.updated} are up to date",
        evidence=evidence(
            ("status.currentRevision", current),
            ("status.updateRevision", update),
            ("status.readyReplicas", count.ready),
            ("spec.podManagementPolicy", "OrderedReady"),
        ),
        since=created(blocking),
        blames=(ref_to(blocking),),
        next=f"Mend {ref_to(blocking)}; delete it once the template is right, it is not replaced.",
    )


def _left_behind(obj: Obj, pod: Obj, revision: str) -> Finding:
    """The pod is of neither the template that holds now nor the one before the update."""
    name = dig_str(pod, "metadata", "name")
    return Finding(
        ref=ref_to(obj),
        severity=WARNING,
        title=f"its template was changed after {name} was made, but it waits for {name} to become "
        "ready first, and does not replace it",
        evidence=evidence(
            (f"Pod {name} label controller-revision-hash", revision),
            ("status.updateRevision", dig_str(obj, "status", "updateRevision")),
            ("status.readyReplicas", counts(obj).ready),
        ),
        since=created(pod),
        explains=(ref_to(pod),),
        next=f"Delete the pod {name}, if the template is right now: it comes back with it.",
    )


def _ordinal(pod: Obj) -> int:
    number = dig_str(pod, "metadata", "name").rpartition("-")[2]
    return int(number) if number.isascii() and number.isdigit() else 0
