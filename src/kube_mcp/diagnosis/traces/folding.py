"""Many traces of one happening told as one, and echoes of it not at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from kube_mcp.diagnosis.edits import edits_of, writes_template
from kube_mcp.diagnosis.phrases import listed, plural
from kube_mcp.diagnosis.traces.change import MAKING_S, Change, seconds_between
from kube_mcp.diagnosis.traces.rollouts import FOLLOWS_S
from kube_mcp.diagnosis.traces.roots import root_of
from kube_mcp.objects import Ref
from kube_mcp.scene import Scene

# Pods made within this long of a rollout are that rollout's.
_ROLLS_S = 600.0
_NAMES = 3


def without_echoes(found: Sequence[Change], scene: Scene) -> list[Change]:
    """Without what only repeats another trace: a rollout's own write, its scaling, its pods."""
    by_root: dict[Ref, list[Change]] = {}
    for change in found:
        by_root.setdefault(root_of(change.ref, scene), []).append(change)
    return [
        change
        for root, group in by_root.items()
        for change in group
        if not _is_echo(change, group, root, scene)
    ]


def _is_echo(change: Change, group: Sequence[Change], root: Ref, scene: Scene) -> bool:
    if change.sort == "edit":
        return _started_a_rollout(change, group, scene)
    if change.sort == "pods" and root.kind in ("CronJob", "Job"):
        return True  # the Job's own line says how it went
    if change.sort in ("scaling", "pods"):
        if change.ref.kind == "HorizontalPodAutoscaler" and change.by == "":
            return any(each.by and each.sort == "scaling" and _near(each, change, 60.0)
                       for each in group)  # fmt: skip
        return any(
            each.sort in ("rollout", "made")
            and -FOLLOWS_S <= (change.at - each.at).total_seconds() <= _ROLLS_S
            for each in group
        )
    if change.sort == "event" and change.bad:
        # The kubelet repeats what the container's own state says better.
        if change.what.startswith("BackOff: Back-off restarting"):
            return any(each.sort == "restart" and each.bad for each in group)
        if change.what.startswith(("Failed: Error: ErrImagePull", "Failed: Error: ImagePullBack")):
            return any(each.what.startswith("Failed: Failed to pull") for each in group)
    if change.sort == "event" and change.what.startswith(("Killing", "SuccessfulDelete")):
        return any(each.sort == "rollout" and _near(each, change, _ROLLS_S) for each in group)
    if change.sort == "condition" and change.bad and change.ref.kind == "Pod":
        return "DisruptionTarget" not in change.what and any(
            each.sort in ("event", "restart") and each.bad for each in group if each is not change
        )
    return False


def _started_a_rollout(change: Change, group: Sequence[Change], scene: Scene) -> bool:
    obj = scene.peek(change.ref.kind, change.ref.namespace, change.ref.name)
    if obj is None:
        return False
    wrote = any(
        writes_template(each) and each.at == change.at and each.by == change.by
        for each in edits_of(obj)
    )
    return wrote and any(
        each.sort == "rollout" and each.by == change.by and _near(each, change, FOLLOWS_S)
        for each in group
    )


def _near(one: Change, other: Change, seconds: float) -> bool:
    return seconds_between(one.at, other.at) <= seconds


def fold(found: Iterable[Change], scene: Scene) -> list[Change]:
    """Changes that say the same of objects of one workload as one; objects made together as one."""
    same: dict[str, list[Change]] = {}
    alone: list[Change] = []
    made: list[Change] = []
    for change in found:
        if change.fold:
            same.setdefault(change.fold, []).append(change)
        elif change.sort == "made":
            made.append(change)
        else:
            alone.append(change)
    alone += [_one(group, scene) for group in same.values()]
    return [*alone, *_together(made)]


def _one(group: Sequence[Change], scene: Scene) -> Change:
    newest = max(group, key=lambda each: (each.until, each.ref))
    refs = tuple(dict.fromkeys(each.ref for each in group))
    if newest.sort == "pods":
        root = root_of(newest.ref, scene)
        names = f": {listed((each.name for each in refs), most=_NAMES)}"
        newest = replace(newest, ref=root, what=f"{plural(len(refs), 'pod')} made for it{names}")
    return replace(
        newest,
        at=min(each.at for each in group),
        last=newest.until,
        count=sum(each.count for each in group),
        refs=(*dict.fromkeys((newest.ref, *refs)),),
        details=(),
    )


def _together(made: Sequence[Change]) -> list[Change]:
    """What one writer made within seconds, as one line: somebody applied a folder."""
    ordered = sorted(made, key=lambda each: (each.by, each.ref.namespace, each.at))
    groups: list[list[Change]] = []
    for change in ordered:
        last = groups[-1][-1] if groups else None
        joins = (
            last is not None
            and (last.by, last.ref.namespace) == (change.by, change.ref.namespace)
            and _near(last, change, MAKING_S)
        )
        if joins:
            groups[-1].append(change)
        else:
            groups.append([change])
    return [_made_together(group) for group in groups]


def _made_together(group: Sequence[Change]) -> Change:
    # What runs is told with its image; a label's worth of the others will do.
    first = max(group, key=lambda each: ("image" in each.what, -each.at.timestamp()))
    others = [each for each in group if each is not first]
    if not others:
        return first
    names = listed((str(each.ref) for each in others), most=5)
    return replace(
        first,
        at=min(each.at for each in group),
        last=max(each.at for each in group),
        what=f"{first.what}; with it {names}",
        refs=(first.ref, *(each.ref for each in others)),
    )
