"""Which pods a selector finds, without looking at every pod for every selector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kube_mcp.objects import Obj, dig_map, dig_str
from kube_mcp.scene import Scene, labels_of
from kube_mcp.words.selectors import matches, matches_labels


@dataclass(frozen=True, slots=True)
class _Group:
    """Pods of one namespace with the same labels, and each one's place among all that were read."""

    labels: Mapping[str, Any]
    pods: list[tuple[int, Obj]]


def _index(scene: Scene) -> dict[tuple[str, str, str], list[_Group]]:
    # Replicas share the very labels; the scene holds them, so no identity is used twice.
    groups: dict[tuple[str, int], _Group] = {}
    for place, pod in enumerate(scene.all("Pod")):
        labels = labels_of(pod)
        key = (dig_str(pod, "metadata", "namespace"), id(labels))
        group = groups.get(key)
        if group is None:
            group = groups[key] = _Group(labels, [])
        group.pods.append((place, pod))
    index: dict[tuple[str, str, str], list[_Group]] = {}
    for (namespace, _), group in groups.items():
        for name, value in group.labels.items():
            if isinstance(value, str):
                index.setdefault((namespace, name, value), []).append(group)
    return index


def _found(scene: Scene) -> dict[tuple[str, str], list[Obj]]:
    """What was found before: several checks ask for the pods of one Service."""
    return {}


def pods_with(labels: object, namespace: str, scene: Scene) -> Sequence[Obj]:
    """The pods of a namespace that carry every pair of a plain map. Raises `Unreadable`.

    An empty map finds all of them.
    """
    if not isinstance(labels, Mapping) or not labels:
        return scene.inside("Pod", namespace)
    scene.inside("Pod", namespace)  # raises where this namespace was not read
    index = scene.derived(_index)
    known, key = scene.derived(_found), (namespace, repr(labels))
    found = known.get(key)
    if found is None:
        # The rarest pair leaves the fewest pods to look at.
        candidates = min(
            (index.get((namespace, str(name), str(value)), []) for name, value in labels.items()),
            key=len,
        )
        places = [
            place
            for group in candidates
            if matches_labels(labels, group.labels)
            for place in group.pods
        ]
        places.sort(key=lambda each: each[0])
        found = known[key] = [pod for _, pod in places]
    return found


def pods_selected(selector: object, namespace: str, scene: Scene) -> Sequence[Obj]:
    """The pods of a namespace that a ``LabelSelector`` finds. Raises `Unreadable`."""
    if not isinstance(selector, Mapping):
        return ()
    near = pods_with(dig_map(selector, "matchLabels"), namespace, scene)
    return [pod for pod in near if matches(selector, labels_of(pod))]
