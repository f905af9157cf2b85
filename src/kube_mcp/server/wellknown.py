"""The documents by which a client finds out where to sign in (RFC 9728, RFC 8414)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from kube_mcp.errors import IdentityProviderError
from kube_mcp.server.asgi import Answer, App, Receive, Scope, Send, json_answer
from kube_mcp.server.public_urls import RESOURCE_METADATA, PublicUrl, PublicUrls

_RELAYED = ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration")
# Long enough to spare a client's every start, short enough to move an issuer in an afternoon.
_MAX_AGE_S = 300


def resource_metadata(
    url: PublicUrl,
    *,
    issuers: tuple[str, ...],
    scopes: tuple[str, ...],
    name: str = "",
    documentation: str = "",
) -> dict[str, Any]:
    """The RFC 9728 document of one public URL.

    ``resource`` and ``authorization_servers`` are compared as strings by clients, so both stand
    here exactly as configured. ``scopes`` are `kube_mcp.auth.config.AuthConfig.sign_in_scopes`.
    """
    document: dict[str, Any] = {
        "resource": url.url,
        "authorization_servers": list(issuers),
        "scopes_supported": list(scopes),
        "bearer_methods_supported": ["header"],
    }
    if name:
        document["resource_name"] = name
    if documentation:
        document["resource_documentation"] = documentation
    return document


class WellKnown:
    """Answers the well-known paths of every public URL and passes everything else to ``app``.

    A path is recognised as a client asks for it and as a proxy that strips the public path leaves
    it, with and without a trailing slash, and never redirected. ``relay`` gives the authorization
    server's own metadata for clients that look only here; without it those paths are not ours.
    """

    def __init__(
        self,
        app: App,
        public_urls: PublicUrls,
        document: Callable[[PublicUrl], Mapping[str, Any]],
        *,
        relay: Callable[[], Awaitable[Mapping[str, Any]]] | None = None,
        cors_for_everyone: bool = True,
    ) -> None:
        self._app = app
        self._public_urls = public_urls
        self._answers = {
            url: self._found(document(url), cors_for_everyone) for url in public_urls.all
        }
        self._relay = relay
        self._cors = cors_for_everyone

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answer = await self._answer(scope) if scope["type"] == "http" else None
        await (answer or self._app)(scope, receive, send)

    async def _answer(self, scope: Scope) -> Answer | None:
        path = scope["path"]
        if "/.well-known/" not in path:
            return None
        url = self._asked_for(scope, path, RESOURCE_METADATA)
        relayed = (
            url is None
            and self._relay is not None
            and any(self._asked_for(scope, path, name) for name in _RELAYED)
        )
        if url is None and not relayed:
            return None
        if scope["method"] == "OPTIONS":
            return self._preflight()
        if scope["method"] not in ("GET", "HEAD"):
            return json_answer(405, {"error": "method_not_allowed"}, headers=[("Allow", _METHODS)])
        return await self._relayed() if url is None else self._answers[url]

    def _asked_for(self, scope: Scope, path: str, name: str) -> PublicUrl | None:
        """The public URL whose document called ``name`` is asked for by ``path``."""
        path = path.rstrip("/")
        here = self._public_urls.at_host(scope)
        for url in (*here, *self._public_urls.all):
            if url.path and path in (f"{name}{url.path}", f"{url.path}{name}"):
                return url
        # The bare form belongs to the whole host: it is that of a resource at the host's root, and
        # another's only where no other is there. Behind a stripping proxy it is also what is left
        # of a request below the public path.
        if path != name:
            return None
        candidates = here or self._public_urls.all
        at_root = [url for url in candidates if not url.path]
        chosen = at_root or candidates
        return chosen[0] if len(chosen) == 1 else None

    async def _relayed(self) -> Answer:
        if self._relay is None:
            return json_answer(404, {"error": "not_found"})
        try:
            return self._found(await self._relay(), self._cors)
        except IdentityProviderError:
            return json_answer(
                503,
                {"error": "temporarily_unavailable"},
                headers=[("Retry-After", "5"), *self._origin()],
            )

    def _found(self, document: Mapping[str, Any], cors: bool) -> Answer:
        headers = [("Cache-Control", f"public, max-age={_MAX_AGE_S}")]
        if cors:
            headers.append(("Access-Control-Allow-Origin", "*"))
        return json_answer(200, document, headers=headers)

    def _preflight(self) -> Answer:
        headers = [("Allow", _METHODS), *self._origin()]
        if self._cors:
            headers += [
                ("Access-Control-Allow-Methods", _METHODS),
                ("Access-Control-Allow-Headers", "*, Authorization, MCP-Protocol-Version"),
                ("Access-Control-Max-Age", "86400"),
            ]
        return Answer(204, tuple((n.lower().encode(), v.encode()) for n, v in headers))

    def _origin(self) -> list[tuple[str, str]]:
        return [("Access-Control-Allow-Origin", "*")] if self._cors else []


_METHODS = "GET, HEAD, OPTIONS"
