"""``ownerReferences``: a controller owns what it made, garbage collection follows these."""

from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.graph.edge import Edge
from kube_mcp.graph.owners import owner_refs
from kube_mcp.scene import Scene, ref_to

KINDS = ("Pod", "ReplicaSet", "Job")


def edges(scene: Scene) -> Iterator[Edge]:
    """An edge from each owner to each object it owns, of every kind that was read."""
    for kind, objects in scene.kinds.items():
        if kind == "Event":
            continue
        for obj in objects:
            for owner, controls in owner_refs(obj):
                yield Edge(owner, ref_to(obj), "owns", "" if controls else "not its controller")
