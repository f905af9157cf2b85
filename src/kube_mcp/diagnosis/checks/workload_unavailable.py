from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.conditions import condition, since, status_is
from kube_mcp.diagnosis.finding import CRITICAL, LIKELY, WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence
from kube_mcp.diagnosis.pods import created, is_ready, older_than
from kube_mcp.diagnosis.starting import is_settled
from kube_mcp.diagnosis.workloads import below, counts, is_deleted, is_observed
from kube_mcp.graph.owners import controller_of, pods_of
from kube_mcp.objects import Obj
from kube_mcp.scene import Scene, key_of, ref_to

# A controller makes the pods of a new workload within seconds.
_SETTLED_S = 180


@check(
    "Deployment",
    "StatefulSet",
    "ReplicaSet",
    "ReplicationController",
    optional=["Pod"],
)
def workload_unavailable(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A workload has fewer available pods than it should.

    What it detects: a Deployment, StatefulSet, or a ReplicaSet of its own, whose available pods
    are fewer than wanted (for a Deployment: than its rolling update allows). It is a symptom:
    whatever is found about its pods explains it.

    Why it matters: with none available nothing is served.

    Where it cannot tell: without a finding below it the pods' logs and events must tell why.
    """
    kind = key_of(obj)
    if is_deleted(obj) or (kind == "ReplicaSet" and controller_of(obj) is not None):
        return
    count = counts(obj)
    if count.wanted == 0 or not is_observed(obj):
        return
    lacking = count.ready < count.wanted
    if kind == "Deployment":
        # The controller's own verdict: an update in progress may lack as many as it is allowed.
        lacking = status_is(obj, "Available", "False") or (
            lacking and count.updated >= count.wanted
        )
    if not lacking or not obj.get("status"):
        return
    begun = since(condition(obj, "Available")) if status_is(obj, "Available", "False") else None
    pods = [pod for pod in pods_of(obj, scene) if not is_ready(pod)]
    if pods and not all(is_settled(pod, scene) for pod in pods):
        return
    if not pods and not older_than(begun or created(obj), _SETTLED_S, scene.now):
        return
    none = count.ready == 0
    yield Finding(
        ref=ref_to(obj),
        workload=controller_of(obj),
        severity=CRITICAL if none else WARNING,
        confidence=LIKELY,
        symptom=True,
        title=f"{count.ready} of {count.wanted} pods are ready",
        evidence=evidence(
            ("spec.replicas", count.wanted),
            ("status.replicas", count.made),
            ("status.readyReplicas", count.ready),
            ("status.conditions[Available].message", condition(obj, "Available").get("message")),
        ),
        since=begun,
        blames=below(obj, scene),
        next=f"Look at the events of {ref_to(obj)}: it has made {count.made} of {count.wanted} pods."
        if count.made < count.wanted
        else f"Look at the pods of {ref_to(obj)} that are not ready.",
    )
