"""Would this reach that, by every NetworkPolicy that applies, and which rule decides.

A verdict is about policies alone: whether anything listens, or a route exists, is another
question.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from kube_mcp.diagnosis.phrases import listed
from kube_mcp.diagnosis.pods import is_over
from kube_mcp.diagnosis.policies import (
    EVERYTHING,
    Peer,
    Span,
    admits,
    applying,
    named_ports,
    namespace_labels,
    rules,
    spans,
)
from kube_mcp.errors import InputError, suggest
from kube_mcp.graph.selecting import pods_with
from kube_mcp.objects import Obj, dig, dig_list, dig_map, dig_str
from kube_mcp.scene import Scene, Unreadable, ref_to

ALLOWED, DENIED, UNKNOWN = "allowed", "denied", "cannot tell"

#: What must be read for a verdict: the last four only add a note where such policies exist.
NEEDS = ("NetworkPolicy", "Pod", "Namespace", "Service")
OTHER_POLICIES = (
    "CiliumNetworkPolicy.cilium.io",
    "CiliumClusterwideNetworkPolicy.cilium.io",
    "NetworkPolicy.crd.projectcalico.org",
    "GlobalNetworkPolicy.crd.projectcalico.org",
    "NetworkPolicy.projectcalico.org",
    "GlobalNetworkPolicy.projectcalico.org",
    "AdminNetworkPolicy.policy.networking.k8s.io",
    "BaselineAdminNetworkPolicy.policy.networking.k8s.io",
    "ClusterNetworkPolicy.policy.networking.k8s.io",
)


@dataclass(frozen=True, slots=True)
class Side:
    """One end of a connection, as asked for.

    ``kind`` is ``pod``, ``service``, ``namespace`` (any pod of it) or ``outside`` (with an
    ``address``, or any).
    """

    kind: str
    namespace: str = ""
    name: str = ""
    address: str = ""

    def __str__(self) -> str:
        match self.kind:
            case "outside":
                return f"outside ({self.address or 'any address'})"
            case "namespace":
                return f"any pod of namespace {self.namespace}"
            case _:
                return f"{self.kind} {self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Step:
    """What one side's policies say: ``direction`` is Egress of the source or Ingress of the target.

    ``reason`` names the rule that decides, or the policies of which none lets it through.
    ``spans`` are the ports left open; they matter where no port was asked for.
    """

    direction: str
    answer: str
    reason: str
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer for one pair of pods, or for all pairs that the question covers."""

    answer: str
    reason: str
    steps: tuple[Step, ...]
    ports: str = ""
    notes: tuple[str, ...] = ()


def check_network(
    scene: Scene,
    *,
    source: Side,
    target: Side,
    port: int | str | None = None,
    protocol: str = "TCP",
) -> Verdict:
    """Whether ``source`` may reach ``target`` on a port (or, without one, on which ports).

    Raises `InputError` where a side does not exist or the Service has no such port. What could
    not be read makes the verdict "cannot tell", with the reason.
    """
    try:
        sources = _peers(source, scene)
        targets, wanted = _targets(target, port, protocol, scene)
    except Unreadable as gap:
        return Verdict(UNKNOWN, gap.reason, ())
    pairs = []
    for one in sources:
        for other, number in zip(targets, wanted, strict=True):
            pairs.append((one, other, _pair(one, other, number, protocol, scene)))
    return _with_notes(_together(pairs), source, target, scene)


def _peers(side: Side, scene: Scene) -> list[Peer]:
    if side.kind == "outside":
        return [Peer("", None, None, side.address)]
    labels = namespace_labels(side.namespace, scene)
    if side.kind == "namespace":
        pods = [pod for pod in scene.inside("Pod", side.namespace) if not is_over(pod)]
        if not pods:
            raise InputError(
                f"Namespace '{side.namespace}' has no running pod to ask about.",
                hint="Name a pod, or another namespace.",
            )
    else:
        pods = [_pod(side, scene)]
    return [Peer(side.namespace, pod, labels, dig_str(pod, "status", "podIP")) for pod in pods]


def _pod(side: Side, scene: Scene) -> Obj:
    found = scene.get("Pod", side.namespace, side.name)
    if found is None:
        known = [dig_str(pod, "metadata", "name") for pod in scene.inside("Pod", side.namespace)]
        raise InputError(
            f"There is no pod '{side.name}' in namespace '{side.namespace}'.",
            hint=suggest(side.name, known) or "Use list_resources with kind 'pods' for the names.",
        )
    return found


