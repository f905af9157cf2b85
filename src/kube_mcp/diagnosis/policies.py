"""NetworkPolicies as rules: which apply to a pod, whom they let through, and on which ports.

Questions are answered with True, False or None, where None means that it cannot be told from what
was read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from kube_mcp.objects import Obj, dig, dig_int, dig_list, dig_map, dig_str
from kube_mcp.scene import Scene, Unreadable, labels_of
from kube_mcp.words.selectors import matches, requirements

#: The label every namespace has, with its own name; known even where namespaces may not be read.
NAME_LABEL = "kubernetes.io/metadata.name"

Span = tuple[str, int, int]
EVERYTHING: tuple[Span, ...] = tuple((each, 1, 65535) for each in ("TCP", "UDP", "SCTP"))


@dataclass(frozen=True, slots=True)
class Peer:
    """One side of a connection, as a policy of the other side sees it.

    ``pod`` is None for what is outside the cluster. ``namespace_labels`` is None where they could
    not be read. ``address`` may be empty where it is unknown.
    """

    namespace: str
    pod: Obj | None
    namespace_labels: Mapping[str, Any] | None
    address: str = ""

    @property
    def is_outside(self) -> bool:
        """Whether it is no pod of this cluster."""
        return self.pod is None

    @property
    def labels(self) -> Mapping[str, Any]:
        """The pod's labels."""
        return labels_of(self.pod) if self.pod is not None else {}

    @property
    def on_host_network(self) -> bool:
        """Whether the pod shares its node's network, where policies do not reach it reliably."""
        return dig(self.pod, "spec", "hostNetwork") is True

    def is_node_of(self, other: Peer) -> bool:
        """Whether its traffic is that of the node on which the other pod runs.

        Source: https://kubernetes.io/docs/concepts/services-networking/network-policies/
        """
        node = dig_str(other.pod, "spec", "nodeName")
        return self.on_host_network and bool(node) and dig_str(self.pod, "spec", "nodeName") == node


def policy_types(policy: Obj) -> frozenset[str]:
    """The directions a policy restricts: as written, else Ingress, and Egress if it has rules."""
    written = [str(each) for each in dig_list(policy, "spec", "policyTypes")]
    if written:
        return frozenset(written)
    return frozenset({"Ingress", "Egress"} if dig_list(policy, "spec", "egress") else {"Ingress"})


def applying(peer: Peer, direction: str, scene: Scene) -> list[Obj]:
    """The policies that restrict a pod in one direction. Raises `Unreadable`."""
    return [
        policy
        for policy in scene.inside("NetworkPolicy", peer.namespace)
        if direction in policy_types(policy)
        and matches(dig_map(policy, "spec", "podSelector"), peer.labels)
    ]


def rules(policy: Obj, direction: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(path, rule) of a policy in one direction."""
    key = direction.lower()
    for index, rule in enumerate(dig_list(policy, "spec", key)):
        if isinstance(rule, Mapping):
            yield f"spec.{key}[{index}]", rule


def admits(rule: Mapping[str, Any], direction: str, peer: Peer, own_namespace: str) -> bool | None:
    """Whether a rule's peers include ``peer``; a rule without peers includes everybody."""
    entries = dig_list(rule, "from" if direction == "Ingress" else "to")
    if not entries:
        return True
    return any_of(_entry(each, peer, own_namespace) for each in entries)


def any_of(answers: Iterable[bool | None]) -> bool | None:
    """True if one is, else None if one cannot be told, else False."""
    unsure = False
    for each in answers:
        if each:
            return True
        unsure = unsure or each is None
    return None if unsure else False


def _entry(entry: object, peer: Peer, own_namespace: str) -> bool | None:
    block = dig_map(entry, "ipBlock")
    if block:
        return _in_block(block, peer)
    if peer.is_outside:
        return False
    by_namespace = _namespace_fits(entry, peer, own_namespace)
    pod_selector = dig(entry, "podSelector")
    fits = True if pod_selector is None else matches(pod_selector, peer.labels)
    if not fits or by_namespace is False:
        return False
    if peer.on_host_network:
        return None  # seen as its node, by address, by most network plugins
    return by_namespace


def _namespace_fits(entry: object, peer: Peer, own_namespace: str) -> bool | None:
    selector = dig(entry, "namespaceSelector")
    if selector is None:
        return peer.namespace == own_namespace
    if peer.namespace_labels is not None:
        return matches(selector, peer.namespace_labels)
    known = {NAME_LABEL: peer.namespace}
    unsure = False
    for requirement in requirements(selector):
        if requirement.key != NAME_LABEL:
            unsure = True
        elif not requirement.matches(known):
            return False
    return None if unsure else True


def _in_block(block: Mapping[str, Any], peer: Peer) -> bool | None:
    network = _network(block.get("cidr"))
    holes = [hole for each in dig_list(block, "except") if (hole := _network(each))]
    if network is None:
        return False
    if not peer.address:
        everything = network.prefixlen == 0 and not holes
        return True if everything and peer.is_outside else None
    try:
        address = ip_address(peer.address)
    except ValueError:
        return None
    inside = address in network and not any(address in hole for hole in holes)
    if inside and not peer.is_outside and network.prefixlen > 0:
        # Some network plugins match pods by address, others leave address blocks to the outside.
        return None
    return inside


def _network(text: object) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(str(text), strict=False)
    except ValueError:
        return None


def spans(rule: Mapping[str, Any], target: Peer) -> tuple[Span, ...] | None:
    """The ports a rule opens towards ``target``: (protocol, first, last).

    None where a named port cannot be resolved because the target is no pod.
    """
    entries = dig_list(rule, "ports")
    if not entries:
        return EVERYTHING
    found: list[Span] = []
    for each in entries:
        protocol = dig_str(each, "protocol") or "TCP"
        port = dig(each, "port")
        if port is None:
            found.append((protocol, 1, 65535))
        elif isinstance(port, int):
            found.append((protocol, port, dig_int(each, "endPort", default=port)))
        elif target.pod is None:
            return None
        else:
            found += [
                (protocol, number, number) for number in named_ports(target.pod, port, protocol)
            ]
    return tuple(found)


def named_ports(pod: Obj, name: object, protocol: str) -> list[int]:
    """The numbers of the pod's ports with that name and protocol."""
    return [
        number
        for part in ("containers", "initContainers")
        for container in dig_list(pod, "spec", part)
        for port in dig_list(container, "ports")
        if dig_str(port, "name") == name
        and (dig_str(port, "protocol") or "TCP") == protocol
        and (number := dig_int(port, "containerPort"))
    ]


def namespace_labels(namespace: str, scene: Scene) -> Mapping[str, Any] | None:
    """A namespace's labels with the one that is always there; None where it was not read."""
    try:
        found = scene.get("Namespace", "", namespace)
    except Unreadable:
        return None
    if found is None:
        return None
    return {NAME_LABEL: namespace, **labels_of(found)}
