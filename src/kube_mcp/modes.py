"""From settings to the identity mode: as whom the cluster is read for a caller."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

from kube_mcp.errors import IdentityProviderError
from kube_mcp.settings import Settings
from kube_mcp.sources import (
    impersonate_config,
    provider_proxy,
    shared_names,
    token_exchange_config,
)

if TYPE_CHECKING:
    import aiohttp

    from kube_mcp.access.modes import Mode
    from kube_mcp.auth.verifier import Verifier

logger = logging.getLogger(__name__)


def identity_mode(
    settings: Settings, session: aiohttp.ClientSession | None, verifier: Verifier | None
) -> Mode | None:
    """As whom the cluster is read for a caller; None reads it as this server for everybody."""
    identity = settings.cluster.identity
    if identity == "impersonate":
        from kube_mcp.access.modes.impersonate import ImpersonateMode

        if shared := shared_names(settings):
            logger.warning("%s", shared)
        return ImpersonateMode(impersonate_config(settings))
    if identity == "passthrough":
        from kube_mcp.access.modes.passthrough import WARNING, PassthroughMode

        logger.warning(WARNING)
        return PassthroughMode(accept_risk=settings.cluster.accept_passthrough_risk)
    if identity == "token-exchange" and session is not None and verifier is not None:
        from kube_mcp.access.modes.token_exchange import TokenExchangeMode
        from kube_mcp.auth.provider import ProviderClient

        known = {each.trusted.issuer: each for each in verifier.issuers}

        async def endpoint(issuer: str) -> str:
            metadata = await known[issuer].metadata.get()
            if not metadata.token_endpoint:
                raise IdentityProviderError(f"{issuer} names no token endpoint.")
            return metadata.token_endpoint

        return TokenExchangeMode(
            token_exchange_config(settings),
            ProviderClient(
                session,
                ca_file=settings.token_exchange.ca_file,
                allow_http_loopback=settings.auth.allow_http_loopback,
                proxy_for=provider_proxy,
            ),
            endpoint,
            now=time.time,
        )
    return None
