"""A tree of what surrounds one object, in both directions, within limits it reports."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from kube_mcp.graph.build import Graph
from kube_mcp.graph.edge import INVERSE, Edge
from kube_mcp.objects import Ref

#: What an object's own tree follows first: who made it and what it leads to, then the rest.
_ORDER = (
    "owned by",
    "applied by",
    "routed from",
    "selected by",
    "scaled by",
    "owns",
    "applies",
    "routes to",
    "selects",
    "has endpoints",
    "uses",
    "runs as",
    "bound to",
    "runs on",
)
#: Nobody thinks of it as a step between a Deployment and its pods.
_NO_STEP = ("ReplicaSet",)

_BACK = {**INVERSE, **{inverse: word for word, inverse in INVERSE.items()}}


@dataclass(slots=True)
class Branch:
    """One object in the tree, and how the one above relates to it.

    ``left_out`` counts, by word, the related objects that the limits kept out.
    """

    ref: Ref
    word: str = ""
    detail: str = ""
    below: list[Branch] = field(default_factory=list)
    left_out: dict[str, int] = field(default_factory=dict)

    def size(self) -> int:
        """How many objects the tree holds, this one included."""
        return 1 + sum(each.size() for each in self.below)


def around(
    graph: Graph, start: Ref, *, depth: int = 2, most: int = 60, most_of_a_word: int = 8
) -> Branch:
    """The objects within ``depth`` steps of ``start``, each once, nearest first.

    A relation is not followed back: a ConfigMap that the pod uses is shown, and not everybody
    else who uses it; ask about the ConfigMap for those.

    From a Deployment over its ReplicaSet to a pod is one step.

    At most ``most`` objects, and ``most_of_a_word`` of one relation at one object (a Deployment
    with a hundred pods shows eight); what is left out is counted where it was left out.
    """
    root = Branch(start)
    placed = {start}
    waiting = deque([(root, 0)])
    while waiting:
        branch, level = waiting.popleft()
        if level >= depth:
            continue
        taken: dict[str, int] = {}
        for word, edge, other in _steps(graph, branch.ref):
            # Not back the way it came: from a pod to its node and on to all pods of that node.
            if other in placed or word == _BACK.get(branch.word):
                continue
            if len(placed) >= most or taken.get(word, 0) >= most_of_a_word:
                branch.left_out[word] = branch.left_out.get(word, 0) + 1
                continue
            placed.add(other)
            taken[word] = taken.get(word, 0) + 1
            child = Branch(other, word, edge.detail)
            branch.below.append(child)
            step = 0 if word == "owns" and other.kind in _NO_STEP else 1
            waiting.append((child, level + step))
    return root


def _steps(graph: Graph, ref: Ref) -> list[tuple[str, Edge, Ref]]:
    """Every (word, edge, other object) at an object, in a stable and telling order."""
    found = [(edge.word, edge, edge.target) for edge in graph.out(ref)]
    found += [(INVERSE.get(edge.word, edge.word), edge, edge.source) for edge in graph.into(ref)]
    return sorted(found, key=lambda step: (_rank(step[0]), step[0], step[2]))


def _rank(word: str) -> int:
    return _ORDER.index(word) if word in _ORDER else len(_ORDER)
