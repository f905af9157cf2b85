from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import CRITICAL, Finding
from kube_mcp.diagnosis.phrases import evidence
from kube_mcp.diagnosis.unreached import answering, is_cluster_dns
from kube_mcp.objects import Obj, dig_map, dig_str
from kube_mcp.scene import Scene, labels_of, ref_to
from kube_mcp.words.selectors import matches_labels


@check("Service", needs=["Pod"], optional=["EndpointSlice"])
def cluster_dns_down(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """The cluster's DNS has no ready pod, so no name resolves.

    What it detects: the DNS Service of kube-system (or OpenShift's) without a ready pod behind it.
    What is found about those pods explains it. A diagnosis of another namespace looks there only
    where the log of something that crashed says that a name did not resolve.

    Why it matters: nearly every other failure that says "no such host" follows from this.

    Where it cannot tell: clusters whose DNS is run by the provider have no such Service, and it
    says nothing; nor does it read CoreDNS's own configuration.
    """
    selector = dig_map(obj, "spec", "selector")
    if not is_cluster_dns(obj) or not selector:
        return
    namespace = dig_str(obj, "metadata", "namespace")
    total, ready = answering(obj, scene)
    if ready:
        return
    pods = [
        pod
        for pod in scene.seen("Pod")
        if dig_str(pod, "metadata", "namespace") == namespace
        and matches_labels(selector, labels_of(pod))
    ]
    elsewhere = bool(scene.namespace) and scene.namespace != namespace
    yield Finding(
        ref=ref_to(obj),
        severity=CRITICAL,
        title=f"cluster DNS is down: {total} pods, none ready",
        evidence=evidence(
            ("pods of the DNS Service / ready", f"{total} / 0"),
            ("spec.selector", ", ".join(f"{key}={value}" for key, value in selector.items())),
        ),
        blames=tuple(map(ref_to, pods)),
        next=f"Diagnose namespace {namespace}, and bring CoreDNS back before anything else."
        if elsewhere
        else "Bring CoreDNS back before anything else.",
    )
