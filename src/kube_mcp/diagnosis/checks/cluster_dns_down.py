from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import CRITICAL, Finding
from kube_mcp.diagnosis.phrases import evidence
from kube_mcp.diagnosis.pods import is_going, is_over, is_ready
from kube_mcp.diagnosis.unreached import is_cluster_dns
from kube_mcp.graph.selecting import pods_with
from kube_mcp.objects import Obj, dig_map, dig_str
from kube_mcp.scene import Scene, ref_to


@check("Service", needs=["Pod"])
def cluster_dns_down(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """The cluster's DNS has no ready pod, so no name resolves.

    What it detects: the DNS Service of kube-system (or OpenShift's) without a ready pod behind it.
    What is found about those pods explains it.

    Why it matters: nearly every other failure that says "no such host" follows from this.

    Where it cannot tell: clusters whose DNS is run by the provider have no such Service, and it
    says nothing; nor does it read CoreDNS's own configuration.
    """
    selector = dig_map(obj, "spec", "selector")
    if not is_cluster_dns(obj) or not selector:
        return
    namespace = dig_str(obj, "metadata", "namespace")
    pods = [pod for pod in pods_with(selector, namespace, scene) if not is_over(pod)]
    ready = [pod for pod in pods if is_ready(pod) and not is_going(pod)]
    if ready:
        return
    yield Finding(
        ref=ref_to(obj),
        severity=CRITICAL,
        title=f"cluster DNS is down: {len(pods)} pods, none ready",
        evidence=evidence(
            ("pods of the DNS Service / ready", f"{len(pods)} / 0"),
            ("spec.selector", ", ".join(f"{key}={value}" for key, value in selector.items())),
        ),
        blames=tuple(map(ref_to, pods)),
        next="Bring CoreDNS back before anything else.",
    )
