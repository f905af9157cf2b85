"""What changed, and when: one timeline of everything that leaves a trace with a time.

A change that was overwritten by a later one of the same writer has left none: that is what the
API server keeps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from kube_mcp.diagnosis.onsets import Onset, onsets
from kube_mcp.diagnosis.surroundings import around, in_sight
from kube_mcp.diagnosis.traces.change import Change
from kube_mcp.diagnosis.traces.deliveries import deliveries
from kube_mcp.diagnosis.traces.edits import edits
from kube_mcp.diagnosis.traces.folding import fold, without_echoes
from kube_mcp.diagnosis.traces.happenings import happenings
from kube_mcp.diagnosis.traces.making import making
from kube_mcp.diagnosis.traces.restarts import restarts
from kube_mcp.diagnosis.traces.rollouts import rollouts
from kube_mcp.diagnosis.traces.roots import root_of
from kube_mcp.diagnosis.traces.runs import runs
from kube_mcp.diagnosis.traces.states import states
from kube_mcp.graph.flux import ALL as FLUX
from kube_mcp.objects import Obj, Ref
from kube_mcp.scene import Scene

#: What a timeline reads. Secrets come without content; a Helm release's labels are enough.
KINDS = (
    "Pod", "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "ControllerRevision", "Job",
    "CronJob", "Service", "ConfigMap", "Secret", "ServiceAccount", "Ingress", "NetworkPolicy",
    "HorizontalPodAutoscaler", "PodDisruptionBudget", "PersistentVolumeClaim", "ResourceQuota",
    "LimitRange", "Role", "RoleBinding", "Event", "Node", "Namespace", *FLUX,
)  # fmt: skip

# Clocks in a cluster differ by a little, and a pod that is deleted ends in a minute.
_AHEAD = timedelta(minutes=5)
_TRACES = (rollouts, edits, making, states, restarts, runs, deliveries, happenings)


@dataclass(frozen=True, slots=True)
class Timeline:
    """What changed, newest first, and where today's trouble began in it.

    ``changes`` are folded: what many pods of one workload did is one.
    """

    changes: tuple[Change, ...]
    onsets: tuple[Onset, ...]


def timeline(scene: Scene, *, since: timedelta, about: Obj | None = None) -> Timeline:
    """Everything since so long ago; about one object and what surrounds it, if given.

    The scene must have been read with `history.keep_history` for edits and differences to be in
    it. Of objects in other namespaces than the scene's only those that concern it are told.
    """
    start = scene.now - since
    near = _widened(around(about, scene), scene) if about is not None else in_sight(scene)
    found = [
        change
        for change in _all(scene)
        if change.until >= start
        and change.at <= scene.now + _AHEAD
        and (near is None or not near.isdisjoint((change.ref, root_of(change.ref, scene))))
    ]
    told = without_echoes(found, scene)
    folded = fold(told, scene)
    return Timeline(tuple(sorted(folded, key=_order, reverse=True)), onsets(folded, found, scene))


def _widened(refs: Iterable[Ref], scene: Scene) -> frozenset[Ref]:
    """With the workloads above: what happens to a pod is filed under the name people know."""
    known = set(refs)
    return frozenset(known | {root_of(ref, scene) for ref in known})


def _all(scene: Scene) -> Iterator[Change]:
    for trace in _TRACES:
        yield from trace(scene)


def _order(change: Change) -> tuple[object, ...]:
    # Trouble comes after what was done in the same second.
    return (change.at, change.bad, change.sort != "rollout", change.ref, change.what)
