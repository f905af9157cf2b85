"""Puts a verifier together from settings and a session; the only file that knows all of them."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from joserfc.errors import SecurityWarning

from kube_mcp.auth.config import AuthConfig, IntrospectionConfig, TrustedIssuer
from kube_mcp.auth.introspection import Introspection
from kube_mcp.auth.issuer import IssuerMetadata
from kube_mcp.auth.keys import SigningKeys
from kube_mcp.auth.provider import ProviderClient, ProxyFor, direct
from kube_mcp.auth.verifier import IssuerParts, Verifier
from kube_mcp.errors import IdentityProviderError

if TYPE_CHECKING:
    import aiohttp


def assemble(
    config: AuthConfig,
    session: aiohttp.ClientSession,
    *,
    now: Callable[[], float] = time.time,
    monotonic: Callable[[], float] = time.monotonic,
    proxy_for: ProxyFor = direct,
) -> Verifier:
    """A verifier for ``config``, whose `problems` the caller has already found empty.

    Asks the provider nothing yet, so a server starts while it is down. Close the verifier, then
    the session.
    """
    if any("EdDSA" in trusted.algorithms for trusted in config.issuers):
        # The name is deprecated (RFC 9864), not the algorithm; the operator has chosen it.
        warnings.filterwarnings("ignore", "EdDSA is deprecated", SecurityWarning)
    return Verifier(
        [_issuer(trusted, session, monotonic, proxy_for) for trusted in config.issuers],
        now=now,
        required_scopes=frozenset(config.required_scopes),
        required_groups=frozenset(config.required_groups),
        leeway_s=config.leeway_s,
        max_token_bytes=config.max_token_bytes,
        cache_s=config.token_cache_s,
        cache_entries=config.token_cache_entries,
    )


def _issuer(
    trusted: TrustedIssuer,
    session: aiohttp.ClientSession,
    monotonic: Callable[[], float],
    proxy_for: ProxyFor,
) -> IssuerParts:
    client = ProviderClient(
        session,
        ca_file=trusted.ca_file,
        allow_http_loopback=trusted.allow_http_loopback,
        proxy_for=proxy_for,
    )
    metadata = IssuerMetadata(
        trusted.issuer,
        client,
        monotonic=monotonic,
        allow_http_loopback=trusted.allow_http_loopback,
    )

    async def fetch_keys() -> Mapping[str, Any]:
        url = trusted.jwks_uri or (await metadata.get()).jwks_uri
        if not url:
            raise IdentityProviderError(
                f"The discovery document of {trusted.issuer!r} names no jwks_uri.",
                hint="Set jwks_uri for this issuer.",
            )
        return await client.get_object(url)

    introspection = (
        _introspection(trusted.introspection, client, metadata, monotonic)
        if trusted.introspection is not None
        else None
    )
    return IssuerParts(
        trusted, metadata, SigningKeys(fetch_keys, monotonic=monotonic), introspection
    )


def _introspection(
    config: IntrospectionConfig,
    client: ProviderClient,
    metadata: IssuerMetadata,
    monotonic: Callable[[], float],
) -> Introspection:
    async def endpoint() -> str:
        url = config.url or (await metadata.get()).introspection_endpoint
        if not url:
            raise IdentityProviderError(
                f"The discovery document of {metadata.issuer!r} names no introspection_endpoint.",
                hint="Set the introspection url for this issuer.",
            )
        return url

    return Introspection(config, client, endpoint, monotonic=monotonic)
