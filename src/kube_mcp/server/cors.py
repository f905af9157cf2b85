"""Lets chosen web pages call, for deployments whose proxy does not do it already."""

from __future__ import annotations

from collections.abc import Sequence

from kube_mcp.server.asgi import Answer, App, Message, Receive, Scope, Send, header_values

_METHODS = "GET, POST, DELETE, OPTIONS"
#: Named one by one for browsers that do not know the star, which never means Authorization.
_REQUEST_HEADERS = (
    "Authorization, Content-Type, Accept, Last-Event-ID, Mcp-Session-Id, Mcp-Protocol-Version,"
    " Mcp-Method, Mcp-Name, *"
)
#: Without these a page sees that it was refused, but not where to sign in or when to come back.
_EXPOSED = "WWW-Authenticate, Mcp-Session-Id, Mcp-Protocol-Version, Retry-After"
_MAX_AGE_S = "600"


class Cors:
    """Adds what a browser wants to see for pages of ``allowed_origins``, refusals included.

    Must stand around everything that refuses, and be the only place that does this: two of them
    contradict each other. Documents that are the same for everybody stand in front of it. Origins are compared as strings; ``*`` allows every page, which is safe as far as
    no cookie opens this server. Credentials are never allowed.
    """

    def __init__(self, app: App, allowed_origins: Sequence[str]) -> None:
        self._app = app
        self._allowed = frozenset(origin.lower() for origin in allowed_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        origins = header_values(scope, b"origin") if scope["type"] == "http" else []
        if len(origins) != 1:
            await self._app(scope, receive, send)
            return
        origin = origins[0]
        allowed = "*" in self._allowed or origin.lower() in self._allowed
        if scope["method"] == "OPTIONS" and header_values(scope, b"access-control-request-method"):
            await self._preflight(origin, allowed=allowed)(scope, receive, send)
            return
        if not allowed:
            await self._app(scope, receive, send)
            return

        async def send_with_origin(message: Message) -> None:
            if message["type"] == "http.response.start":
                kept = [
                    header
                    for header in message.get("headers", [])
                    if header[0].lower()
                    not in (b"access-control-allow-origin", b"access-control-expose-headers")
                ]
                message = {**message, "headers": [*kept, *_for_page(origin)]}
            await send(message)

        await self._app(scope, receive, send_with_origin)

    @staticmethod
    def _preflight(origin: str, *, allowed: bool) -> Answer:
        if not allowed:
            return Answer(403, ((b"vary", b"Origin"),))
        headers = (
            ("access-control-allow-methods", _METHODS),
            ("access-control-allow-headers", _REQUEST_HEADERS),
            ("access-control-max-age", _MAX_AGE_S),
        )
        return Answer(204, (*_for_page(origin), *((n.encode(), v.encode()) for n, v in headers)))


def _for_page(origin: str) -> tuple[tuple[bytes, bytes], ...]:
    return (
        (b"access-control-allow-origin", origin.encode("latin-1")),
        (b"access-control-expose-headers", _EXPOSED.encode("ascii")),
        (b"vary", b"Origin"),
    )
