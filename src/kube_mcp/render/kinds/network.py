"""Services and Ingresses."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from kube_mcp.objects import Obj, dig, dig_int, dig_list, dig_map, dig_str
from kube_mcp.words.selectors import text_of_labels


def service_lines(obj: Obj, now: datetime) -> Iterator[str]:
    """Type, addresses, ports and what is selected."""
    spec = dig_map(obj, "spec")
    facts = [f"type {dig_str(spec, 'type') or 'ClusterIP'}"]
    if name := dig_str(spec, "externalName"):
        facts.append(f"external name {name}")
    if address := dig_str(spec, "clusterIP"):
        facts.append(f"cluster IP {address}")
    outside = [
        dig_str(each, "ip") or dig_str(each, "hostname")
        for each in dig_list(obj, "status", "loadBalancer", "ingress")
    ]
    if dig_str(spec, "type") == "LoadBalancer":
        facts.append(f"load balancer {', '.join(outside) or 'has no address yet'}")
    selector = text_of_labels(dig_map(spec, "selector"))
    facts.append(f"selects {selector}" if selector else "selects nothing (no selector)")
    yield ", ".join(facts)
    for port in dig_list(spec, "ports"):
        name = f"{dig_str(port, 'name')} " if dig_str(port, "name") else ""
        node = f", node port {dig_int(port, 'nodePort')}" if dig_int(port, "nodePort") else ""
        target = dig(port, "targetPort", default=dig_int(port, "port"))
        protocol = dig_str(port, "protocol") or "TCP"
        yield f"port {name}{dig_int(port, 'port')}/{protocol} to {target}{node}"


def ingress_lines(obj: Obj, now: datetime) -> Iterator[str]:
    """Class, addresses, rules and TLS."""
    spec = dig_map(obj, "spec")
    address = [
        dig_str(each, "ip") or dig_str(each, "hostname")
        for each in dig_list(obj, "status", "loadBalancer", "ingress")
    ]
    yield (
        f"class {dig_str(spec, 'ingressClassName') or 'default'}, "
        f"address {', '.join(address) or 'none yet'}"
    )
    for rule in dig_list(spec, "rules"):
        host = dig_str(rule, "host") or "*"
        for path in dig_list(rule, "http", "paths"):
            yield f"{host}{dig_str(path, 'path') or '/'} to {_backend(path)}"
    if default := dig_map(spec, "defaultBackend"):
        yield f"everything else to {_backend({'backend': default})}"
    for tls in dig_list(spec, "tls"):
        hosts = ", ".join(map(str, dig_list(tls, "hosts"))) or "*"
        yield f"TLS for {hosts} from Secret {dig_str(tls, 'secretName') or '(none)'}"


def _backend(path: object) -> str:
    service = dig_map(path, "backend", "service")
    if service:
        port = dig(service, "port", "number", default=dig_str(service, "port", "name"))
        return f"Service {dig_str(service, 'name')}:{port}"
    resource = dig_map(path, "backend", "resource")
    return f"{dig_str(resource, 'kind')} {dig_str(resource, 'name')}".strip() or "nothing"
