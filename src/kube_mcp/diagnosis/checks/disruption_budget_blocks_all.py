from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import INFO, WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence
from kube_mcp.graph.selecting import pods_selected
from kube_mcp.objects import Obj, dig, dig_int, dig_map, dig_str
from kube_mcp.scene import Scene, ref_to


@check("PodDisruptionBudget", needs=["Pod"], optional=["Node"])
def disruption_budget_blocks_all(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A disruption budget allows no pod to be evicted although all its pods are healthy.

    What it detects: no disruptions allowed while as many pods are healthy as there are: the budget
    demands as many pods as exist. A warning while one of its pods stands on a node that is being
    drained, else a note.

    Why it matters: a node that has such a pod can never be drained, so upgrades hang.

    Where it cannot tell: some operators set this on purpose and lift it themselves.
    """
    expected = dig_int(obj, "status", "expectedPods")
    healthy = dig_int(obj, "status", "currentHealthy")
    if expected == 0 or dig(obj, "status", "disruptionsAllowed") != 0 or healthy < expected:
        return
    pods = pods_selected(
        dig_map(obj, "spec", "selector"), dig_str(obj, "metadata", "namespace"), scene
    )
    cordoned = {
        name
        for pod in pods
        if (name := dig_str(pod, "spec", "nodeName"))
        and dig(scene.peek("Node", "", name), "spec", "unschedulable") is True
    }
    demand = (
        f"minAvailable {dig(obj, 'spec', 'minAvailable')}"
        if dig(obj, "spec", "minAvailable") is not None
        else f"maxUnavailable {dig(obj, 'spec', 'maxUnavailable')}"
    )
    yield Finding(
        ref=ref_to(obj),
        severity=WARNING if cordoned else INFO,
        title=f"allows no eviction: {demand} with {expected} pods, all healthy"
        + (f"; {', '.join(sorted(cordoned))} cannot be drained" if cordoned else ""),
        evidence=evidence(
            ("spec", demand),
            ("status.disruptionsAllowed", 0),
            ("status.currentHealthy / expectedPods", f"{healthy} / {expected}"),
        ),
        next="Run one pod more than the budget demands, or let it spare one.",
    )
