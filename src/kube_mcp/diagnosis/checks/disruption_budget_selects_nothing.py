from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import INFO, Finding
from kube_mcp.diagnosis.phrases import evidence
from kube_mcp.graph.selecting import pods_selected
from kube_mcp.objects import Obj, dig_map, dig_str
from kube_mcp.scene import Scene, ref_to
from kube_mcp.words.selectors import text_of


@check("PodDisruptionBudget", needs=["Pod"])
def disruption_budget_selects_nothing(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A disruption budget selects no pod, so it protects nothing.

    What it detects: a selector that no pod of the namespace meets. A note: nothing is broken by it.

    Why it matters: somebody believes that a workload is protected.

    Where it cannot tell: whether the workload is only scaled down for now.
    """
    selector = dig_map(obj, "spec", "selector")
    if not selector or pods_selected(selector, dig_str(obj, "metadata", "namespace"), scene):
        return
    yield Finding(
        ref=ref_to(obj),
        severity=INFO,
        title=f"selects no pod: {text_of(selector)}",
        evidence=evidence(("spec.selector", text_of(selector))),
        next="Correct the selector, or remove the budget.",
    )
