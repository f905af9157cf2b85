"""Lets a mode refuse a caller at the door, before anything of the request is read."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from kube_mcp.access.modes import Mode
from kube_mcp.auth.caller import Caller
from kube_mcp.auth.denied import Denied
from kube_mcp.errors import CredentialsError, IdentityProviderError, NotAllowed


def admission(mode: Mode) -> Callable[[Caller], Awaitable[Denied | None]]:
    """What `kube_mcp.server.bearer.BearerAuth` asks: None, or why this caller has no identity.

    Who cannot be mapped gets 403 with the mode's reason code; where the provider cannot be asked
    the answer is 503, because the caller did nothing wrong.
    """

    async def admit(caller: Caller) -> Denied | None:
        claimed = {"iss": caller.issuer, "sub": caller.subject, "azp": caller.client_id}
        try:
            await mode.identity(caller)
        except NotAllowed as problem:
            return Denied(problem.code, 403, str(problem), claimed=claimed)
        except (IdentityProviderError, CredentialsError) as problem:
            return Denied(
                "exchange-unavailable", 503, str(problem), retry_after_s=5, claimed=claimed
            )
        return None

    return admit
