"""Pods on nodes."""

from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.graph.edge import Edge
from kube_mcp.objects import dig_str
from kube_mcp.scene import Scene, ref_to, refer

KINDS = ("Pod", "Node")


def edges(scene: Scene) -> Iterator[Edge]:
    """From each pod that was placed to its node."""
    for pod in scene.seen("Pod"):
        if name := dig_str(pod, "spec", "nodeName"):
            yield Edge(ref_to(pod), refer("Node", "", name), "runs on")
