"""Revisions of workloads: what was rolled out when, and what each rollout changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from kube_mcp.diagnosis.differences import Marks, differences, marks
from kube_mcp.diagnosis.edits import EDITS, edits_of, summary
from kube_mcp.diagnosis.slim import slim
from kube_mcp.graph.owners import controller_of
from kube_mcp.objects import Obj, Ref, dig, dig_int, dig_list, dig_map, dig_str
from kube_mcp.scene import Scene, refer
from kube_mcp.words.times import parse_time

_REVISION = "deployment.kubernetes.io/revision"
_EARLIER = "deployment.kubernetes.io/revision-history"
_CAUSE = "kubernetes.io/change-cause"
_MARKS = "marks"


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision of a workload. ``at`` is when it was first made: a rollback reuses it.

    ``holder`` is the ReplicaSet or ControllerRevision that keeps it, ``pods`` how many pods it
    has now (None where that is not known). ``written`` is when its holder was last written, which
    for a ReplicaSet is when it was last scaled. ``was`` are the numbers it had before rollbacks.
    """

    number: int
    at: datetime | None
    holder: Ref
    template: Mapping[str, Any]
    pods: int | None
    cause: str
    written: datetime | None = None
    was: str = ""
    marks: Marks = field(default_factory=dict)

    @property
    def images(self) -> tuple[str, ...]:
        """The images of its containers."""
        return tuple(
            dig_str(each, "image") for each in dig_list(self.template, "spec", "containers")
        )


def keep_history(kind: str, obj: Mapping[str, Any]) -> dict[str, Any]:
    """Like `slim`, with what a history needs: revisions' whole templates, and who wrote what.

    For objects as they arrive, before masking: managed fields do not survive that, and values
    that changed behind their masks could not be told from ones that did not.
    """
    out = slim(kind, obj)
    edits = summary(obj)
    if edits:
        out[EDITS] = edits
    if kind == "ReplicaSet":
        template = dig_map(obj, "spec", "template")
        out["spec"] = {**dig_map(out, "spec"), "template": template}
        out[_MARKS] = _pairs(template)
        _annotate(out, obj, _CAUSE, _EARLIER)
    elif kind == "ControllerRevision":
        out["data"] = dig_map(obj, "data")
        out[_MARKS] = _pairs(dig_map(obj, "data", "spec", "template"))
        _annotate(out, obj, _CAUSE)
    return out


def _annotate(out: dict[str, Any], obj: Obj, *names: str) -> None:
    annotations = dig_map(obj, "metadata", "annotations")
    kept = {name: annotations[name] for name in names if name in annotations}
    if kept:
        out["metadata"]["annotations"] = {**dig_map(out, "metadata", "annotations"), **kept}


def _pairs(template: object) -> list[list[int]]:
    """Marks as numbers alone: the names of a map would be masked like any other."""
    return [[path, value] for path, value in marks(template).items()]


def revisions(workload: Ref, scene: Scene) -> Sequence[Revision]:
    """The revisions of a Deployment, StatefulSet or DaemonSet that still exist, newest first.

    How many are kept is the workload's ``revisionHistoryLimit``, ten where it is not set.
    """
    if workload.kind == "Deployment":
        found = [_of_replica_set(each) for each in scene.derived(_replica_sets).get(workload, ())]
    else:
        found = [
            _of_controller_revision(each)
            for each in scene.derived(_controller_revisions).get(workload, ())
        ]
    return sorted(found, key=lambda each: (each.number, each.holder), reverse=True)


def changed(old: Revision, new: Revision) -> list[str]:
    """The lines of `differences` between two revisions' templates."""
    return differences(old.template, new.template, old_marks=old.marks, new_marks=new.marks)


def _replica_sets(scene: Scene) -> dict[Ref, list[Obj]]:
    return _by_controller(scene.seen("ReplicaSet"))


def _controller_revisions(scene: Scene) -> dict[Ref, list[Obj]]:
    return _by_controller(scene.seen("ControllerRevision"))


def _by_controller(objects: Sequence[Obj]) -> dict[Ref, list[Obj]]:
    index: dict[Ref, list[Obj]] = {}
    for each in objects:
        owner = controller_of(each)
        if owner is not None:
            index.setdefault(owner, []).append(each)
    return index


def _of_replica_set(obj: Obj) -> Revision:
    number = dig_str(obj, "metadata", "annotations", _REVISION)
    return Revision(
        number=int(number) if number.isascii() and number.isdigit() and len(number) < 10 else 0,
        at=parse_time(dig(obj, "metadata", "creationTimestamp")),
        holder=_holder("ReplicaSet", obj),
        template=dig_map(obj, "spec", "template"),
        pods=dig_int(obj, "status", "replicas"),
        cause=dig_str(obj, "metadata", "annotations", _CAUSE),
        written=_written(obj),
        was=dig_str(obj, "metadata", "annotations", _EARLIER),
        marks=_marks(obj),
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
        written=_written(obj),
        marks=_marks(obj),
    )


def _written(obj: Obj) -> datetime | None:
    return max((each.at for each in edits_of(obj) if not each.through), default=None)


def _marks(obj: Obj) -> Marks:
    found = {}
    for pair in dig_list(obj, _MARKS):
        path, value = dig(pair, 0), dig(pair, 1)
        if isinstance(path, int) and isinstance(value, int):
            found[path] = value
    return found


def _holder(kind: str, obj: Obj) -> Ref:
    return refer(kind, dig_str(obj, "metadata", "namespace"), dig_str(obj, "metadata", "name"))
