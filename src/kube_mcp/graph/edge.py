"""One relation between two objects, and the words for it in both directions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from kube_mcp.objects import Ref
from kube_mcp.scene import Scene


@dataclass(frozen=True, slots=True)
class Edge:
    """``source`` does something with ``target``; ``detail`` says by which field, port or role."""

    source: Ref
    target: Ref
    word: str
    detail: str = ""


#: How an edge's word reads from the other end.
INVERSE = {
    "owns": "owned by",
    "selects": "selected by",
    "scales": "scaled by",
    "protects": "protected by",
    "restricts": "restricted by",
    "uses": "used by",
    "runs as": "is the account of",
    "routes to": "routed from",
    "attached to": "carries",
    "bound to": "bound by",
    "of class": "class of",
    "grants": "granted by",
    "grants to": "granted through",
    "runs on": "runs",
    "applies": "applied by",
    "takes from": "source of",
    "depends on": "needed by",
    "issued by": "issues",
    "makes": "made by",
    "has endpoints": "endpoints of",
    "calls": "called by",
}


@dataclass(frozen=True, slots=True)
class Relation:
    """One file of ``edges/``: its name, the kinds it reads, and its edges in a scene."""

    name: str
    kinds: frozenset[str]
    edges: Callable[[Scene], Iterator[Edge]]
