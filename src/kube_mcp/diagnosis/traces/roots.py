"""The object a person would name for another: a pod's Deployment, a Job's CronJob."""

from __future__ import annotations

from kube_mcp.graph.owners import controller_of
from kube_mcp.objects import Ref
from kube_mcp.scene import Scene, refer

# Pods go by ReplicaSet to Deployment, or by Job to CronJob; what owns those is told by itself.
_MOST_STEPS = 3
_ABOVE_PODS = ("ReplicaSet", "Job", "Deployment", "StatefulSet", "DaemonSet", "CronJob")
_FOLLOWED = ("Pod", "ReplicaSet", "Job", "ControllerRevision")


def root_of(ref: Ref, scene: Scene) -> Ref:
    """The workload above a pod, ReplicaSet, Job or revision; anything else is its own.

    A pod that is gone is told by its name, which begins with its controller's.
    """
    known = scene.derived(_roots)
    found = known.get(ref)
    if found is None:
        found = known[ref] = _climb(ref, scene)
    return found


def _roots(scene: Scene) -> dict[Ref, Ref]:
    return {}


def _climb(ref: Ref, scene: Scene) -> Ref:
    for _ in range(_MOST_STEPS):
        if ref.kind not in _FOLLOWED:
            return ref
        obj = scene.peek(ref.kind, ref.namespace, ref.name)
        above = controller_of(obj) if obj is not None else _by_name(ref, scene)
        if above is None or above.kind not in _ABOVE_PODS:
            return ref
        ref = above
    return ref


def _by_name(ref: Ref, scene: Scene) -> Ref | None:
    stem, dash, _ = ref.name.rpartition("-")
    if ref.kind not in ("Pod", "ReplicaSet", "Job") or not dash:
        return None
    for kind in _ABOVE_PODS:
        if kind != ref.kind and scene.peek(kind, ref.namespace, stem) is not None:
            return refer(kind, ref.namespace, stem)
    return None
