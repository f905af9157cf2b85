from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.conditions import condition, said, since
from kube_mcp.diagnosis.finding import INFO, WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence, plural, quote
from kube_mcp.graph.selecting import pods_selected
from kube_mcp.objects import Obj, dig, dig_int, dig_map, dig_str
from kube_mcp.scene import Scene, ref_to
from kube_mcp.words.selectors import text_of


@check("PodDisruptionBudget", needs=["Pod"], optional=["Node"])
def disruption_budget_blocks_all(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A disruption budget allows no pod to be evicted although all its pods are healthy.

    What it detects: no disruptions allowed while as many pods are healthy as there are: the budget
    demands as many pods as exist. A warning while one of its pods stands on a node that is being
    drained, else a note. Also a budget whose pods the controller cannot count, because they belong
    to nothing that has a scale: it allows no eviction either, whatever it demands. And a pod that
    two budgets select: the API refuses to evict it.

    Why it matters: a node that has such a pod can never be drained, so upgrades hang.

    Where it cannot tell: some operators set this on purpose and lift it themselves.
    """
    expected = dig_int(obj, "status", "expectedPods")
    healthy = dig_int(obj, "status", "currentHealthy")
    failed = condition(obj, "DisruptionAllowed")
    if dig_str(failed, "reason") == "SyncFailed" and dig(obj, "status", "disruptionsAllowed") == 0:
        yield Finding(
            ref=ref_to(obj),
            severity=WARNING,
            title=f"allows no eviction, because its pods cannot be counted: "
            f"{quote(dig_str(failed, 'message'), most=200)}",
            evidence=evidence(
                ("status.conditions[DisruptionAllowed]", f"False {said(failed)}"),
                ("status.disruptionsAllowed", 0),
            ),
            since=since(failed),
            next="Let it select only pods of a workload that has a scale, or demand minAvailable "
            "as a number.",
        )
        return
    yield from _overlap(obj, scene)
    if expected == 0 or dig(obj, "status", "disruptionsAllowed") != 0 or healthy < expected:
        return
    pods = _selected(obj, scene)
    cordoned = _cordoned(pods, scene)
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


def _overlap(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """Told of the first of the budgets by name, once."""
    namespace, own = dig_str(obj, "metadata", "namespace"), dig_str(obj, "metadata", "name")
    pods = {ref_to(pod): pod for pod in _selected(obj, scene)}
    for other in scene.inside("PodDisruptionBudget", namespace):
        name = dig_str(other, "metadata", "name")
        shared = [pod for pod in _selected(other, scene) if ref_to(pod) in pods]
        if name <= own or not shared:
            continue
        cordoned = _cordoned(shared, scene)
        yield Finding(
            ref=ref_to(obj),
            part=name,
            severity=WARNING if cordoned else INFO,
            title=f"and {name} both select {plural(len(shared), 'pod')}, such as "
            f"{dig_str(shared[0], 'metadata', 'name')}: a pod of two budgets cannot be evicted"
            + (f"; {', '.join(sorted(cordoned))} cannot be drained" if cordoned else ""),
            evidence=evidence(
                ("spec.selector", text_of(dig(obj, "spec", "selector"))),
                (
                    f"PodDisruptionBudget {name} spec.selector",
                    text_of(dig(other, "spec", "selector")),
                ),
            ),
            next=f"Keep one of {own} and {name}, or narrow their selectors.",
        )


def _selected(budget: Obj, scene: Scene) -> Sequence[Obj]:
    selector = dig_map(budget, "spec", "selector")
    return pods_selected(selector, dig_str(budget, "metadata", "namespace"), scene)


def _cordoned(pods: Iterable[Obj], scene: Scene) -> set[str]:
    return {
        name
        for pod in pods
        if (name := dig_str(pod, "spec", "nodeName"))
        and dig(scene.peek("Node", "", name), "spec", "unschedulable") is True
    }
