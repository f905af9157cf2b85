from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.backends import is_external, selected_pods
from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import CERTAIN, CRITICAL, LIKELY, WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence, listed
from kube_mcp.diagnosis.pods import distinct, is_ready
from kube_mcp.diagnosis.probes import port_of
from kube_mcp.objects import Obj, dig, dig_list, dig_map, dig_str
from kube_mcp.scene import Scene, ref_to

_ASIDE = frozenset({"metrics", "http-metrics", "prometheus", "health", "healthz", "probe", "admin"})


@check("Service", needs=["Pod"])
def service_target_port_missing(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A Service sends connections to a port that its pods do not have.

    What it detects: a named target port that no container of the selected pods names; and a number
    that none of them declares, where they declare others and the Service meets none of those.

    Why it matters: a name that is not found leaves the port without endpoints; a wrong number gets
    every connection refused, while pods and endpoints look healthy.

    Where it cannot tell: declaring ports is optional, so for numbers it is a strong sign only, and
    containers that declare no port prove nothing.
    """
    if is_external(obj):
        return
    pods = selected_pods(obj, scene)
    declared = {port for pod in distinct(pods) for port in _ports(pod)}
    if not pods:
        return
    # A port named for what watches the application says nothing of where it serves.
    numbers = {(protocol, number) for protocol, name, number in declared if name not in _ASIDE}
    wanted = [
        (dig_str(port, "protocol") or "TCP", dig(port, "targetPort", default=dig(port, "port")))
        for port in dig_list(obj, "spec", "ports")
    ]
    some_met = any((protocol, _number(port)) in numbers for protocol, port in wanted)
    known = listed(
        f"{name} {number}/{protocol}".strip() for protocol, name, number in sorted(declared)
    )
    for index, (protocol, port) in enumerate(wanted):
        number = _number(port)
        if number is None:
            if any(name == port and p == protocol for p, name, _ in declared):
                continue
            certain = True
        elif (
            not numbers
            or some_met
            or (protocol, number) in numbers
            or number in {each for pod in pods if is_ready(pod) for each in _probed(pod)}
        ):
            continue
        else:
            certain = False
        yield Finding(
            ref=ref_to(obj),
            part=str(port),
            severity=CRITICAL if certain else WARNING,
            confidence=CERTAIN if certain else LIKELY,
            title=f"sends connections to port {port}, which its pods do not have; they declare "
            f"{known}",
            evidence=evidence(
                (f"spec.ports[{index}].targetPort", port),
                (f"spec.ports[{index}].protocol", protocol),
                (
                    f"Pod {dig_str(pods[0], 'metadata', 'name')} spec.containers[*].ports",
                    known,
                ),
            ),
            next=f"Set targetPort of {ref_to(obj)} to a port that its pods listen on.",
        )


def _probed(pod: Obj) -> Iterator[int]:
    """The ports that a ready pod's readiness probes reach: something listens there."""
    for container in dig_list(pod, "spec", "containers"):
        port = port_of(dig_map(container, "readinessProbe"))
        if isinstance(port, int):
            yield port


def _number(port: object) -> int | None:
    if isinstance(port, int) and not isinstance(port, bool):
        return port
    text = port if isinstance(port, str) and len(port) <= 5 else ""
    return int(text) if text.isascii() and text.isdigit() else None


def _ports(pod: Obj) -> Iterator[tuple[str, str, int]]:
    """(protocol, name, number) of every port that a container or a sidecar declares."""
    for part in ("containers", "initContainers"):
        for container in dig_list(pod, "spec", part):
            if part == "initContainers" and dig_str(container, "restartPolicy") != "Always":
                continue
            for port in dig_list(container, "ports"):
                number = dig(port, "containerPort")
                if isinstance(number, int):
                    yield dig_str(port, "protocol") or "TCP", dig_str(port, "name"), number
