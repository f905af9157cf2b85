"""Who a request comes from, as the identity provider vouches for it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Final


class BearerToken:
    """A token that does not show itself: not in ``repr``, ``str``, a format string or a log line.

    Equality and hash go by its digest, so a cache keyed by one holds no second copy.
    """

    __slots__ = ("_value", "digest")

    digest: Final[bytes]

    def __init__(self, value: str) -> None:
        self._value = value
        #: SHA-256 of the token; safe to keep, to compare and to use as a cache key.
        self.digest = hashlib.sha256(value.encode("utf-8", "surrogatepass")).digest()

    def reveal(self) -> str:
        """The token itself, for the one line that puts it into a request."""
        return self._value

    def __repr__(self) -> str:
        return f"<masked: {len(self._value)} chars>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, BearerToken) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)


@dataclass(frozen=True, slots=True)
class Caller:
    """The person or program behind a verified token.

    ``issuer`` and ``subject`` together are the only stable name; ``username`` is the claim the
    operator chose to show and to map. ``expires_at`` is in seconds since the epoch. ``token`` is
    there for the two identity modes that hand it on, and shows itself to nobody else.
    """

    issuer: str
    subject: str
    username: str
    groups: tuple[str, ...]
    scopes: frozenset[str]
    client_id: str
    session_id: str
    expires_at: float
    token: BearerToken

    @property
    def key(self) -> tuple[str, str]:
        """What limits and caches go by: the same person, whichever client or token."""
        return (self.issuer, self.subject)
