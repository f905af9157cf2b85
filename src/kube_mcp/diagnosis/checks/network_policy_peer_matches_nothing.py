from __future__ import annotations

from collections.abc import Iterator, Mapping

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import INFO, POSSIBLE, WARNING, Finding
from kube_mcp.diagnosis.phrases import alike, evidence, listed
from kube_mcp.diagnosis.pods import is_over
from kube_mcp.diagnosis.policies import NAME_LABEL, rules
from kube_mcp.graph.selecting import pods_selected
from kube_mcp.objects import Obj, dig_list, dig_map, dig_str
from kube_mcp.scene import Scene, labels_of, ref_to
from kube_mcp.words.selectors import matches, requirements, text_of


@check("NetworkPolicy", needs=["Pod", "Namespace"])
def network_policy_peer_matches_nothing(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A NetworkPolicy lets in, or out to, namespaces or pods of which there are none.

    What it detects: a rule whose namespace selector no namespace meets, or whose pod selector no
    pod of the policy's own namespace meets, in a policy that does select pods; with the
    values there are. A warning where one of those is nearly what is asked for, as after a slip of
    the pen; else a note.

    Why it matters: the rule opens nothing, so what it was written for is refused without a trace.

    Where it cannot tell: whether those namespaces or pods are yet to come, so it is only possible.
    """
    namespace = dig_str(obj, "metadata", "namespace")
    selected = pods_selected(dig_map(obj, "spec", "podSelector"), namespace, scene)
    if not any(not is_over(pod) for pod in selected):
        return
    for direction, key in (("Ingress", "from"), ("Egress", "to")):
        for path, rule in rules(obj, direction):
            for index, peer in enumerate(dig_list(rule, key)):
                problem = _problem(peer, namespace, scene)
                if problem is None:
                    continue
                field, text, known, near = problem
                yield Finding(
                    ref=ref_to(obj),
                    part=f"{path}.{key}[{index}]",
                    severity=WARNING if near else INFO,
                    confidence=POSSIBLE,
                    title=f"its rule {path} admits {field} with {text}, and there are none",
                    evidence=evidence(
                        (f"{path}.{key}[{index}].{field}", text), ("values there are", known)
                    ),
                    next=f"Correct the {field} of {path}, or label what it is meant for.",
                )


def _problem(peer: object, namespace: str, scene: Scene) -> tuple[str, str, str, bool] | None:
    selector = dig_map(peer, "namespaceSelector")
    if selector:
        all_labels = [
            {NAME_LABEL: dig_str(each, "metadata", "name"), **labels_of(each)}
            for each in scene.all("Namespace")
        ]
        if any(matches(selector, labels) for labels in all_labels):
            return None
        return "namespaceSelector", text_of(selector), *_known(selector, all_labels)
    pods = dig_map(peer, "podSelector")
    if not isinstance(peer, Mapping) or "namespaceSelector" in peer or not text_of(pods):
        return None
    if pods_selected(pods, namespace, scene):
        return None
    here = [dict(labels_of(pod)) for pod in scene.inside("Pod", namespace)]
    return "podSelector", text_of(pods), *_known(pods, here)


def _known(selector: object, all_labels: list[dict[str, object]]) -> tuple[str, bool]:
    """The values that the asked labels have, and whether one of them is nearly what is asked."""
    found: dict[str, None] = {}
    near = False
    for each in requirements(selector):
        for labels in all_labels:
            if each.key in labels:
                value = str(labels[each.key])
                found[f"{each.key}={value}"] = None
                near = near or any(alike(value, asked) for asked in each.values)
            near = near or any(alike(key, each.key) for key in labels if key != each.key)
    return listed(sorted(found)), near
