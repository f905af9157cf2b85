"""Which Host and Origin headers are let in: what keeps a web page from reaching a local server."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

from kube_mcp.server.asgi import Answer, Scope, header_values, json_answer

_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


class Doors:
    """Refuses requests for other hosts (421) and from other pages (403).

    ``hosts`` are names as they stand in a Host header; without a port any port will do, and
    ``*`` takes every host. ``origins`` are whole origins such as ``https://app.example.com``.
    Loopback names are always let in: a page that a DNS server lures here brings its own name.
    """

    def __init__(self, *, hosts: Iterable[str] = (), origins: Iterable[str] = ()) -> None:
        self._hosts = frozenset(host.lower() for host in (*hosts, *_LOOPBACK))
        self._origins = frozenset(origin.lower() for origin in origins)

    def refuse(self, scope: Scope) -> Answer | None:
        """The answer to a request that must not come in, or None."""
        hosts = header_values(scope, b"host")
        if len(hosts) != 1 or not self.takes_host(hosts[0]):
            return json_answer(
                421,
                {
                    "error": "misdirected_request",
                    "error_description": "This server does not answer for that Host; its operator"
                    " lists the names it has (server.allowed_hosts)",
                },
            )
        origins = header_values(scope, b"origin")
        if len(origins) > 1 or not all(self.takes_origin(origin) for origin in origins):
            return json_answer(
                403,
                {
                    "error": "origin_not_allowed",
                    "error_description": "Pages of that Origin may not call this server; its"
                    " operator lists those that may (server.allowed_origins)",
                },
            )
        return None

    def takes_host(self, host: str) -> bool:
        """Whether a Host header is one of ours."""
        host = host.strip().lower()
        return "*" in self._hosts or host in self._hosts or without_port(host) in self._hosts

    def takes_origin(self, origin: str) -> bool:
        """Whether pages of an Origin may call."""
        origin = origin.strip().lower()
        if origin in self._origins or "*" in self._origins:
            return True
        try:
            parts = urlsplit(origin)
            port = parts.port
        except ValueError:
            return False
        if parts.scheme not in ("http", "https") or parts.path or parts.query or parts.fragment:
            return False
        return without_port(parts.netloc) in _LOOPBACK and (port is None or port > 0)


def without_port(host: str) -> str:
    """``api.example.com:8443`` as ``api.example.com``; ``[::1]:80`` as ``[::1]``."""
    if host.startswith("["):
        return host[: host.find("]") + 1] or host
    return host.partition(":")[0]


def is_loopback(host: str) -> bool:
    """Whether listening on ``host`` can be reached from this machine only."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
