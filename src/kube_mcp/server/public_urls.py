"""The addresses clients type, and which of them a request came in by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from kube_mcp.server.asgi import Scope, header_values

RESOURCE_METADATA = "/.well-known/oauth-protected-resource"


@dataclass(frozen=True, slots=True)
class PublicUrl:
    """One configured address, taken apart. ``path`` is empty at the root and never ends in ``/``."""

    url: str
    origin: str
    host: str
    path: str

    @property
    def metadata_url(self) -> str:
        """Where RFC 9728 puts the metadata of this resource: between host and path."""
        return f"{self.origin}{RESOURCE_METADATA}{self.path}"


class PublicUrls:
    """The configured addresses, the main one first.

    A request's ``Host`` header only selects among them; nothing a client or a proxy sends ever
    becomes part of a URL that is handed out.
    """

    def __init__(self, urls: Sequence[str]) -> None:
        if not urls:
            raise ValueError("at least one public URL is needed")
        self.all = tuple(_parse(url) for url in urls)

    def of(self, scope: Scope) -> PublicUrl:
        """The address a request came in by; the main one where nothing tells."""
        here = self.at_host(scope)
        path = scope["path"].rstrip("/")
        for url in sorted(here, key=lambda url: len(url.path), reverse=True):
            if path == url.path or path.startswith(f"{url.path}/"):
                return url
        return (here or self.all)[0]

    def at_host(self, scope: Scope) -> tuple[PublicUrl, ...]:
        """The addresses that share the request's host; none where the host is unknown."""
        hosts = header_values(scope, b"host")
        if len(hosts) != 1:
            return ()
        host = _without_default_port(hosts[0].strip().lower())
        return tuple(url for url in self.all if _without_default_port(url.host) == host)


def _parse(url: str) -> PublicUrl:
    parts = urlsplit(url)
    host = parts.netloc.lower()
    return PublicUrl(url, f"{parts.scheme}://{host}", host, parts.path.rstrip("/"))


def _without_default_port(host: str) -> str:
    return host.removesuffix(":443").removesuffix(":80")
