"""Events: all warnings, and of the others those that tell of something done."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kube_mcp.diagnosis.events import Event, every_event
from kube_mcp.diagnosis.phrases import quote
from kube_mcp.diagnosis.traces.change import Change
from kube_mcp.diagnosis.traces.roots import root_of
from kube_mcp.scene import Scene

# Normal events that tell of something that was done; the others tell that all is well, or of what
# the objects themselves tell better (pods made, Jobs run).
_TELLING = frozenset({
    "ArtifactUpdateSucceeded", "DeadlineExceeded", "DeletingAllPods", "DeletingNode", "Drain",
    "Evicted", "InstallSucceeded", "Killing", "NewArtifact", "NodeNotReady", "NodeNotSchedulable",
    "NodeSchedulable", "Preempted", "Rebooted", "RegisteredNode", "RemovingNode",
    "RollbackSucceeded", "ScaleDown", "ScalingReplicaSet", "SuccessfulDelete", "SuccessfulRescale",
    "TaintManagerEviction", "TriggeredScaleUp", "UninstallSucceeded", "UpgradeSucceeded",
    "VolumeResizeSuccessful", "FileSystemResizeSuccessful",
})  # fmt: skip
#: Events that say how many pods there should be: a change of size where no rollout was.
SCALING = frozenset({"ScalingReplicaSet", "SuccessfulRescale"})
# What differs between the same message about two pods: names' endings, uids, hashes, numbers.
_VARIES = re.compile(
    r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]{8,}\b|\b\d+\b|(?<=-)[a-z0-9]{5}\b"
)


def happenings(scene: Scene) -> Iterator[Change]:
    """Every event that tells something."""
    for events in every_event(scene).values():
        for each in events:
            if each.last is not None and (each.is_warning or each.reason in _TELLING):
                yield _change(each, scene)


def _change(each: Event, scene: Scene) -> Change:
    same = each.message.replace(each.about.name, "…") if each.about.name else each.message
    last = each.last or scene.now
    return Change(
        min(each.first or last, last),
        each.about,
        "scaling" if each.reason in SCALING else "event",
        f"{each.reason}: {quote(each.message, most=160)}" if each.message else each.reason,
        by=each.source,
        bad=each.is_warning,
        count=max(1, each.count),
        last=last,
        fold=f"event {root_of(each.about, scene)} {each.reason} {_VARIES.sub('#', same)[:200]}",
    )
