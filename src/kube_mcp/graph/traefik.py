"""Traefik's own routes, of HTTP, TCP and UDP: the Services, middlewares and Secrets they name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from kube_mcp.objects import Obj, Ref, dig, dig_list, dig_str
from kube_mcp.scene import key_of, refer

GROUP = "traefik.io"
INGRESS_ROUTE = f"IngressRoute.{GROUP}"
INGRESS_ROUTE_TCP = f"IngressRouteTCP.{GROUP}"
INGRESS_ROUTE_UDP = f"IngressRouteUDP.{GROUP}"
ALL_ROUTES = (INGRESS_ROUTE, INGRESS_ROUTE_TCP, INGRESS_ROUTE_UDP)
MIDDLEWARE = f"Middleware.{GROUP}"
MIDDLEWARE_TCP = f"MiddlewareTCP.{GROUP}"
TRAEFIK_SERVICE = f"TraefikService.{GROUP}"


@dataclass(frozen=True, slots=True)
class Named:
    """Something an IngressRoute names, on which port (Services only), and where that stands."""

    ref: Ref
    port: int | str | None
    where: str


def services_of(route: Obj) -> Iterator[Named]:
    """The Services a route sends requests to."""
    for each in _targets(route):
        if each.ref.kind == "Service":
            yield each


def traefik_services_of(route: Obj) -> Iterator[Named]:
    """The TraefikServices an IngressRoute sends requests to, Traefik's own ones left out."""
    for each in _targets(route):
        if each.ref.kind == "TraefikService" and "@" not in each.ref.name:
            yield each


def _targets(route: Obj) -> Iterator[Named]:
    own = dig_str(route, "metadata", "namespace")
    for number, rule in enumerate(dig_list(route, "spec", "routes")):
        for index, each in enumerate(dig_list(rule, "services")):
            if not isinstance(each, Mapping):
                continue
            key = TRAEFIK_SERVICE if dig_str(each, "kind") == "TraefikService" else "Service"
            port = dig(each, "port")
            yield Named(
                refer(key, dig_str(each, "namespace") or own, dig_str(each, "name")),
                port if isinstance(port, int | str) and not isinstance(port, bool) else None,
                f"spec.routes[{number}].services[{index}]",
            )


def middlewares_of(route: Obj) -> Iterator[Named]:
    """The middlewares a route applies, those of other providers left out.

    A TCP route has its own kind of them.
    """
    own = dig_str(route, "metadata", "namespace")
    key = MIDDLEWARE_TCP if key_of(route) == INGRESS_ROUTE_TCP else MIDDLEWARE
    for number, rule in enumerate(dig_list(route, "spec", "routes")):
        for index, each in enumerate(dig_list(rule, "middlewares")):
            name = dig_str(each, "name")
            if name and "@" not in name:
                yield Named(
                    refer(key, dig_str(each, "namespace") or own, name),
                    None,
                    f"spec.routes[{number}].middlewares[{index}]",
                )
