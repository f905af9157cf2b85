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
from kube_mcp.graph.gateways import ROUTES, route_backends
from kube_mcp.graph.traefik import ALL_ROUTES, services_of
from kube_mcp.objects import Obj, Ref, dig
from kube_mcp.scene import Scene, key_of, ref_to


@check(
    *ROUTES,
    *ALL_ROUTES,
    needs=["Service", "Pod"],
    optional=["EndpointSlice", "Deployment", "StatefulSet", "DaemonSet"],
)
def route_backend_not_ready(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A route leads to a Service behind which nothing is ready.

    What it detects: Gateway API routes and Traefik's (HTTP, TCP and UDP) whose backend Service exists and
    has no ready endpoint. It is a symptom: what is found about the Service or its pods explains it.

    Why it matters: this is what people outside see, as a 503.

    Where it cannot tell: what answers behind an ExternalName or endpoints made by hand.
    """
    if dig(obj, "metadata", "deletionTimestamp"):
        return
    broken: dict[Ref, Obj] = {}
    for ref in _services(obj):
        service = scene.peek("Service", ref.namespace, ref.name)
        if service is None or has_ready(service, scene) is not False:
            continue
        if is_settled_behind(service, scene):
            broken[ref] = service
    if not broken:
        return
    names = listed(f"{ref.namespace}/{ref.name}" for ref in broken)
    below = [
        each
        for ref, service in broken.items()
        for each in (
            ref,
            *map(ref_to, selected_pods(service, scene)),
            *templates_selected(service, scene),
        )
    ]
    yield Finding(
        ref=ref_to(obj),
        severity=CRITICAL,
        confidence=LIKELY,
        symptom=True,
        title=f"nothing is ready behind Service {names}",
        evidence=evidence(("backend Services without a ready endpoint", names)),
        blames=tuple(below),
        next=f"Look at the pods behind Service {next(iter(broken)).name}.",
    )


def _services(obj: Obj) -> Iterator[Ref]:
    if key_of(obj) in ALL_ROUTES:
        for each in services_of(obj):
            yield each.ref
        return
    for backend in route_backends(obj):
        if backend.ref.kind == "Service" and not backend.ref.group:
            yield backend.ref
