from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.backends import (
    has_ready,
    is_settled_behind,
    selected_pods,
    templates_selected,
)
from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import CRITICAL, LIKELY, Finding
from kube_mcp.diagnosis.phrases import evidence, listed
from kube_mcp.graph.ingresses import backends
from kube_mcp.objects import Obj, dig, dig_str
from kube_mcp.scene import Scene, ref_to


@check(
    "Ingress",
    needs=["Service", "Pod"],
    optional=["EndpointSlice", "Deployment", "StatefulSet", "DaemonSet"],
)
def ingress_backend_not_ready(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """An Ingress routes to a Service behind which nothing is ready, so its hosts answer 503.

    What it detects: backends that exist and have no ready endpoint. It is a symptom: what is found
    about the Service or its pods explains it.

    Why it matters: this is what people outside see.

    Where it cannot tell: what answers behind an ExternalName or endpoints made by hand.
    """
    if dig(obj, "metadata", "deletionTimestamp"):
        return
    namespace = dig_str(obj, "metadata", "namespace")
    broken: dict[str, Obj] = {}
    hosts: list[str] = []
    for each in backends(obj):
        service = scene.get("Service", namespace, each.service)
        if service is None or has_ready(service, scene) is not False:
            continue
        if not is_settled_behind(service, scene):
            continue
        broken[each.service] = service
        hosts.append(f"{each.host}{each.path}")
    if not broken:
        return
    below = [
        ref
        for service in broken.values()
        for ref in (
            ref_to(service),
            *map(ref_to, selected_pods(service, scene)),
            *templates_selected(service, scene),
        )
    ]
    yield Finding(
        ref=ref_to(obj),
        severity=CRITICAL,
        confidence=LIKELY,
        symptom=True,
        title=f"{listed(hosts, most=3)}: nothing is ready behind Service {listed(broken)}",
        evidence=evidence(("backend Services without a ready endpoint", listed(broken))),
        blames=tuple(below),
        next=f"Look at the pods behind Service {next(iter(broken))}.",
    )
