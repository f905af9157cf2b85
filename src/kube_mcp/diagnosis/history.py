"""Revisions of workloads: what was rolled out when, and what each rollout changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kube_mcp.diagnosis.edits import EDITS, summary
from kube_mcp.diagnosis.slim import slim
from kube_mcp.graph.owners import controller_of
from kube_mcp.objects import Obj, Ref, dig, dig_int, dig_list, dig_map, dig_str
from kube_mcp.scene import Scene, refer
from kube_mcp.words.times import parse_time

_REVISION = "deployment.kubernetes.io/revision"
_CAUSE = "kubernetes.io/change-cause"


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision of a workload. ``at`` is when it was first made: a rollback reuses it.

    ``holder`` is the ReplicaSet or ControllerRevision that keeps it, ``pods`` how many pods it
    has now (None where that is not known).
    """

    number: int
    at: datetime | None
    holder: Ref
    template: Mapping[str, Any]
    pods: int | None
    cause: str

    @property
    def images(self) -> tuple[str, ...]:
        """The images of its containers."""
        return tuple(
            dig_str(each, "image") for each in dig_list(self.template, "spec", "containers")
        )


def keep_history(kind: str, obj: Mapping[str, Any]) -> dict[str, Any]:
    """Like `slim`, with what a history needs: revisions' whole templates, and who wrote what.

    For objects as they arrive, before masking: managed fields do not survive that.
    """
    out = slim(kind, obj)
    edits = summary(obj)
    if edits:
        out[EDITS] = edits
    if kind == "ReplicaSet":
        out["spec"] = {**dig_map(out, "spec"), "template": dig_map(obj, "spec", "template")}
        cause = dig_str(obj, "metadata", "annotations", _CAUSE)
        if cause:
            annotations = dict(dig_map(out, "metadata", "annotations"))
            out["metadata"]["annotations"] = {**annotations, _CAUSE: cause}
    elif kind == "ControllerRevision":
        out["data"] = dig_map(obj, "data")
    return out


def revisions(workload: Ref, scene: Scene) -> Sequence[Revision]:
    """The revisions of a Deployment, StatefulSet or DaemonSet that still exist, newest first.

    How many are kept is the workload's ``revisionHistoryLimit``, ten where it is not set.
    """
    if workload.kind == "Deployment":
        found = [
            _of_replica_set(each)
            for each in scene.seen("ReplicaSet")
            if controller_of(each) == workload
        ]
    else:
        found = [
            _of_controller_revision(each)
            for each in scene.seen("ControllerRevision")
            if controller_of(each) == workload
        ]
    return sorted(found, key=lambda each: (each.number, each.holder), reverse=True)


def _of_replica_set(obj: Obj) -> Revision:
    number = dig_str(obj, "metadata", "annotations", _REVISION)
    return Revision(
        number=int(number) if number.isascii() and number.isdigit() and len(number) < 10 else 0,
        at=parse_time(dig(obj, "metadata", "creationTimestamp")),
        holder=_holder("ReplicaSet", obj),
        template=dig_map(obj, "spec", "template"),
        pods=dig_int(obj, "status", "replicas"),
        cause=dig_str(obj, "metadata", "annotations", _CAUSE),
    )


def _of_controller_revision(obj: Obj) -> Revision:
    return Revision(
        number=dig_int(obj, "revision"),
        at=parse_time(dig(obj, "metadata", "creationTimestamp")),
        holder=_holder("ControllerRevision", obj),
        template={
            key: value
            for key, value in dig_map(obj, "data", "spec", "template").items()
            if key != "$patch"
        },
        pods=None,
        cause=dig_str(obj, "metadata", "annotations", _CAUSE),
    )


def _holder(kind: str, obj: Obj) -> Ref:
    return refer(kind, dig_str(obj, "metadata", "namespace"), dig_str(obj, "metadata", "name"))
