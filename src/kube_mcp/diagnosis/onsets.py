"""Where today's trouble began, and the nearest change before it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from kube_mcp.diagnosis.conditions import conditions, since
from kube_mcp.diagnosis.pods import containers, is_going, is_over, is_ready
from kube_mcp.diagnosis.starting import is_settled
from kube_mcp.diagnosis.surroundings import around
from kube_mcp.diagnosis.traces.change import Change
from kube_mcp.diagnosis.traces.roots import root_of
from kube_mcp.diagnosis.traces.states import is_trouble
from kube_mcp.objects import Obj, Ref, dig_str
from kube_mcp.scene import Scene, key_for, key_of, ref_to
from kube_mcp.words.times import parse_time

# Warnings from before a pod was last ready belong to earlier trouble.
_EARLIER = timedelta(minutes=1)
# Times are told to the second, by several clocks.
_SAME = timedelta(seconds=2)
# A pod that was never ready has its condition from when it started.
_AT_START = timedelta(seconds=15)

#: What may be a cause, the likeliest first among those of the same second.
_CAUSES = ("rollout", "edit", "gitops", "helm", "scaling", "made", "deleted")


@dataclass(frozen=True, slots=True)
class Onset:
    """Trouble that is there now: whose, its first sign, and what changed before that.

    ``at`` is when the trouble first showed. ``sign`` is the trace that showed it and ``cause`` the
    nearest change before it of anything near; None where none is in the timeline. Near in time is
    no proof.
    """

    ref: Ref
    at: datetime
    sign: Change
    cause: Change | None

    @property
    def gap_s(self) -> float:
        """Seconds from the cause to the first sign; endless without a cause."""
        if self.cause is None:
            return float("inf")
        return max(0.0, (self.at - self.cause.at).total_seconds())


def onsets(told: Sequence[Change], found: Sequence[Change], scene: Scene) -> tuple[Onset, ...]:
    """The onset of each workload or object that is unwell now, those with a near cause first.

    ``found`` are all changes, ``told`` the folded ones that a reader sees: marks are set on those.
    """
    unwell = _unwell(scene)
    by_root: dict[Ref, list[Change]] = {}
    for change in found:
        if change.bad:
            by_root.setdefault(root_of(change.ref, scene), []).append(change)
    result = []
    for root, members in unwell.items():
        at = _first(by_root.get(root, ()), members, scene)
        sign = _told(root, told, scene)
        if at is not None and sign is not None:
            near = _near(root, members, scene)
            result.append(Onset(root, at, sign, _cause(at, root, near, told)))
    return tuple(sorted(result, key=lambda each: (each.gap_s > 3600, -each.at.timestamp())))


def _unwell(scene: Scene) -> Mapping[Ref, list[Obj]]:
    """The objects that are unwell now, by the workload above them."""
    found: dict[Ref, list[Obj]] = {}
    for kind, objects in scene.kinds.items():
        if kind == "Event":
            continue
        for obj in objects:
            if _is_unwell(obj, kind, scene):
                found.setdefault(root_of(ref_to(obj), scene), []).append(obj)
    return found


def _is_unwell(obj: Obj, kind: str, scene: Scene) -> bool:
    if kind == "Pod":
        if is_over(obj) or is_going(obj) or is_ready(obj):
            return False
        return is_settled(obj, scene)
    if kind == "Job":
        return _is_failed_for_good(obj, scene)
    return any(is_trouble(obj, kind, each) for _, each in conditions(obj))


def _is_failed_for_good(job: Obj, scene: Scene) -> bool:
    """Whether a Job failed, and no later one of its CronJob succeeded."""
    if not any(is_trouble(job, "Job", each) for _, each in conditions(job)):
        return False
    root = root_of(ref_to(job), scene)
    if root == ref_to(job):
        return True
    made = dig_str(job, "metadata", "creationTimestamp")
    return not any(
        dig_str(other, "metadata", "creationTimestamp") > made
        for other in scene.seen("Job")
        if root_of(ref_to(other), scene) == root
    )


def _first(bad: Iterable[Change], members: Sequence[Obj], scene: Scene) -> datetime | None:
    """The earliest sign of the trouble that lasts, among what went bad."""
    own = {ref_to(each): each for each in members}
    known: list[datetime] = []
    late: list[datetime] = []
    for change in bad:
        obj = own.get(change.ref)
        if obj is None:
            continue
        if key_of(obj) != "Pod":
            known.append(change.at)
        elif change.sort == "condition":
            (late if _since_start(change.at, obj) else known).append(change.at)
        elif change.until >= _unready(obj, scene) - _EARLIER:
            # Of a container that ended often only the last end is known.
            again = change.sort == "restart" and change.count > 1
            (late if again else known).append(change.at)
    if known and late and any(_ended_often(each, scene) for each in members):
        # A crash loop that nobody wrote an event of: it has lasted at least as long as the pod
        # has been unready.
        return min(*known, *late)
    return min(known or late, default=None)


def _ended_often(pod: Obj, scene: Scene) -> bool:
    return key_of(pod) == "Pod" and any(each.restarts > 1 for each in containers(pod, scene))


def _since_start(at: datetime, pod: Obj) -> bool:
    started = parse_time(dig_str(pod, "status", "startTime")) or parse_time(
        dig_str(pod, "metadata", "creationTimestamp")
    )
    return started is not None and at <= started + _AT_START


def _unready(pod: Obj, scene: Scene) -> datetime:
    for _, each in conditions(pod):
        if each.get("type") == "Ready" and (at := since(each)) is not None:
            return at
    return parse_time(dig_str(pod, "metadata", "creationTimestamp")) or scene.now


def _told(root: Ref, told: Iterable[Change], scene: Scene) -> Change | None:
    """The earliest line a reader sees of the trouble of ``root``."""
    own = [each for each in told if each.bad and root_of(each.ref, scene) == root]
    return min(own, key=lambda each: (each.at, each.ref), default=None)


def _near(root: Ref, members: Sequence[Obj], scene: Scene) -> frozenset[Ref]:
    found: set[Ref] = {root}
    obj = scene.peek(key_for(root.kind, root.group), root.namespace, root.name)
    for each in [*members[:8], *([obj] if obj is not None else [])]:
        found.update(around(each, scene))
    return frozenset(found)


def _cause(at: datetime, root: Ref, near: frozenset[Ref], told: Iterable[Change]) -> Change | None:
    return max(
        _candidates(at, root, near, told),
        key=lambda each: (each.at, each.ref == root, -_rank(each)),
        default=None,
    )


def _candidates(
    at: datetime, root: Ref, near: frozenset[Ref], told: Iterable[Change]
) -> Iterator[Change]:
    for change in told:
        if change.at > at + _SAME or near.isdisjoint(change.everything):
            continue
        if change.bad:
            # A node that went away, or a delivery that failed, is a cause of others' trouble.
            if change.ref != root and change.ref.kind in ("Node", "PersistentVolumeClaim"):
                yield change
        elif change.sort in _CAUSES and (change.sort, change.ref.kind) != ("deleted", "Pod"):
            yield change


def _rank(change: Change) -> int:
    return _CAUSES.index(change.sort) if change.sort in _CAUSES else len(_CAUSES)
