from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import LIKELY, WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence, listed
from kube_mcp.diagnosis.pods import is_going, is_over, is_ready, pod_template
from kube_mcp.diagnosis.workloads import counts, is_deleted
from kube_mcp.graph.owners import pods_of
from kube_mcp.graph.volumes import claim_names
from kube_mcp.objects import Obj, dig_list, dig_str
from kube_mcp.scene import Scene, ref_to

_SINGLE = {"ReadWriteOnce", "ReadWriteOncePod"}


@check("Deployment", needs=["PersistentVolumeClaim", "Pod"])
def claim_shared_by_replicas(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A Deployment's pods need a claim that only one node may use at a time.

    What it detects: a ReadWriteOnce claim in a Deployment with several replicas on several nodes,
    or with a rolling update, whose new pod waits for the volume the old one holds.

    Why it matters: the new pod waits for the old one to go, and the old one goes only when the new
    one is ready.

    Where it cannot tell: pods that happen to share one node work; it is reported only where a pod
    is not ready.
    """
    if is_deleted(obj):
        return
    namespace = dig_str(obj, "metadata", "namespace")
    single = []
    for name in claim_names({"metadata": {}, "spec": pod_template(obj).get("spec", {})}):
        claim = scene.peek("PersistentVolumeClaim", namespace, name)
        modes = {str(each) for each in dig_list(claim, "spec", "accessModes")}
        if modes and modes <= _SINGLE:
            single.append((name, ", ".join(sorted(modes))))
    rolling = dig_str(obj, "spec", "strategy", "type") != "Recreate"
    wanted = counts(obj).wanted
    if not single or (wanted < 2 and not rolling):
        return
    alive = [pod for pod in pods_of(obj, scene) if not is_over(pod) and not is_going(pod)]
    holding = {dig_str(pod, "spec", "nodeName") for pod in alive if is_ready(pod)}
    waiting = [
        pod
        for pod in alive
        if dig_str(pod, "status", "phase") == "Pending"
        and dig_str(pod, "spec", "nodeName") not in holding
    ]
    if not holding or not waiting:
        return
    name, modes_text = single[0]
    yield Finding(
        ref=ref_to(obj),
        severity=WARNING,
        confidence=LIKELY,
        title=f"its pods share the claim {name}, which is {modes_text}: "
        f"{listed(dig_str(pod, 'metadata', 'name') for pod in waiting)} waits for it",
        evidence=evidence(
            (f"PersistentVolumeClaim {name} spec.accessModes", modes_text),
            ("spec.replicas", wanted),
            ("spec.strategy.type", dig_str(obj, "spec", "strategy", "type") or "RollingUpdate"),
            ("node that holds it", listed(sorted(holding))),
        ),
        explains=tuple(ref_to(pod) for pod in waiting),
        next="Use one replica with the Recreate strategy, or a ReadWriteMany claim.",
    )
