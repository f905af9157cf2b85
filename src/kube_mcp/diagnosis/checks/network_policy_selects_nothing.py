from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import INFO, Finding
from kube_mcp.diagnosis.phrases import evidence
from kube_mcp.graph.selecting import pods_selected
from kube_mcp.objects import Obj, dig, dig_map, dig_str
from kube_mcp.scene import Scene, ref_to
from kube_mcp.words.selectors import text_of


@check("NetworkPolicy", needs=["Pod"])
def network_policy_selects_nothing(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A NetworkPolicy selects no pod, so it restricts nothing.

    What it detects: a pod selector, not the empty one, that no pod of the namespace meets. A note:
    nothing is broken by it.

    Why it matters: somebody believes that a workload is shielded.

    Where it cannot tell: whether the pods it is for exist only at times.
    """
    selector = dig_map(obj, "spec", "podSelector")
    namespace = dig_str(obj, "metadata", "namespace")
    if not (dig_map(selector, "matchLabels") or dig(selector, "matchExpressions")):
        return
    if pods_selected(selector, namespace, scene):
        return
    yield Finding(
        ref=ref_to(obj),
        severity=INFO,
        title=f"selects no pod: {text_of(selector)}",
        evidence=evidence(("spec.podSelector", text_of(selector))),
        next="Correct the selector, or remove the policy.",
    )
