"""Objects made, and objects being deleted. What is gone altogether has left no trace but events."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from kube_mcp.diagnosis.edits import edits_of
from kube_mcp.diagnosis.phrases import listed
from kube_mcp.diagnosis.pods import pod_template
from kube_mcp.diagnosis.traces.change import MAKING_S, Change, made_at, seconds_between
from kube_mcp.diagnosis.traces.deliveries import is_helm
from kube_mcp.diagnosis.traces.roots import root_of
from kube_mcp.objects import Obj, dig, dig_int, dig_list, dig_str
from kube_mcp.scene import Scene, ref_to
from kube_mcp.words.times import parse_time

_LONGEST_S = 30 * 86400
# Objects whose making says nothing by itself: their owners' rollouts and runs do.
_MADE_BY_OTHERS = ("ReplicaSet", "ControllerRevision", "EndpointSlice", "Endpoints", "Event", "Job")


def making(scene: Scene) -> Iterator[Change]:
    """Every object made or being deleted."""
    for kind, objects in scene.kinds.items():
        if kind == "Event":
            continue
        for obj in objects:
            yield from _deleted(obj, scene)
            if kind == "Pod":
                yield from _pod(obj, scene)
            elif kind not in _MADE_BY_OTHERS and not is_helm(obj):
                yield from _made(obj)


def _deleted(obj: Obj, scene: Scene) -> Iterator[Change]:
    at = parse_time(dig(obj, "metadata", "deletionTimestamp"))
    if at is None:
        return
    ref = ref_to(obj)
    # The moment is when the grace period is over, which lies ahead of the deletion.
    grace_s = min(max(0, dig_int(obj, "metadata", "deletionGracePeriodSeconds")), _LONGEST_S)
    at -= timedelta(seconds=grace_s)
    grace = f" with {grace_s} s to end" if grace_s else ""
    finalizers = [each for each in dig_list(obj, "metadata", "finalizers") if isinstance(each, str)]
    held = f", held by {listed(finalizers, most=3)}" if finalizers else ""
    fold = f"deleted {root_of(ref, scene)}" if dig_str(obj, "kind") == "Pod" else ""
    yield Change(at, ref, "deleted", f"deletion asked for{grace}{held}", fold=fold)


def _pod(pod: Obj, scene: Scene) -> Iterator[Change]:
    at = made_at(pod)
    if at is None:
        return
    ref = ref_to(pod)
    root = root_of(ref, scene)
    if root == ref:
        yield from _made(pod)
    else:
        yield Change(at, ref, "pods", "made", fold=f"pods {root}")


def _made(obj: Obj) -> Iterator[Change]:
    at = made_at(obj)
    if at is None:
        return
    writers = {each.by for each in edits_of(obj) if seconds_between(each.at, at) < MAKING_S}
    images = [dig_str(each, "image") for each in dig_list(pod_template(obj), "spec", "containers")]
    what = f"made, with image {listed(images, most=3)}" if any(images) else "made"
    yield Change(at, ref_to(obj), "made", what, by=", ".join(sorted(writers)))
