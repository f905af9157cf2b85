"""What pods ask for and what nodes have left, as plain numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kube_mcp.diagnosis.pods import is_over
from kube_mcp.objects import Obj, dig, dig_list, dig_map, dig_str
from kube_mcp.scene import Scene
from kube_mcp.words.quantities import format_bytes, format_cpu, number


def amount(resource: str, value: float) -> str:
    """An amount of a resource for a reader: ``250m``, ``1.5Gi``, ``2``."""
    if resource.removeprefix("requests.").removeprefix("limits.") == "cpu":
        return format_cpu(value)
    if "memory" in resource or "storage" in resource:
        return format_bytes(value)
    return f"{value:g}"


def requests(pod: Obj) -> dict[str, float]:
    """What the scheduler reserves for a pod: containers and sidecars, or its largest init step."""
    running: dict[str, float] = {}
    largest: dict[str, float] = {}
    for container in dig_list(pod, "spec", "initContainers"):
        asked = _asked(container)
        if dig_str(container, "restartPolicy") == "Always":
            _add(running, asked)
            _raise_to(largest, running)
        else:
            _raise_to(largest, {key: running.get(key, 0) + value for key, value in asked.items()})
    for container in dig_list(pod, "spec", "containers"):
        _add(running, _asked(container))
    _raise_to(running, largest)
    # What is asked for the pod as a whole stands above what its containers ask for.
    running.update(_asked(dig_map(pod, "spec")))
    _add(running, _numbers(dig_map(pod, "spec", "overhead")))
    return running


def _asked(container: object) -> dict[str, float]:
    limits = _numbers(dig_map(container, "resources", "limits"))
    return limits | _numbers(dig_map(container, "resources", "requests"))


def _numbers(quantities: Mapping[str, object]) -> dict[str, float]:
    found = {key: number(value) for key, value in quantities.items()}
    return {key: value for key, value in found.items() if value is not None}


def _add(total: dict[str, float], more: Mapping[str, float]) -> None:
    for key, value in more.items():
        total[key] = total.get(key, 0) + value


def _raise_to(total: dict[str, float], least: Mapping[str, float]) -> None:
    for key, value in least.items():
        total[key] = max(total.get(key, 0), value)


@dataclass(frozen=True, slots=True)
class Room:
    """What one node offers and what is asked of it already."""

    name: str
    allocatable: Mapping[str, float]
    requested: Mapping[str, float]
    schedulable: bool

    def free(self, resource: str) -> float:
        """What is left to be requested."""
        return self.allocatable.get(resource, 0) - self.requested.get(resource, 0)


def rooms(scene: Scene) -> list[Room]:
    """Every node with what is requested of it. Where only one namespace's pods were read, or not
    all of them, nothing is known of the rest and the list is empty.
    """
    return scene.derived(_rooms)


def _rooms(scene: Scene) -> list[Room]:
    if scene.namespace or not scene.can_see("Pod") or "Pod" in scene.partial:
        return []
    placed: Counter[tuple[str, int, int, int, int]] = Counter()
    example: dict[tuple[int, ...], Obj] = {}
    for pod in scene.seen("Pod"):
        spec = dig_map(pod, "spec")
        node = dig_str(spec, "nodeName")
        if node and not is_over(pod):
            # Replicas share what they ask for; the scene holds it, so no identity is used twice.
            asks = (
                id(spec.get("containers")),
                id(spec.get("initContainers")),
                id(spec.get("resources")),
                id(spec.get("overhead")),
            )
            placed[(node, *asks)] += 1
            example.setdefault(asks, pod)
    asked = {asks: requests(pod) for asks, pod in example.items()}
    requested: dict[str, dict[str, float]] = {}
    for (node, *asks_for), pods in placed.items():
        total = requested.setdefault(node, {})
        for resource, value in asked[tuple(asks_for)].items():
            total[resource] = total.get(resource, 0) + value * pods
        total["pods"] = total.get("pods", 0) + pods
    return [
        Room(
            name=dig_str(node, "metadata", "name"),
            allocatable=_numbers(dig_map(node, "status", "allocatable")),
            requested=requested.get(dig_str(node, "metadata", "name"), {}),
            schedulable=not dig(node, "spec", "unschedulable"),
        )
        for node in scene.seen("Node")
    ]


def largest_allocatable(resource: str, nodes: Iterable[Obj]) -> float | None:
    """The most that any single one of these nodes offers of a resource; None for no node."""
    return max(
        (number(dig(node, "status", "allocatable", resource)) or 0 for node in nodes), default=None
    )
