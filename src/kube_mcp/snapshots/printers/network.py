"""Services, what stands behind them, and what leads to them."""

from __future__ import annotations

from datetime import datetime

from kube_mcp.objects import Obj, dig, dig_int, dig_list, dig_map, dig_str
from kube_mcp.snapshots.printers.cells import (
    NONE,
    UNSET,
    Cell,
    Printer,
    age,
    columns,
    labels,
    load_balancer,
    more,
    name,
    selector,
    text,
)


def service(obj: Obj, now: datetime) -> list[Cell]:
    """A Service's row."""
    kind = dig_str(obj, "spec", "type") or "ClusterIP"
    ports = ",".join(_service_port(port) for port in dig_list(obj, "spec", "ports"))
    cluster_ip = dig_str(obj, "spec", "clusterIPs", 0) or dig_str(obj, "spec", "clusterIP")
    return [
        name(obj),
        kind,
        cluster_ip or NONE,
        _external_ip(obj, kind),
        ports or NONE,
        age(obj, now),
        labels(dig(obj, "spec", "selector")),
    ]


def _service_port(port: Obj) -> str:
    node_port = dig_int(port, "nodePort")
    number = f"{dig_int(port, 'port')}:{node_port}" if node_port else str(dig_int(port, "port"))
    return f"{number}/{dig_str(port, 'protocol') or 'TCP'}"


def _external_ip(obj: Obj, kind: str) -> str:
    external = [str(ip) for ip in dig_list(obj, "spec", "externalIPs")]
    if kind == "ExternalName":
        return dig_str(obj, "spec", "externalName")
    if kind == "LoadBalancer":
        balancer = load_balancer(dig_list(obj, "status", "loadBalancer", "ingress"))
        return ",".join(([balancer] if balancer else []) + external) or "<pending>"
    return ",".join(external) or NONE


def endpoints(obj: Obj, now: datetime) -> list[Cell]:
    """An Endpoints' row: addresses that are ready."""
    found = []
    for subset in dig_list(obj, "subsets"):
        ports = dig_list(subset, "ports")
        ips = [dig_str(address, "ip") for address in dig_list(subset, "addresses")]
        if not ports:
            found += ips
        found += [_host_port(ip, dig_int(port, "port")) for port in ports for ip in ips]
    shown = more(found, len(found), 3, empty="")
    return [name(obj), shown if dig_list(obj, "subsets") else NONE, age(obj, now)]


def _host_port(ip: str, port: int) -> str:
    return f"[{ip}]:{port}" if ":" in ip else f"{ip}:{port}"


def endpoint_slice(obj: Obj, now: datetime) -> list[Cell]:
    """An EndpointSlice's row; unlike Endpoints it counts addresses that are not ready, too."""
    ports = [
        str(dig(port, "port", default=dig(port, "name", default="*")))
        for port in dig_list(obj, "ports")
    ]
    addresses = [
        str(address)
        for endpoint in dig_list(obj, "endpoints")
        for address in dig_list(endpoint, "addresses")
    ]
    return [
        name(obj),
        dig_str(obj, "addressType"),
        more(ports, len(ports), 3, empty=UNSET),
        more(addresses, len(addresses), 3, empty=UNSET),
        age(obj, now),
    ]


def ingress(obj: Obj, now: datetime) -> list[Cell]:
    """An Ingress's row."""
    rules = dig_list(obj, "spec", "rules")
    hosts = [dig_str(rule, "host") for rule in rules[:3] if dig_str(rule, "host")]
    shown = ",".join(hosts) or "*"
    if len(rules) > 3 and hosts:
        shown = more([*hosts], len(rules), 3, empty="*")
    return [
        name(obj),
        text(dig(obj, "spec", "ingressClassName"), NONE),
        shown,
        load_balancer(dig_list(obj, "status", "loadBalancer", "ingress")),
        "80, 443" if dig_list(obj, "spec", "tls") else "80",
        age(obj, now),
    ]


def ingress_class(obj: Obj, now: datetime) -> list[Cell]:
    """An IngressClass's row; the default one says so beside its name."""
    annotations = dig_map(obj, "metadata", "annotations")
    default = annotations.get("ingressclass.kubernetes.io/is-default-class") == "true"
    parameters = dig_map(obj, "spec", "parameters")
    shown = NONE
    if parameters:
        group = dig_str(parameters, "apiGroup")
        kind = dig_str(parameters, "kind")
        shown = f"{kind}{f'.{group}' if group else ''}/{dig_str(parameters, 'name')}"
    return [
        f"{name(obj)} (default)" if default else name(obj),
        dig_str(obj, "spec", "controller"),
        shown,
        age(obj, now),
    ]


def network_policy(obj: Obj, now: datetime) -> list[Cell]:
    """A NetworkPolicy's row."""
    return [name(obj), selector(dig(obj, "spec", "podSelector")), age(obj, now)]


def service_cidr(obj: Obj, now: datetime) -> list[Cell]:
    """A ServiceCIDR's row."""
    cidrs = ",".join(str(one) for one in dig_list(obj, "spec", "cidrs"))
    return [name(obj), cidrs, age(obj, now)]


def ip_address(obj: Obj, now: datetime) -> list[Cell]:
    """An IPAddress's row. The API server sends an age that none of its columns is for."""
    parent = dig_map(obj, "spec", "parentRef")
    shown = NONE
    if parent:
        group = dig_str(parent, "group")
        parts = [f"{dig_str(parent, 'resource')}{f'.{group}' if group else ''}"]
        parts += [part for part in (dig_str(parent, "namespace"),) if part]
        shown = "/".join([*parts, dig_str(parent, "name")])
    return [name(obj), shown, age(obj, now)]


PRINTERS = {
    "servicecidrs.networking.k8s.io": Printer(columns("Name, CIDRs, Age"), service_cidr),
    "ipaddresses.networking.k8s.io": Printer(columns("Name, ParentRef"), ip_address),
    "services": Printer(
        columns("Name, Type, Cluster-IP, External-IP, Port(s), Age, Selector*"), service
    ),
    "endpoints": Printer(columns("Name, Endpoints, Age"), endpoints),
    "endpointslices.discovery.k8s.io": Printer(
        columns("Name, AddressType, Ports, Endpoints, Age"), endpoint_slice
    ),
    "ingresses.networking.k8s.io": Printer(
        columns("Name, Class, Hosts, Address, Ports, Age"), ingress
    ),
    "ingressclasses.networking.k8s.io": Printer(
        columns("Name, Controller, Parameters, Age"), ingress_class
    ),
    "networkpolicies.networking.k8s.io": Printer(
        columns("Name, Pod-Selector, Age"), network_policy
    ),
}
