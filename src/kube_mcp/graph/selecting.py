"""Which pods a selector finds, without looking at every pod for every selector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kube_mcp.objects import Obj, dig_map, dig_str
from kube_mcp.scene import Scene, labels_of
from kube_mcp.words.selectors import matches, matches_labels


def _index(scene: Scene) -> dict[tuple[str, str, str], list[Obj]]:
    index: dict[tuple[str, str, str], list[Obj]] = {}
    for pod in scene.all("Pod"):
        namespace = dig_str(pod, "metadata", "namespace")
        for key, value in labels_of(pod).items():
            if isinstance(value, str):
                index.setdefault((namespace, key, value), []).append(pod)
    return index


def pods_with(labels: object, namespace: str, scene: Scene) -> Sequence[Obj]:
    """The pods of a namespace that carry every pair of a plain map. Raises `Unreadable`.

    An empty map finds all of them.
    """
    if not isinstance(labels, Mapping) or not labels:
        return scene.inside("Pod", namespace)
    scene.inside("Pod", namespace)  # raises where this namespace was not read
    index = scene.derived(_index)
    # The rarest pair leaves the fewest pods to look at.
    candidates = min(
        (index.get((namespace, str(key), str(value)), []) for key, value in labels.items()), key=len
    )
    return [pod for pod in candidates if matches_labels(labels, labels_of(pod))]


def pods_selected(selector: object, namespace: str, scene: Scene) -> Sequence[Obj]:
    """The pods of a namespace that a ``LabelSelector`` finds. Raises `Unreadable`."""
    if not isinstance(selector, Mapping):
        return ()
    near = pods_with(dig_map(selector, "matchLabels"), namespace, scene)
    return [pod for pod in near if matches(selector, labels_of(pod))]
