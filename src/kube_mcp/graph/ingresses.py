"""What an Ingress sends where."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from kube_mcp.objects import Obj, dig, dig_list, dig_map, dig_str


@dataclass(frozen=True, slots=True)
class Backend:
    """One backend of an Ingress: a Service's port for a host and a path."""

    host: str
    path: str
    where: str
    service: str
    port: int | str | None


def backends(ingress: Obj) -> Iterator[Backend]:
    """Every backend that is a Service, the default one too."""
    default = dig_map(ingress, "spec", "defaultBackend", "service")
    if default:
        yield _backend("*", "/", "spec.defaultBackend", default)
    for number, rule in enumerate(dig_list(ingress, "spec", "rules")):
        for index, path in enumerate(dig_list(rule, "http", "paths")):
            service = dig_map(path, "backend", "service")
            if service:
                where = f"spec.rules[{number}].http.paths[{index}].backend"
                yield _backend(
                    dig_str(rule, "host") or "*", dig_str(path, "path") or "/", where, service
                )


def _backend(host: str, path: str, where: str, service: object) -> Backend:
    port = dig(service, "port", "number", default=dig(service, "port", "name"))
    return Backend(
        host,
        path,
        where,
        dig_str(service, "name"),
        port if isinstance(port, int | str) and not isinstance(port, bool) else None,
    )


def class_of(ingress: Obj) -> str:
    """The ingress class by field or by the older annotation; empty where neither is set."""
    return dig_str(ingress, "spec", "ingressClassName") or dig_str(
        ingress, "metadata", "annotations", "kubernetes.io/ingress.class"
    )
