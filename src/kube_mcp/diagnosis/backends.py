"""What stands behind a Service, and what is in the way: shared by every kind of route."""

from __future__ import annotations

from collections.abc import Sequence

from kube_mcp.diagnosis.pods import (
    created,
    is_going,
    is_over,
    is_ready,
    older_than,
)
from kube_mcp.diagnosis.starting import is_settled
from kube_mcp.graph.selecting import pods_with
from kube_mcp.objects import Obj, Ref, dig, dig_list, dig_map, dig_str
from kube_mcp.scene import Scene, labels_of, ref_to, refer
from kube_mcp.words.selectors import matches_labels

# A Service and its workload are applied together; pods need a moment to be made.
_SETTLED_S = 60


def selected_pods(service: Obj, scene: Scene) -> Sequence[Obj]:
    """The pods a Service's selector finds, without those that have run their course."""
    selector = dig_map(service, "spec", "selector")
    if not selector:
        return ()
    found = pods_with(selector, dig_str(service, "metadata", "namespace"), scene)
    return [pod for pod in found if not is_over(pod)]


def is_external(service: Obj) -> bool:
    """Whether the Service is a DNS alias and has no endpoints of its own."""
    return dig_str(service, "spec", "type") == "ExternalName"


def _slices(scene: Scene) -> dict[tuple[str, str], list[Obj]]:
    index: dict[tuple[str, str], list[Obj]] = {}
    for each in scene.seen("EndpointSlice"):
        name = dig_str(labels_of(each), "kubernetes.io/service-name")
        if name:
            key = (dig_str(each, "metadata", "namespace"), name)
            index.setdefault(key, []).append(each)
    return index


def slices_of(service: Obj, scene: Scene) -> Sequence[Obj]:
    """The endpoint slices of a Service that were read."""
    key = (dig_str(service, "metadata", "namespace"), dig_str(service, "metadata", "name"))
    return scene.derived(_slices).get(key, ())


def endpoints(service: Obj, scene: Scene) -> tuple[int, int]:
    """How many endpoints the Service's slices list, and how many of them take traffic.

    A missing ``ready`` counts as ready, as the API defines it.
    """
    total = ready = 0
    for each in slices_of(service, scene):
        for endpoint in dig_list(each, "endpoints"):
            total += 1
            ready += dig(endpoint, "conditions", "ready") is not False
    return total, ready


def has_ready(service: Obj, scene: Scene) -> bool | None:
    """Whether anything answers behind the Service; None where that could not be read."""
    if is_external(service):
        return None
    if dig(service, "spec", "publishNotReadyAddresses") is True:
        return True
    if slices_of(service, scene):
        return any(
            dig(endpoint, "conditions", "ready") is not False
            for each in slices_of(service, scene)
            for endpoint in dig_list(each, "endpoints")
        )
    if not dig_map(service, "spec", "selector"):
        # Without a selector somebody else makes the endpoints; none means nothing answers.
        read = scene.namespace in ("", dig_str(service, "metadata", "namespace"))
        return False if scene.can_see("EndpointSlice") and read else None
    if not scene.can_see("Pod"):
        return None
    return any(is_ready(pod) and not is_going(pod) for pod in selected_pods(service, scene))


def is_settled_behind(service: Obj, scene: Scene) -> bool:
    """Whether the Service's pods have had their time to become ready; without pods, the Service."""
    pods = selected_pods(service, scene)
    if not pods:
        return older_than(created(service), _SETTLED_S, scene.now)
    return all(is_settled(pod, scene) for pod in pods if not is_ready(pod))


def templates_selected(service: Obj, scene: Scene) -> list[Ref]:
    """The workloads whose pods the Service would select, also where they have none now.

    None of those in a namespace that was not read: they only add to what its pods say.
    """
    selector = dig_map(service, "spec", "selector")
    namespace = dig_str(service, "metadata", "namespace")
    found: list[Ref] = []
    if scene.namespace not in ("", namespace):
        return found
    for kind in ("Deployment", "StatefulSet", "DaemonSet"):
        for each in scene.inside(kind, namespace) if scene.can_see(kind) else ():
            labels = dig_map(each, "spec", "template", "metadata", "labels")
            if selector and matches_labels(selector, labels):
                found.append(ref_to(each))
    return found


def service_ports(service: Obj) -> list[tuple[str, int]]:
    """The (name, number) of each port a Service offers."""
    return [
        (dig_str(each, "name"), dig(each, "port", default=0))
        for each in dig_list(service, "spec", "ports")
        if isinstance(dig(each, "port", default=0), int)
    ]


def offers(service: Obj, port: object) -> bool:
    """Whether a Service offers a port, given by number or by name."""
    if isinstance(port, str) and not (port.isascii() and port.isdigit()):
        return any(name == port for name, _ in service_ports(service))
    return any(str(number) == str(port) for _, number in service_ports(service))


def ports_text(service: Obj) -> str:
    """The Service's ports for a reader: ``http 80, 9090``."""
    return ", ".join(f"{name} {number}".strip() for name, number in service_ports(service))


def service_ref(namespace: str, name: str) -> Ref:
    """A reference to a Service."""
    return refer("Service", namespace, name)
