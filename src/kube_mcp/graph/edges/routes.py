"""From outside to Services: Ingresses, Gateway API routes, Traefik's IngressRoutes, webhooks."""

from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.graph.edge import Edge
from kube_mcp.graph.gateways import GATEWAY, GATEWAY_CLASS, ROUTES, parents, route_backends
from kube_mcp.graph.ingresses import backends, class_of
from kube_mcp.graph.traefik import (
    ALL_ROUTES,
    MIDDLEWARE,
    MIDDLEWARE_TCP,
    middlewares_of,
    services_of,
    traefik_services_of,
)
from kube_mcp.objects import Obj, dig_list, dig_str
from kube_mcp.scene import Scene, ref_to, refer

_WEBHOOKS = ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")
KINDS = (
    "Ingress",
    "IngressClass",
    "APIService",
    *_WEBHOOKS,
    GATEWAY,
    GATEWAY_CLASS,
    *ROUTES,
    *ALL_ROUTES,
    MIDDLEWARE,
    MIDDLEWARE_TCP,
)


def edges(scene: Scene) -> Iterator[Edge]:
    """Routes to their backends, parents, classes, middlewares and certificates."""
    for ingress in scene.seen("Ingress"):
        yield from _ingress(ingress)
    for gateway in scene.seen(GATEWAY):
        yield from _gateway(gateway)
    for kind in ROUTES:
        for route in scene.seen(kind):
            for _, parent, section in parents(route):
                yield Edge(ref_to(route), parent, "attached to", section)
            for backend in route_backends(route):
                yield Edge(ref_to(route), backend.ref, "routes to", str(backend.port or ""))
    for kind in ALL_ROUTES:
        for route in scene.seen(kind):
            yield from _ingress_route(route)
    for kind in _WEBHOOKS:
        for configuration in scene.seen(kind):
            for each in dig_list(configuration, "webhooks"):
                name = dig_str(each, "clientConfig", "service", "name")
                namespace = dig_str(each, "clientConfig", "service", "namespace")
                if name:
                    target = refer("Service", namespace, name)
                    yield Edge(ref_to(configuration), target, "calls", dig_str(each, "name"))
    for service in scene.seen("APIService"):
        if name := dig_str(service, "spec", "service", "name"):
            namespace = dig_str(service, "spec", "service", "namespace")
            yield Edge(ref_to(service), refer("Service", namespace, name), "calls")


def _ingress(ingress: Obj) -> Iterator[Edge]:
    ref = ref_to(ingress)
    for each in backends(ingress):
        target = refer("Service", ref.namespace, each.service)
        port = f" port {each.port}" if each.port is not None else ""
        yield Edge(ref, target, "routes to", f"{each.host}{each.path}{port}")
    if name := class_of(ingress):
        yield Edge(ref, refer("IngressClass", "", name), "of class")
    for each_tls in dig_list(ingress, "spec", "tls"):
        if secret := dig_str(each_tls, "secretName"):
            yield Edge(ref, refer("Secret", ref.namespace, secret), "uses", "tls")


def _gateway(gateway: Obj) -> Iterator[Edge]:
    ref = ref_to(gateway)
    if name := dig_str(gateway, "spec", "gatewayClassName"):
        yield Edge(ref, refer(GATEWAY_CLASS, "", name), "of class")
    for listener in dig_list(gateway, "spec", "listeners"):
        for each in dig_list(listener, "tls", "certificateRefs"):
            if secret := dig_str(each, "name"):
                namespace = dig_str(each, "namespace") or ref.namespace
                yield Edge(
                    ref, refer("Secret", namespace, secret), "uses", dig_str(listener, "name")
                )


def _ingress_route(route: Obj) -> Iterator[Edge]:
    ref = ref_to(route)
    for each in (*services_of(route), *traefik_services_of(route)):
        yield Edge(ref, each.ref, "routes to", str(each.port or ""))
    for each in middlewares_of(route):
        yield Edge(ref, each.ref, "uses", "middleware")
    if secret := dig_str(route, "spec", "tls", "secretName"):
        yield Edge(ref, refer("Secret", ref.namespace, secret), "uses", "tls")
