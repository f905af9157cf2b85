"""Rollouts: each revision of a workload with its difference to the one before, and who wrote it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from kube_mcp.diagnosis.conditions import condition
from kube_mcp.diagnosis.edits import Edit, edits_of, writes_template
from kube_mcp.diagnosis.history import Revision, changed, revisions
from kube_mcp.diagnosis.phrases import listed, quote
from kube_mcp.diagnosis.traces.change import MAKING_S, Change, made_at, seconds_between
from kube_mcp.objects import Obj, dig
from kube_mcp.scene import Scene, ref_to
from kube_mcp.words.times import parse_time

#: A controller acts on a new template within this long, unless it is down.
FOLLOWS_S = 15.0

WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet")


def rollouts(scene: Scene) -> Iterator[Change]:
    """One change a revision that still exists, but for the one a workload was made with."""
    for kind in WORKLOADS:
        for workload in scene.seen(kind):
            yield from _of(workload, scene)


def _of(workload: Obj, scene: Scene) -> Iterator[Change]:
    found = revisions(ref_to(workload), scene)
    writers = [each for each in edits_of(workload) if writes_template(each)]
    for index, each in enumerate(found):
        before = found[index + 1] if index + 1 < len(found) else None
        if before is None and seconds_between(each.at, made_at(workload)) < MAKING_S:
            continue  # how it was made
        at = each.at
        if _is_reused(each, before):
            at = _again(each, before, workload, writers) if index == 0 else None
        if at is None:
            continue
        what, details = _words(each, before)
        yield Change(
            at, ref_to(workload), "rollout", what, by=_writer(at, writers), details=details
        )


def _is_reused(each: Revision, before: Revision | None) -> bool:
    """Whether the revision is a rollback: its holder is older than the one it came after."""
    if before is None or each.at is None or before.at is None:
        return False
    return each.at < before.at


def _again(
    each: Revision, before: Revision | None, workload: Obj, writers: Sequence[Edit]
) -> datetime | None:
    """When a rollback happened: as the workload was written, else as its pods were made again."""
    earliest = before.at if before is not None else None
    progress = condition(workload, "Progressing")
    moments = [
        *(writer.at for writer in writers),
        each.written,
        parse_time(dig(progress, "lastUpdateTime")),
    ]
    later = (at for at in moments if at is not None and (earliest is None or at >= earliest))
    return next(later, None)


def _words(each: Revision, before: Revision | None) -> tuple[str, tuple[str, ...]]:
    cause = (f"change-cause: {quote(each.cause, most=160)}",) if each.cause else ()
    if before is None:
        gone = " (the one before it is no longer kept)" if each.number > 1 else ""
        return f"revision {each.number} rolled out: {listed(each.images)}{gone}", cause
    back = ""
    if _is_reused(each, before):
        back = f" back (it was revision {each.was})" if each.was else " back"
    lines = changed(before, each)
    if not lines:
        return f"revision {each.number} rolled{back or ' out'}, same template as before", cause
    what = f"revision {before.number} → {each.number} rolled{back or ' out'}: {lines[0]}"
    return what, (*cause, *lines[1:])


def _writer(at: datetime, writers: Sequence[Edit]) -> str:
    """Who wrote the template just before the controller acted on it, as far as that is kept."""
    near = [each for each in writers if seconds_between(each.at, at) <= FOLLOWS_S]
    return max(near, key=lambda each: each.at).by if near else ""
