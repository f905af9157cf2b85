"""What a provider says about itself: its discovery document, fetched, checked and kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from kube_mcp.auth.denied import shown
from kube_mcp.auth.provider import ProviderClient, url_problem
from kube_mcp.auth.single_flight import SingleFlight
from kube_mcp.errors import IdentityProviderError, ProviderUnreachable

#: Endpoints move about never; an hour bounds how long a moved one is missed.
LIFETIME_S = 3600.0
#: The pause between attempts while requests keep coming; shorter than that of the keys, whose
#: next attempt would else find this one still pausing.
RETRY_S = 2.0


@dataclass(frozen=True, slots=True)
class Metadata:
    """The endpoints of an authorization server; ``raw`` is the document as it came."""

    issuer: str
    jwks_uri: str = ""
    token_endpoint: str = ""
    introspection_endpoint: str = ""
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)


def metadata_urls(issuer: str) -> tuple[str, str]:
    """Where the document may be, in the order tried.

    OpenID Connect appends to the issuer, which is the form providers with a path really serve;
    RFC 8414 puts its well-known name between host and path.
    """
    parts = urlsplit(issuer)
    base, path = f"{parts.scheme}://{parts.netloc}", parts.path.rstrip("/")
    return (
        f"{issuer.rstrip('/')}/.well-known/openid-configuration",
        f"{base}/.well-known/oauth-authorization-server{path}",
    )


def parse_metadata(
    document: Mapping[str, Any], *, issuer: str, allow_http_loopback: bool = False
) -> Metadata:
    """The endpoints in a discovery document.

    Raises `IdentityProviderError` where it speaks for another issuer, be it by one slash, or
    names an endpoint that is not https.
    """
    found = document.get("issuer")
    if found != issuer:
        near = isinstance(found, str) and found.rstrip("/") == issuer.rstrip("/")
        raise IdentityProviderError(
            f"The discovery document speaks for issuer {shown(found)}, expected {shown(issuer)}.",
            hint="They differ by the trailing slash; set issuer exactly as the provider does."
            if near
            else "",
        )
    endpoints: dict[str, str] = {}
    for name in ("jwks_uri", "token_endpoint", "introspection_endpoint"):
        value = document.get(name)
        if value is None:
            continue
        problem = (
            url_problem(value, allow_http_loopback=allow_http_loopback)
            if isinstance(value, str)
            else f"{shown(value)} is not a URL"
        )
        if problem:
            raise IdentityProviderError(f"The discovery document's {name}: {problem}.")
        endpoints[name] = value
    return Metadata(issuer=issuer, raw=document, **endpoints)


class IssuerMetadata:
    """Keeps one issuer's discovery document: fetched on demand, once at a time, stale on error.

    ``monotonic`` gives seconds from any start. While the provider is down the last good document
    is handed out; where there never was one, `get` raises `IdentityProviderError`.
    """

    def __init__(
        self,
        issuer: str,
        client: ProviderClient,
        *,
        monotonic: Callable[[], float],
        allow_http_loopback: bool = False,
        lifetime_s: float = LIFETIME_S,
        retry_s: float = RETRY_S,
    ) -> None:
        self.issuer = issuer
        self._client = client
        self._monotonic = monotonic
        self._allow_http_loopback = allow_http_loopback
        self._lifetime_s = lifetime_s
        self._retry_s = retry_s
        self._flight: SingleFlight[str, Metadata] = SingleFlight()
        self._known: Metadata | None = None
        self._fetched_at = 0.0
        self._failure: tuple[float, IdentityProviderError] | None = None

    async def get(self) -> Metadata:
        """The document; waits for it only where there is none yet."""
        now = self._monotonic()
        known = self._known
        if known is not None and now - self._fetched_at < self._lifetime_s:
            return known
        if self._failure is not None and now - self._failure[0] < self._retry_s:
            if known is not None:
                return known
            raise self._failure[1]
        if known is not None:
            self._flight.start("document", self._fetch)
            return known
        return await self._flight.do("document", self._fetch)

    async def aclose(self) -> None:
        """Stop a fetch that is under way."""
        await self._flight.aclose()

    async def _fetch(self) -> Metadata:
        try:
            found = await self._first_answer()
        except IdentityProviderError as problem:
            self._failure = (self._monotonic(), problem)
            raise
        self._known, self._fetched_at = found, self._monotonic()
        self._failure = None
        return found

    async def _first_answer(self) -> Metadata:
        appended, inserted = metadata_urls(self.issuer)
        try:
            document = await self._client.get_object(appended)
        except ProviderUnreachable:
            raise  # the other place is on the same host: asking there too would only take longer
        except IdentityProviderError as problem:
            try:
                document = await self._client.get_object(inserted)
            except IdentityProviderError:
                raise problem from None
        return parse_metadata(
            document, issuer=self.issuer, allow_http_loopback=self._allow_http_loopback
        )