def _targets(
    side: Side, port: int | str | None, protocol: str, scene: Scene
) -> tuple[list[Peer], list[int | None]]:
    """The target's pods, each with the number of the port that is meant there."""
    if side.kind != "service":
        peers = _peers(side, scene)
        return peers, [_resolved(peer, port, protocol) for peer in peers]
    service = scene.get("Service", side.namespace, side.name)
    if service is None:
        known = [
            dig_str(each, "metadata", "name") for each in scene.inside("Service", side.namespace)
        ]
        raise InputError(
            f"There is no Service '{side.name}' in namespace '{side.namespace}'.",
            hint=suggest(side.name, known),
        )
    selector = dig_map(service, "spec", "selector")
    if not selector:
        raise Unreadable(
            "Service", f"the Service {side.name} has no selector, so its pods are unknown"
        )
    labels = namespace_labels(side.namespace, scene)
    pods = [pod for pod in pods_with(selector, side.namespace, scene) if not is_over(pod)]
    if not pods:
        raise Unreadable("Service", f"the Service {side.name} selects no pod")
    peers = [Peer(side.namespace, pod, labels, dig_str(pod, "status", "podIP")) for pod in pods]
    inner = _target_port(service, port, protocol)
    return peers, [_resolved(peer, inner, protocol) for peer in peers]


def _target_port(service: Obj, port: int | str | None, protocol: str) -> int | str | None:
    """Where a Service's port leads inside the pod."""
    if port is None:
        return None
    offered = dig_list(service, "spec", "ports")
    for each in offered:
        same = str(port) in (str(dig(each, "port")), dig_str(each, "name"))
        if same and (dig_str(each, "protocol") or "TCP") == protocol:
            inner = dig(each, "targetPort", default=dig(each, "port"))
            return inner if isinstance(inner, int | str) else None
    known = listed(f"{dig(each, 'port')}/{dig_str(each, 'protocol') or 'TCP'}" for each in offered)
    raise InputError(
        f"The Service '{dig_str(service, 'metadata', 'name')}' has no port {port}/{protocol}.",
        hint=f"It has {known}.",
    )


def _resolved(peer: Peer, port: int | str | None, protocol: str) -> int | None:
    if port is None or isinstance(port, int):
        return port
    if port.isascii() and port.isdigit() and len(port) <= 5:
        return int(port)
    found = named_ports(peer.pod, port, protocol) if peer.pod is not None else []
    if not found:
        raise InputError(
            f"No container of {ref_to(peer.pod) if peer.pod else 'the target'} has a {protocol} "
            f"port named '{port}'.",
            hint="Give the port's number.",
        )
    return found[0]


def _pair(source: Peer, target: Peer, port: int | None, protocol: str, scene: Scene) -> Verdict:
    if source.pod is not None and source.pod is target.pod:
        return Verdict(ALLOWED, "a pod may always reach itself", ())
    steps = (
        _step(source, target, "Egress", port, protocol, scene),
        _step(target, source, "Ingress", port, protocol, scene),
    )
    for wanted in (DENIED, UNKNOWN):
        for step in steps:
            if step.answer == wanted:
                return Verdict(wanted, step.reason, steps)
    open_spans = _common(steps[0].spans, steps[1].spans)
    if port is None and not open_spans:
        return Verdict(
            DENIED,
            f"the ports that egress allows ({_ports(steps[0].spans)}) and ingress allows "
            f"({_ports(steps[1].spans)}) have none in common",
            steps,
        )
    decisive = next((each for each in reversed(steps) if "no policy" not in each.reason), steps[1])
    ports = "" if port is not None or open_spans == EVERYTHING else _ports(open_spans)
    return Verdict(ALLOWED, decisive.reason, steps, ports=ports)


def _step(
    own: Peer, other: Peer, direction: str, port: int | None, protocol: str, scene: Scene
) -> Step:
    """What the policies of ``own`` say about ``other``, in one direction."""
    if own.is_outside:
        return Step(direction, ALLOWED, "no policy applies outside the cluster", EVERYTHING)
    try:
        policies = applying(own, direction, scene)
    except Unreadable as gap:
        return Step(direction, UNKNOWN, gap.reason)
    side = "source" if direction == "Egress" else "target"
    if not policies:
        return Step(
            direction, ALLOWED, f"no policy restricts {direction.lower()} of the {side}", EVERYTHING
        )
    if other.is_node_of(own):
        return Step(
            direction,
            ALLOWED,
            "what uses the network of the pod's own node is always let through",
            EVERYTHING,
        )
    if own.on_host_network:
        return Step(
            direction,
            UNKNOWN,
            f"the {side} uses its node's network, where policies have no agreed effect",
        )
    return _decide(policies, own, other, direction, port, protocol)


