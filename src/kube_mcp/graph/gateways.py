"""Gateway API: the kinds of routes, what they attach to and what they lead to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kube_mcp.objects import Obj, Ref, dig, dig_list, dig_str
from kube_mcp.scene import Scene, key_for, key_of, refer

GROUP = "gateway.networking.k8s.io"
GATEWAY = f"Gateway.{GROUP}"
GATEWAY_CLASS = f"GatewayClass.{GROUP}"
REFERENCE_GRANT = f"ReferenceGrant.{GROUP}"
ROUTES = tuple(
    f"{kind}.{GROUP}" for kind in ("HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute")
)


@dataclass(frozen=True, slots=True)
class RouteBackend:
    """One backend of a route: what it names, on which port, and where that stands."""

    ref: Ref
    port: int | None
    where: str


def parents(route: Obj) -> Iterator[tuple[str, Ref, str]]:
    """(path, parent, section name) of everything a route asks to attach to."""
    for index, each in enumerate(dig_list(route, "spec", "parentRefs")):
        if not isinstance(each, Mapping):
            continue
        group = each.get("group", GROUP)
        key = key_for(dig_str(each, "kind") or "Gateway", group if isinstance(group, str) else "")
        namespace = dig_str(each, "namespace") or dig_str(route, "metadata", "namespace")
        yield (
            f"spec.parentRefs[{index}]",
            refer(key, namespace, dig_str(each, "name")),
            dig_str(each, "sectionName"),
        )


def route_backends(route: Obj) -> Iterator[RouteBackend]:
    """Every backend of a route's rules, mirrors left out."""
    own = dig_str(route, "metadata", "namespace")
    for number, rule in enumerate(dig_list(route, "spec", "rules")):
        for index, each in enumerate(dig_list(rule, "backendRefs")):
            if not isinstance(each, Mapping):
                continue
            port = dig(each, "port")
            yield RouteBackend(
                refer(
                    key_for(dig_str(each, "kind") or "Service", dig_str(each, "group")),
                    dig_str(each, "namespace") or own,
                    dig_str(each, "name"),
                ),
                port if isinstance(port, int) else None,
                f"spec.rules[{number}].backendRefs[{index}]",
            )


def parent_conditions(route: Obj) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """(path, parent's name, condition) for each condition in a route's status."""
    for index, parent in enumerate(dig_list(route, "status", "parents")):
        for each in dig_list(parent, "conditions"):
            if isinstance(each, Mapping):
                path = f"status.parents[{index}].conditions[{dig_str(each, 'type')}]"
                yield path, dig_str(parent, "parentRef", "name"), each


def is_granted(source: Obj, target: Ref, scene: Scene) -> bool | None:
    """Whether a grant lets ``source`` refer to an object of another namespace; None: cannot tell."""
    namespace = dig_str(source, "metadata", "namespace")
    if target.namespace == namespace:
        return True
    if not scene.can_see(REFERENCE_GRANT) or (
        scene.namespace and scene.namespace != target.namespace
    ):
        return None
    kind, _, group = key_of(source).partition(".")
    for grant in scene.inside(REFERENCE_GRANT, target.namespace):
        allowed_from = any(
            dig_str(each, "kind") == kind
            and dig_str(each, "group") == group
            and dig_str(each, "namespace") == namespace
            for each in dig_list(grant, "spec", "from")
        )
        allowed_to = any(
            dig_str(each, "kind") == target.kind
            and dig_str(each, "group") == target.group
            and dig_str(each, "name") in ("", target.name)
            for each in dig_list(grant, "spec", "to")
        )
        if allowed_from and allowed_to:
            return True
    return False


def listeners(gateway: Obj) -> list[str]:
    """The names of a Gateway's listeners."""
    return [dig_str(each, "name") for each in dig_list(gateway, "spec", "listeners")]
