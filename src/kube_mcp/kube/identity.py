"""As whom the API server is read, and the transport that says so on every request."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Hashable
from dataclasses import dataclass, field, replace

from kube_mcp.errors import Refused
from kube_mcp.kube.transport import Request, Response, Transport

# A header value is visible ASCII and single blanks inside: HTTP drops blanks at the edges, so
# ' system:masters' would arrive as 'system:masters', and a line end would start another header.
_SAFE_VALUE = re.compile(r"[!-~](?:[ -~]*[!-~])?")
# What may stand in a header's name as it is (RFC 9110 token), '%' apart, which starts an escape.
_TOKEN_BYTES = frozenset(
    b"abcdefghijklmnopqrstuvwxyz0123456789!#$&'*+-.^_`|~ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)
_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*")
_EXTRA_PREFIX = "Impersonate-Extra-"
# Constrained impersonation (Kubernetes 1.36) accepts only keys like 'mcp.example.com/client', and
# keys are lower-cased by the API server anyway.
_EXTRA_KEY = re.compile(
    r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)+/[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?"
)


@dataclass(frozen=True, slots=True)
class Identity:
    """As whom one request is made.

    ``mode`` names the identity mode that made it. With ``bearer`` the request carries that token
    and no credentials of the server; ``username`` then only says whose it is. Without, the
    server's own credentials impersonate ``username`` with ``groups``, ``uid`` and ``extra``; where
    ``username`` is empty too they stand alone.
    """

    mode: str
    username: str = ""
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()
    bearer: str = field(default="", repr=False)

    @property
    def key(self) -> Hashable:
        """What caches must be keyed by: two identities with one key see the same cluster.

        A token counts by its SHA-256, so that a key may be kept and shown. ``extra`` counts too:
        an authorizer may decide on it.
        """
        digest = hashlib.sha256(self.bearer.encode("utf-8")).hexdigest() if self.bearer else ""
        return (self.mode, self.username, tuple(sorted(self.groups)), self.uid, self.extra, digest)

    @property
    def impersonates(self) -> bool:
        """Whether the server's credentials act for somebody else."""
        return bool(self.username) and not self.bearer

    @property
    def brings_credentials(self) -> bool:
        """Whether requests must go out without any credentials of the server.

        A client certificate beside a bearer token wins at the API server, so such an identity
        needs a connection made from `ClusterConfig.without_credentials`.
        """
        return bool(self.bearer)


#: The server's own credentials, as they are.
OWN = Identity("service-account")


def sendable(token: str) -> bool:
    """Whether a token can stand in an Authorization header."""
    return _TOKEN.fullmatch(token) is not None


def unsafe_reason(value: str) -> str:
    """Why ``value`` must not be impersonated, or an empty string."""
    if not value:
        return "is empty"
    if not _SAFE_VALUE.fullmatch(value):
        return "has characters that cannot be sent in a header, or blanks at an edge"
    if value.lower().startswith("system:"):
        return "begins with 'system:', which Kubernetes keeps for itself"
    return ""


def extra_header(key: str) -> str:
    """The header that carries one extra field, escaped as the API server unescapes it.

    Raises `Refused` for a key that is not qualified by a domain (``mcp.example.com/client``).
    """
    if not _EXTRA_KEY.fullmatch(key):
        raise Refused(
            f"The extra field {key!r} is not a lower-case key qualified by a domain, such as"
            " 'mcp.example.com/client'."
        )
    escaped = "".join(
        chr(byte) if byte in _TOKEN_BYTES else f"%{byte:02x}" for byte in key.encode("ascii")
    )
    return f"{_EXTRA_PREFIX}{escaped}"


def identity_headers(identity: Identity) -> tuple[tuple[str, str], ...]:
    """The headers that say who reads; a name stands as often as it has values.

    Raises `Refused` for what must never be sent: an empty or unsafe value, a ``system:`` name.
    The identity modes have refused it before; this is the last line, whoever wrote above it.
    """
    if identity.bearer:
        if not sendable(identity.bearer):
            raise Refused("The caller's token has characters that cannot be sent in a header.")
        return (("Authorization", f"Bearer {identity.bearer}"),)
    if not identity.username:
        if identity.groups or identity.uid or identity.extra:
            raise Refused("Groups, uid and extra fields cannot be impersonated without a user.")
        return ()
    lines = [("Impersonate-User", identity.username)]
    lines += [("Impersonate-Group", group) for group in identity.groups]
    if identity.uid:
        lines.append(("Impersonate-Uid", identity.uid))
    lines += [(extra_header(key), value) for key, values in identity.extra for value in values]
    for name, value in lines:
        if reason := unsafe_reason(value):
            raise Refused(f"{name} {value!r} is not sent: it {reason}.")
    return tuple(lines)


class IdentityTransport:
    """Makes every request as one identity.

    Requests from above must not bring an identity of their own: one that does is `Refused`.
    """

    def __init__(self, inner: Transport, identity: Identity) -> None:
        self._inner = inner
        self._lines = identity_headers(identity)

    async def send(self, request: Request) -> Response:
        """The inner transport's response to the request made as this identity."""
        given = [name for name, _ in (*request.headers.items(), *request.repeated_headers)]
        for name in given:
            lower = name.lower()
            if lower == "authorization" or lower.startswith("impersonate-"):
                raise Refused(
                    f"A request came with the header {name!r}; only its identity may set that."
                )
        if self._lines:
            request = replace(request, repeated_headers=(*request.repeated_headers, *self._lines))
        return await self._inner.send(request)

    async def aclose(self) -> None:
        await self._inner.aclose()
