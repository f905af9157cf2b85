from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.events import latest, warnings
from kube_mcp.diagnosis.finding import LIKELY, WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence
from kube_mcp.diagnosis.pods import created, older_than
from kube_mcp.objects import Obj, dig, dig_list, dig_str
from kube_mcp.scene import Scene, ref_to

# Cloud load balancers take minutes to be made.
_PATIENCE_S = 300


@check("Service", optional=["Event"])
def load_balancer_pending(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A Service of type LoadBalancer has no external address.

    What it detects: an empty ``status.loadBalancer.ingress`` more than five minutes after the
    Service was created, with what the controller says about it.

    Why it matters: nothing outside the cluster can reach it.

    Where it cannot tell: a cluster without a load balancer controller leaves it so forever; the
    lack of any event is the sign of that.
    """
    if dig_str(obj, "spec", "type") != "LoadBalancer" or dig(obj, "metadata", "deletionTimestamp"):
        return
    if dig_list(obj, "status", "loadBalancer", "ingress"):
        return
    if not older_than(created(obj), _PATIENCE_S, scene.now):
        return
    event = latest(obj, scene, "SyncLoadBalancerFailed", "AllocationFailed") or next(
        warnings(obj, scene), None
    )
    klass = dig_str(obj, "spec", "loadBalancerClass")
    yield Finding(
        ref=ref_to(obj),
        severity=WARNING,
        confidence=LIKELY,
        title=f"has no external address{f': {event.message}' if event else ''}",
        evidence=evidence(
            ("status.loadBalancer.ingress", "none"),
            ("spec.loadBalancerClass", klass),
            ("spec.loadBalancerIP", dig_str(obj, "spec", "loadBalancerIP")),
            (f"event {event.reason}", event.message) if event else ("", ""),
        ),
        since=created(obj),
        next="Act on what the load balancer's controller says."
        if event
        else "Check that the cluster has a load balancer controller"
        f"{f' for the class {klass}' if klass else ''} with addresses left.",
    )
