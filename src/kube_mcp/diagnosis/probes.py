"""Probes: what they ask, where, and how long they allow."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kube_mcp.diagnosis.phrases import quote
from kube_mcp.diagnosis.pods import Container
from kube_mcp.objects import dig, dig_int, dig_list, dig_map, dig_str

NO_COMMAND = "the command is not in the image"
_NO_COMMAND = re.compile(r"(oci runtime|exec failed|start exec|exec: ).*(no such file|not found)")
UNWELL = "the application answers that it is unwell"
TOO_SLOW = "no answer within the probe's timeout"
NO_PATH = "the path does not exist there"
NO_GRPC_HEALTH = "the server has no gRPC health service"
NO_GRPC_SERVICE = "the server's health service knows no service of the probe's name"

KEYS = {"Readiness": "readinessProbe", "Liveness": "livenessProbe", "Startup": "startupProbe"}


def probe_of(container: Container, kind: str) -> Mapping[str, Any]:
    """The container's probe of a kind, or an empty map."""
    return dig_map(container.spec, KEYS[kind])


def target(probe: Mapping[str, Any]) -> str:
    """What the probe asks: ``GET http :8080/healthz``, ``TCP 5432``, ``gRPC 9000``,
    ``command cat /tmp/ready``."""
    if "httpGet" in probe:
        get = dig_map(probe, "httpGet")
        scheme = dig_str(get, "scheme").lower() or "http"
        return f"GET {scheme} :{get.get('port')}{dig_str(get, 'path') or '/'}"
    if "tcpSocket" in probe:
        return f"TCP {dig(probe, 'tcpSocket', 'port')}"
    if "grpc" in probe:
        return f"gRPC {dig(probe, 'grpc', 'port')}"
    command = " ".join(str(each) for each in dig_list(probe, "exec", "command"))
    return f"command {quote(command, most=60)}" if command else "a command"


def port_of(probe: Mapping[str, Any]) -> int | str | None:
    """The port a probe connects to, a number or a name; None for commands."""
    for way in ("httpGet", "tcpSocket", "grpc"):
        port = dig(probe, way, "port")
        if isinstance(port, int | str) and not isinstance(port, bool):
            return port
    return None


def declared_ports(container: Container) -> dict[int, str]:
    """The ports the container declares, with their names."""
    return {
        number: dig_str(each, "name")
        for each in dig_list(container.spec, "ports")
        if (number := dig_int(each, "containerPort"))
    }


def port_problem(container: Container, probe: Mapping[str, Any]) -> str:
    """What is wrong with the probe's port, as half a sentence; empty where nothing is."""
    port, declared = port_of(probe), declared_ports(container)
    known = ", ".join(f"{name or 'unnamed'} {number}" for number, name in declared.items())
    if isinstance(port, str) and not (port.isascii() and port.isdigit() and len(port) <= 5):
        if port not in declared.values():
            return f"it asks port '{port}', which the container does not name ({known or 'none'})"
    elif port is not None and declared and int(port) not in declared:
        return f"it asks port {port}; the container declares {known}"
    return ""


def allowed_s(probe: Mapping[str, Any]) -> int:
    """How long a container may fail the probe from its start before it is ended, in seconds.

    None at all where there is no probe.
    """
    if not probe:
        return 0
    return dig_int(probe, "initialDelaySeconds") + dig_int(
        probe, "periodSeconds", default=10
    ) * dig_int(probe, "failureThreshold", default=3)


def failure(message: str) -> str:
    """What a failing probe's event says, in a person's words; empty where it is unclear."""
    lowered = message.lower()
    # What a command of the probe writes is its own; only the runtime says that there is none.
    if _NO_COMMAND.search(lowered):
        return NO_COMMAND
    for sign, meaning in (
        ("connection refused", "nothing listens on that port"),
        ("statuscode: 404", NO_PATH),
        ("statuscode: 401", "the path wants a login"),
        ("statuscode: 403", "the path is forbidden"),
        ("statuscode: 5", UNWELL),
        ('responded with "not_serving"', UNWELL),
        ("does not implement the grpc health protocol", NO_GRPC_HEALTH),
        ("code = notfound", NO_GRPC_SERVICE),
        ('responded with "service_unknown"', NO_GRPC_SERVICE),
        ("http: server gave http response to https", "it asks HTTPS and the port speaks HTTP"),
        ("malformed http response", "it asks HTTP and the port speaks HTTPS or another protocol"),
        ("client sent an http request to an https", "it asks HTTP and the port speaks HTTPS"),
        ("deadline exceeded", TOO_SLOW),
        ("timeout", TOO_SLOW),
        ("timed out", TOO_SLOW),
        ("no route to host", "the pod's address cannot be reached from its node"),
        ("connection reset", "the connection was broken off"),
    ):
        if sign in lowered:
            return meaning
    return ""


def remedy(meaning: str, kind: str, container: str) -> str:
    """What to do where a `failure` shows that the probe asks for what is not there; else empty.

    No patience helps then, and the application may be perfectly well.
    """
    probe = f"the {kind.lower()} probe of {container}"
    return {
        NO_COMMAND: f"Give {probe} a command that the image has, or let it ask over the network.",
        NO_PATH: f"Correct the path that {probe} asks for.",
        NO_GRPC_HEALTH: f"Serve grpc.health.v1.Health in {container}, or let {probe} ask otherwise.",
        NO_GRPC_SERVICE: f"Correct the gRPC service that {probe} names, or leave it out.",
    }.get(meaning, "")


def asks_tls_plainly(container: Container, probe: Mapping[str, Any], message: str) -> bool:
    """Whether an HTTP probe gets the 400 with which servers answer plain HTTP on a TLS port."""
    if "statuscode: 400" not in message or dig_str(probe, "httpGet", "scheme").upper() == "HTTPS":
        return False
    port = port_of(probe)
    name = declared_ports(container).get(port, "") if isinstance(port, int) else str(port)
    return "https" in name or "tls" in name or str(port).endswith("443")
