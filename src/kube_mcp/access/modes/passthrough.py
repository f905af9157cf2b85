"""The caller's own token goes to the API server, which must trust the same issuer.

The MCP specification forbids this: a server must not pass on a token that was made out to
itself. Whoever holds such a token could use it at either place, the API server cannot tell this
server's calls from the caller's own, and one leaked here opens the cluster. It exists for clusters
whose API server already validates the provider's tokens, and only by explicit choice.
"""

from __future__ import annotations

from kube_mcp.access.modes import signed_in
from kube_mcp.auth.caller import Caller
from kube_mcp.errors import SettingsError
from kube_mcp.kube.identity import Identity

#: Said at start, in the log, wherever this mode is switched on.
WARNING = (
    "Identity mode 'passthrough' sends callers' tokens to the API server, which the MCP"
    " specification forbids: a token made out to this server then also opens the cluster."
    " Prefer 'impersonate' or 'token-exchange'."
)


class PassthroughMode:
    """Needs ``accept_risk=True``, so that nobody gets here by a changed default.

    Requests must go through a connection without the server's own credentials, because a client
    certificate beside a token wins (`Identity.brings_credentials`).
    """

    name = "passthrough"

    def __init__(self, *, accept_risk: bool) -> None:
        if not accept_risk:
            raise SettingsError([WARNING])

    async def identity(self, caller: Caller | None) -> Identity:
        """The caller's token as it came, after this server has verified it."""
        known = signed_in(caller, self.name)
        return Identity(self.name, username=known.username, bearer=known.token.reveal())

    async def aclose(self) -> None:
        """Nothing is held."""
