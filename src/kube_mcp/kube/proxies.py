"""Which proxy, if any, stands between here and a server: ``proxy-url`` first, then the environment.

The rules are those of Go's ``http.ProxyFromEnvironment``, which kubectl follows, and not those
of Python's ``urllib``, which knows no networks in ``NO_PROXY``.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit

from kube_mcp.errors import CredentialsError


def proxy_for(server: str, *, proxy_url: str = "", environ: Mapping[str, str]) -> tuple[str, str]:
    """The proxy's URL and the name of what set it; two empty strings for a direct connection.

    Raises `CredentialsError` for a proxy of a kind that is not spoken here.
    """
    if proxy_url:
        return _checked(proxy_url, origin="proxy-url"), "proxy-url"
    scheme = urlsplit(server).scheme
    for name in (f"{scheme.upper()}_PROXY", f"{scheme}_proxy"):
        value = environ.get(name, "").strip()
        if value:
            no_proxy = environ.get("NO_PROXY", "") or environ.get("no_proxy", "")
            if _bypassed(server, no_proxy):
                return "", ""
            return _checked(value if "://" in value else f"http://{value}", origin=name), name
    return "", ""


def is_this_machine(server: str) -> bool:
    """Whether a server's URL names this machine: ``localhost`` or a loopback address."""
    host = urlsplit(server).hostname or ""
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def _port(scheme: str, port: int | None) -> int:
    return port or (443 if scheme == "https" else 80)


def _checked(url: str, *, origin: str) -> str:
    parts = urlsplit(url)
    if parts.scheme in ("socks5", "socks5h"):
        raise CredentialsError(
            f"{origin} asks for a SOCKS proxy ({parts.scheme}://{parts.hostname}), which is not supported.",
            hint="Use an http:// or https:// proxy, or a tunnel such as 'ssh -L'.",
        )
    if parts.scheme not in ("http", "https") or not parts.hostname:
        # The URL itself may hold a password, so only its scheme is quoted.
        raise CredentialsError(
            f"{origin} is not the URL of a proxy: its scheme is {parts.scheme!r}.",
            hint="Write it as http://host:port or https://host:port.",
        )
    return url


def _bypassed(server: str, no_proxy: str) -> bool:
    """Whether ``NO_PROXY``, or being on this machine, keeps ``server`` off the proxy."""
    if is_this_machine(server):
        return True
    parts = urlsplit(server)
    host, port = parts.hostname or "", _port(parts.scheme, parts.port)
    address = _address(host)
    for entry in (part.strip().lower() for part in no_proxy.split(",")):
        if entry == "*":
            return True
        if entry and _covers(entry, host.lower(), address, port):
            return True
    return False


def _covers(
    entry: str,
    host: str,
    address: ipaddress.IPv4Address | ipaddress.IPv6Address | None,
    port: int,
) -> bool:
    if "/" in entry:
        try:
            network = ipaddress.ip_network(entry, strict=False)
        except ValueError:
            return False
        return address is not None and address in network
    wanted, wanted_port = _split_port(entry)
    if wanted_port is not None and wanted_port != port:
        return False
    if address is not None:
        return _address(wanted) == address
    # "example.com" covers itself and what is below it, ".example.com" only what is below.
    domain = wanted.removeprefix("*")
    return host.endswith(domain if domain.startswith(".") else f".{domain}") or host == domain


def _split_port(entry: str) -> tuple[str, int | None]:
    if _address(entry) is not None:
        return entry, None
    host, colon, port = entry.rpartition(":")
    return (host, int(port)) if colon and port.isascii() and port.isdigit() else (entry, None)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None
