"""A refusal: one stable reason code and one sentence for whoever runs the server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

#: What the refused client is told, by reason code; anything else gets `_FOR_CLIENT`. A client can
#: act on these: it refreshes an expired token, and asks again where the wrong kind was sent.
_FOR_CLIENT_BY_CODE: Mapping[str, str] = {
    "token-expired": "The access token expired",
    "token-revoked": "The access token is no longer active",
    "not-yet-valid": "The access token is not valid yet",
    "id-token": "An access token is needed, not an ID token",
}
_FOR_CLIENT = "The access token is not valid for this server"

# Longer values are attacks or mistakes; a log line has room for the beginning of either.
_SHOWN_CHARS = 120


@dataclass(frozen=True, slots=True)
class Denied:
    """Why a token does not open this server.

    ``status`` is 401 (bring another token), 403 (this person or scope will not do) or 503 (the
    identity provider cannot be asked just now; ``retry_after_s`` says when to come back).
    ``sentence`` is for the operator: what was expected and what came, never the token.
    ``scopes`` are all those a new token needs, where the scope was the reason.
    ``claimed`` is what the token says of itself (``iss``, ``azp``, ``sub``), verified or not.
    """

    code: str
    status: int
    sentence: str
    scopes: frozenset[str] = frozenset()
    retry_after_s: int = 0
    claimed: Mapping[str, str] = field(default_factory=dict)

    @property
    def for_client(self) -> str:
        """A short description that gives away nothing about what this server expects."""
        return _FOR_CLIENT_BY_CODE.get(self.code, _FOR_CLIENT)

    def claiming(self, claimed: Mapping[str, str]) -> Denied:
        """The same refusal with what the token says of itself."""
        return replace(self, claimed=claimed)


class Refusal(Exception):
    """Carries a `Denied` up to the verifier, which returns it; never leaves this package."""

    def __init__(self, denied: Denied) -> None:
        super().__init__(denied.sentence)
        self.denied = denied


def refuse(
    code: str,
    sentence: str,
    *,
    status: int = 401,
    scopes: frozenset[str] = frozenset(),
    retry_after_s: int = 0,
) -> Refusal:
    """A `Refusal` to raise."""
    return Refusal(Denied(code, status, sentence, scopes=scopes, retry_after_s=retry_after_s))


def shown(value: object) -> str:
    """A value from a token as it may stand in a log line: quoted, escaped, cut to 120 characters."""
    text = ascii(value[: _SHOWN_CHARS + 1] if isinstance(value, str) else value)
    return text if len(text) <= _SHOWN_CHARS + 2 else f"{text[:_SHOWN_CHARS]}…"
