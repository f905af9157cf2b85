"""Which nodes a pod may be on by its own words: selector, required affinity and tolerations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from kube_mcp.objects import Obj, dig, dig_list, dig_map, dig_str
from kube_mcp.scene import labels_of
from kube_mcp.words.selectors import Requirement


def requirements(pod: Obj) -> Iterator[tuple[str, Requirement]]:
    """Every requirement on a node's labels, with the field it stands in."""
    for each in _selector(pod):
        yield "spec.nodeSelector", each
    for term in _terms(pod):
        for each in _expressions(term, "matchExpressions"):
            yield "spec.affinity.nodeAffinity", each


def admits(pod: Obj, node: Obj) -> bool:
    """Whether the pod may be on the node, as far as selector and required affinity go.

    All of the selector must be met, and all of at least one affinity term.
    Source: https://kubernetes.io/docs/concepts/scheduling-eviction/assign-pod-node/
    """
    if not dig(pod, "spec", "nodeSelector") and not dig(pod, "spec", "affinity"):
        return True  # nearly every pod, beside every node there is
    labels = labels_of(node)
    if not all(each.matches(labels) for each in _selector(pod)):
        return False
    terms = _terms(pod)
    fields = {"metadata.name": dig_str(node, "metadata", "name")}
    return not terms or any(
        all(each.matches(labels) for each in _expressions(term, "matchExpressions"))
        and all(each.matches(fields) for each in _expressions(term, "matchFields"))
        for term in terms
    )


def usable(pod: Obj, nodes: Sequence[Obj]) -> list[Obj]:
    """The nodes that the pod asks for and whose taints it tolerates."""
    if any(_selector(pod)) or _terms(pod):
        nodes = [node for node in nodes if admits(pod, node)]
    return [node for node in nodes if tolerates(pod, node)]


def tolerates(pod: Obj, node: Obj) -> bool:
    """Whether the pod tolerates every taint of the node that keeps new pods away.

    Source: https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/
    """
    taints = dig_list(node, "spec", "taints")
    if not taints:
        return True
    tolerations = dig_list(pod, "spec", "tolerations")
    return all(
        dig_str(taint, "effect") == "PreferNoSchedule"
        or any(_covers(toleration, taint) for toleration in tolerations)
        for taint in taints
    )


def _covers(toleration: object, taint: object) -> bool:
    key, effect = dig_str(toleration, "key"), dig_str(toleration, "effect")
    if (key and key != dig_str(taint, "key")) or (effect and effect != dig_str(taint, "effect")):
        return False
    if dig_str(toleration, "operator") == "Exists":
        return True
    return bool(key) and dig_str(toleration, "value") == dig_str(taint, "value")


def _selector(pod: Obj) -> Iterator[Requirement]:
    for key, value in dig_map(pod, "spec", "nodeSelector").items():
        yield Requirement(str(key), "In", (str(value),))


def _terms(pod: Obj) -> list[Mapping[str, object]]:
    required = dig_map(
        pod, "spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution"
    )
    return [dig_map(term) for term in dig_list(required, "nodeSelectorTerms")]


def _expressions(term: Mapping[str, object], key: str) -> Iterator[Requirement]:
    for each in dig_list(term, key):
        values = tuple(str(value) for value in dig_list(each, "values"))
        yield Requirement(dig_str(each, "key"), dig_str(each, "operator"), values)
