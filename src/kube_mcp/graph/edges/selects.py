"""Selectors and scale targets: who picks pods by label, and who scales which workload."""

from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.graph.edge import Edge
from kube_mcp.graph.scaling import target_of
from kube_mcp.graph.selecting import pods_selected, pods_with
from kube_mcp.objects import Obj, dig_list, dig_map, dig_str
from kube_mcp.scene import Scene, Unreadable, labels_of, ref_to, refer
from kube_mcp.words.selectors import text_of, text_of_labels

KINDS = (
    "Service",
    "EndpointSlice",
    "PodDisruptionBudget",
    "NetworkPolicy",
    "HorizontalPodAutoscaler",
    "Pod",
)


def edges(scene: Scene) -> Iterator[Edge]:
    """Services, budgets and policies to their pods; autoscalers to what they scale."""
    for service in scene.seen("Service"):
        selector = dig_map(service, "spec", "selector")
        if selector:
            yield from _to_pods(service, "selects", text_of_labels(selector), scene)
    for each in scene.seen("EndpointSlice"):
        name = dig_str(labels_of(each), "kubernetes.io/service-name")
        if name:
            service_ref = refer("Service", dig_str(each, "metadata", "namespace"), name)
            ready = sum(
                dig_map(endpoint, "conditions").get("ready") is not False
                for endpoint in dig_list(each, "endpoints")
            )
            total = len(dig_list(each, "endpoints"))
            yield Edge(service_ref, ref_to(each), "has endpoints", f"{ready} of {total} ready")
    for kind, word, key in (
        ("PodDisruptionBudget", "protects", "selector"),
        ("NetworkPolicy", "restricts", "podSelector"),
    ):
        for obj in scene.seen(kind):
            text = text_of(dig_map(obj, "spec", key)) or "every pod"
            yield from _to_pods(obj, word, text, scene, key)
    for autoscaler in scene.seen("HorizontalPodAutoscaler"):
        yield Edge(ref_to(autoscaler), target_of(autoscaler), "scales")


def _to_pods(obj: Obj, word: str, detail: str, scene: Scene, key: str = "") -> Iterator[Edge]:
    namespace = dig_str(obj, "metadata", "namespace")
    try:
        if key:
            pods = pods_selected(dig_map(obj, "spec", key), namespace, scene)
        else:
            pods = pods_with(dig_map(obj, "spec", "selector"), namespace, scene)
    except Unreadable:
        return
    for pod in pods:
        yield Edge(ref_to(obj), ref_to(pod), word, detail)
