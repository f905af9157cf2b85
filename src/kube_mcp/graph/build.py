"""A scene's objects with every relation between them, indexed in both directions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from kube_mcp.folders import modules
from kube_mcp.graph.edge import Edge, Relation
from kube_mcp.objects import Ref
from kube_mcp.scene import Scene


@dataclass(frozen=True, slots=True)
class Graph:
    """Edges by the object they start from and by the one they lead to, without repetitions."""

    outgoing: dict[Ref, list[Edge]] = field(default_factory=dict)
    incoming: dict[Ref, list[Edge]] = field(default_factory=dict)

    def out(self, ref: Ref) -> Sequence[Edge]:
        """What the object does with others."""
        return self.outgoing.get(ref, ())

    def into(self, ref: Ref) -> Sequence[Edge]:
        """What others do with the object."""
        return self.incoming.get(ref, ())


@lru_cache(maxsize=1)
def relations() -> tuple[Relation, ...]:
    """Every relation in ``edges/``. A file without ``KINDS`` and ``edges`` is a programming error."""
    import kube_mcp.graph.edges as package

    return tuple(
        Relation(module.__name__.rpartition(".")[2], frozenset(module.KINDS), module.edges)
        for module in modules(package)
    )


def kinds() -> frozenset[str]:
    """The keys of every kind that some relation reads."""
    return frozenset().union(*(each.kinds for each in relations()))


def build(scene: Scene, *, only: Iterable[Relation] | None = None) -> Graph:
    """All relations in the scene. What could not be read has no edges; ask the scene why."""
    graph = Graph()
    seen: set[tuple[Ref, Ref, str]] = set()
    for relation in relations() if only is None else only:
        for edge in relation.edges(scene):
            key = (edge.source, edge.target, edge.word)
            if key in seen or edge.source == edge.target:
                continue
            seen.add(key)
            graph.outgoing.setdefault(edge.source, []).append(edge)
            graph.incoming.setdefault(edge.target, []).append(edge)
    return graph
