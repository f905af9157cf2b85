"""As whom a caller reads the cluster: one file, one identity mode.

This is the only place where the words of OpenID Connect and of Kubernetes meet.
"""

from __future__ import annotations

from typing import Protocol

from kube_mcp.auth.caller import Caller
from kube_mcp.errors import NotAllowed
from kube_mcp.kube.identity import Identity


class Mode(Protocol):
    """Turns who is calling into as whom the cluster is read."""

    name: str

    async def identity(self, caller: Caller | None) -> Identity:
        """The identity for one caller; None is a local process without sign-in.

        Raises `NotAllowed`, whose ``code`` is the reason code for the audit log, where this caller
        cannot be mapped, and `CredentialsError` or `IdentityProviderError` where a token for the
        cluster could not be had.
        """
        ...

    async def aclose(self) -> None:
        """Let go of what is cached or under way."""
        ...


def refusal(code: str, message: str, *, hint: str = "") -> NotAllowed:
    """A `NotAllowed` with a reason code of its own."""
    error = NotAllowed(message, hint=hint)
    error.code = code
    return error


def signed_in(caller: Caller | None, mode: str) -> Caller:
    """The caller, where a mode needs one."""
    if caller is None:
        raise refusal(
            "no-caller",
            f"Identity mode '{mode}' reads the cluster as the caller, and nobody is signed in.",
            hint="Sign in, or use identity mode 'service-account'.",
        )
    return caller
