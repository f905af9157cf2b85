from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import CRITICAL, Finding
from kube_mcp.diagnosis.phrases import evidence, listed, plural
from kube_mcp.diagnosis.placement import requirements
from kube_mcp.diagnosis.pods import unwell_pods
from kube_mcp.diagnosis.scheduling import obstacles
from kube_mcp.graph.owners import workload_of
from kube_mcp.objects import Obj
from kube_mcp.scene import Scene, labels_of, ref_to
from kube_mcp.words.selectors import Requirement


@check("Pod", among=unwell_pods, optional=["Node", "Event", "ReplicaSet", "Job"])
def pod_matches_no_node(pod: Obj, scene: Scene) -> Iterator[Finding]:
    """A pod's node selector or required node affinity fits no node.

    What it detects: the scheduler's "didn't match Pod's node affinity/selector", where no node
    that the pod asks for exists; names each requirement that no node meets, and which values the
    nodes have instead. Where some node is asked for, what bars that one is the cause.

    Why it matters: the pod stays Pending whatever room there is.

    Where it cannot tell: where each requirement is met by some node but no node meets all, it
    names the requirements only.
    """
    found = obstacles(pod, scene, "selector", "pinned")
    if found is None:
        return
    nodes = [labels_of(node) for node in scene.seen("Node")]
    wanted = list(requirements(pod))
    unmet = [
        (path, each)
        for path, each in wanted
        if nodes and not any(each.matches(labels) for labels in nodes)
    ]
    shown = unmet or wanted
    asks = listed(_text(each) for _, each in shown)
    yield Finding(
        ref=ref_to(pod),
        workload=workload_of(pod, scene),
        severity=CRITICAL,
        title=(f"asks for a node with {asks}; " if wanted else "")
        + f"{'no node has it' if unmet else 'no node fits'}{found.others()}",
        evidence=evidence(
            (found.path, found.message),
            *((path, _text(each)) for path, each in shown[:3]),
            *((f"nodes have {each.key}", _known(each.key, nodes)) for _, each in unmet[:3]),
        ),
        since=found.since,
        shared=asks if unmet else "",
        next="Correct the node selector or affinity, or give a node the label."
        if unmet
        else f"Compare the requirements with the labels of the {plural(len(nodes), 'node')}.",
    )


def _text(each: Requirement) -> str:
    match each.operator:
        case "In" if len(each.values) == 1:
            return f"{each.key}={each.values[0]}"
        case "Exists":
            return each.key
        case "DoesNotExist":
            return f"no {each.key}"
        case _:
            return f"{each.key} {each.operator} {listed(each.values)}"


def _known(key: str, nodes: Sequence[Mapping[str, object]]) -> str:
    values = sorted({str(labels[key]) for labels in nodes if key in labels})
    return listed(values) if values else "no such label"
