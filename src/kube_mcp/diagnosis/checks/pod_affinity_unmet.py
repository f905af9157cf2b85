from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import CRITICAL, Finding
from kube_mcp.diagnosis.phrases import evidence, plural
from kube_mcp.diagnosis.pods import unwell_pods
from kube_mcp.diagnosis.scheduling import obstacles
from kube_mcp.graph.owners import pods_of, workload_of
from kube_mcp.objects import Obj, dig_list, dig_str
from kube_mcp.scene import Scene, ref_to
from kube_mcp.words.selectors import text_of

_REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"


@check("Pod", among=unwell_pods, optional=["Node", "Event", "ReplicaSet"])
def pod_affinity_unmet(pod: Obj, scene: Scene) -> Iterator[Finding]:
    """A pod's required affinity to, or distance from, other pods leaves no node for it.

    What it detects: pod affinity, anti-affinity or a topology spread constraint as the main cause
    the scheduler names, with the terms; and more replicas than nodes where each must stand alone.

    Why it matters: the pod stays Pending, often the last replicas of a workload or the new ones
    of a rolling update.

    Where it cannot tell: which pods of other namespaces a term meets, if they could not be read.
    """
    found = obstacles(pod, scene, "pod-affinity", "spread")
    if found is None:
        return
    terms = [
        (
            f"spec.affinity.{kind}",
            f"{text_of(term.get('labelSelector'))} per {dig_str(term, 'topologyKey')}",
        )
        for kind in ("podAffinity", "podAntiAffinity")
        for term in dig_list(pod, "spec", "affinity", kind, _REQUIRED)
        if isinstance(term, dict)
    ]
    spread = [
        ("spec.topologySpreadConstraints", f"maxSkew {each.get('maxSkew')} per {topology}")
        for each in dig_list(pod, "spec", "topologySpreadConstraints")
        if isinstance(each, dict) and (topology := dig_str(each, "topologyKey"))
        if each.get("whenUnsatisfiable") == "DoNotSchedule"
    ]
    owner = workload_of(pod, scene)
    siblings = len(pods_of(owner, scene)) if owner else 0
    nodes = len(scene.seen("Node"))
    crowd = (
        f"; {plural(siblings, 'pod')} of {owner} for {plural(nodes, 'node')}"
        if owner and nodes and siblings > nodes
        else ""
    )
    unlabelled = "missing required label" in found.main.text
    keys = [path.rpartition(" per ")[2] for _, path in spread]
    yield Finding(
        ref=ref_to(pod),
        workload=owner,
        severity=CRITICAL,
        title=f"{plural(found.main.nodes, 'node lacks', 'nodes lack')} the label "
        f"{' or '.join(keys) or 'that'} its topology spread counts by{found.others()}"
        if unlabelled
        else f"{found.main.text.removeprefix('node(s) ')} on "
        f"{plural(found.main.nodes, 'node')}{crowd}{found.others()}",
        evidence=evidence((found.path, found.message), *terms[:3], *spread[:2]),
        since=found.since,
        next="Label the nodes, or spread by a label that they have."
        if unlabelled
        else "Prefer the rule instead of requiring it, or run as many replicas as nodes allow.",
    )
