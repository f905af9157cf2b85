"""Edits: who wrote an object last, with which tool, and which fields belong to that writer."""

from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.edits import edits_of, field_words
from kube_mcp.diagnosis.traces.change import MAKING_S, Change, made_at, seconds_between
from kube_mcp.objects import Obj, dig_list
from kube_mcp.scene import Scene, ref_to

# Writers that only follow: what they write is a consequence, and shows as such elsewhere.
_FOLLOWERS = frozenset({
    "kube-controller-manager", "k3s", "rke2", "k0s", "kubelet", "kube-scheduler",
    "cloud-controller-manager", "kube-apiserver", "coredns", "cluster-autoscaler",
})  # fmt: skip
# Through these a person, or an autoscaler, acts on purpose, whoever's name is on it.
_ON_PURPOSE = ("scale", "resize", "ephemeralcontainers", "eviction")
# Objects that controllers write all the time, for locks and heartbeats or for their owners.
_OWNED = ("Pod", "ReplicaSet", "ControllerRevision", "EndpointSlice", "Endpoints", "Lease", "Job")
# How controllers elected a leader before there were Leases: written every few seconds.
_LOCK = "metadata.annotations.control-plane.alpha.kubernetes.io/leader"


def edits(scene: Scene) -> Iterator[Change]:
    """The last write of each writer of each object, but for how it was made."""
    for kind, objects in scene.kinds.items():
        if kind == "Event":
            continue
        for obj in objects:
            yield from _of(obj, kind)


def _of(obj: Obj, kind: str) -> Iterator[Change]:
    made = made_at(obj)
    owned = kind in _OWNED and bool(dig_list(obj, "metadata", "ownerReferences"))
    for each in edits_of(obj):
        if seconds_between(each.at, made) < MAKING_S:
            continue
        if each.through not in _ON_PURPOSE and (each.by in _FOLLOWERS or owned):
            continue
        if all(path.startswith(_LOCK) for path in each.fields):
            continue
        through = f" through {each.through}" if each.through else ""
        verb = "applied" if each.operation == "Apply" else "written"
        yield Change(
            each.at,
            ref_to(obj),
            "edit",
            f"{verb}{through}; this writer's fields: {field_words(each.fields)}",
            by=each.by,
        )