def _decide(
    policies: Sequence[Obj], own: Peer, other: Peer, direction: str, port: int | None, protocol: str
) -> Step:
    target = own if direction == "Ingress" else other
    opened: list[Span] = []
    deciding = doubtful = ""
    for policy in policies:
        name = f"NetworkPolicy {own.namespace}/{dig_str(policy, 'metadata', 'name')}"
        for path, rule in rules(policy, direction):
            admitted = admits(rule, direction, other, own.namespace)
            if admitted is False:
                continue
            ports = spans(rule, target)
            if ports is None:
                doubtful = doubtful or f"{name} {path} names a port of something that is no pod"
                continue
            fitting = [each for each in ports if port is None or _fits(each, port, protocol)]
            if not fitting:
                continue
            if admitted is None:
                doubtful = doubtful or f"{name} {path} {_doubt(rule, direction, other)}"
                continue
            deciding = deciding or f"{name} {path} allows it"
            opened += fitting
    if deciding:
        return Step(direction, ALLOWED, deciding, tuple(dict.fromkeys(opened)))
    if doubtful:
        return Step(direction, UNKNOWN, doubtful)
    names = listed(dig_str(policy, "metadata", "name") for policy in policies)
    verb = "selects" if len(policies) == 1 else "select"
    side = "source" if direction == "Egress" else "target"
    return Step(
        direction,
        DENIED,
        f"NetworkPolicy {own.namespace}/{names} {verb} the {side} for {direction.lower()}, and no "
        "rule allows it",
    )


def _doubt(rule: object, direction: str, other: Peer) -> str:
    entries = dig_list(rule, "from" if direction == "Ingress" else "to")
    if other.is_outside:
        return "allows some addresses: say which one is meant"
    if other.on_host_network:
        return "would allow it, but the other side uses its node's network"
    if any(dig_map(each, "ipBlock") for each in entries):
        return "allows it by address, which not every network plugin applies to pods"
    return f"selects namespaces by labels, and those of {other.namespace} could not be read"


def _fits(span: Span, port: int, protocol: str) -> bool:
    return span[0] == protocol and span[1] <= port <= span[2]


def _common(left: Iterable[Span], right: Sequence[Span]) -> tuple[Span, ...]:
    found = [
        (protocol, max(low, other_low), min(high, other_high))
        for protocol, low, high in left
        for other, other_low, other_high in right
        if protocol == other and max(low, other_low) <= min(high, other_high)
    ]
    return tuple(dict.fromkeys(found))


def _ports(found: Iterable[Span]) -> str:
    return listed(
        f"{protocol} {low}" if low == high else f"{protocol} {low}-{high}"
        for protocol, low, high in found
    )


def _together(pairs: Sequence[tuple[Peer, Peer, Verdict]]) -> Verdict:
    """One verdict for all pairs; where they differ it cannot be told for "any"."""
    answers = {verdict.answer for _, _, verdict in pairs}
    if len(answers) == 1:
        first = pairs[0][2]
        alike = len({verdict.ports for _, _, verdict in pairs}) == 1
        return first if alike else replace(first, ports="not the same for every pod")
    parts = []
    for answer in (ALLOWED, DENIED, UNKNOWN):
        examples = [
            f"{_name(one)} to {_name(other)}"
            for one, other, verdict in pairs
            if verdict.answer == answer
        ]
        if examples:
            parts.append(f"{answer} for {listed(examples, most=3)}")
    denied = next((verdict for _, _, verdict in pairs if verdict.answer == DENIED), pairs[0][2])
    return Verdict(
        UNKNOWN, f"it depends on the pod: {'; '.join(parts)}", denied.steps, notes=(denied.reason,)
    )


def _name(peer: Peer) -> str:
    return "outside" if peer.pod is None else dig_str(peer.pod, "metadata", "name")


def _with_notes(verdict: Verdict, source: Side, target: Side, scene: Scene) -> Verdict:
    notes = list(verdict.notes)
    for kind in OTHER_POLICIES:
        count = len(scene.seen(kind))
        if count:
            notes.append(f"{count} {kind} also exist and are not weighed here.")
        elif kind in scene.unreadable:
            notes.append(f"{kind} could not be read: {scene.unreadable[kind]}.")
    if source.kind == "outside" and target.kind == "service":
        service = scene.peek("Service", target.namespace, target.name)
        kept = dig_str(service, "spec", "externalTrafficPolicy") == "Local"
        if not kept:
            notes.append("From outside, a node's address may take the place of the sender's.")
    if verdict.answer == ALLOWED and scene.can_see("NetworkPolicy") and scene.seen("NetworkPolicy"):
        notes.append("Whether policies are enforced depends on the network plugin.")
    return replace(verdict, notes=tuple(notes))
