"""The one seam to the outside: a request goes in, a response comes out.

The real connection pool, the read-only guard, impersonation, metering, a snapshot folder and the
fake cluster of the tests are all transports; the client above cannot tell them apart.
If you are about to write ``if offline:``, you want another one of these.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol
from urllib.parse import urlencode


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request to an API server.

    ``path`` is absolute, without a query, and already escaped; ``query`` is escaped when sent.
    ``timeout_s`` bounds the whole exchange up to the last byte read.
    Header names are written as ``Accept`` or ``Impersonate-User``; the last one set wins.
    ``repeated_headers`` go out after them, each as its own line, because a name may stand there
    more than once: a caller's groups are one ``Impersonate-Group`` line each.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    timeout_s: float = 30.0
    repeated_headers: tuple[tuple[str, str], ...] = ()

    @property
    def target(self) -> str:
        """Path and query as they go on the request line."""
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path

    def with_headers(self, headers: Mapping[str, str]) -> Request:
        """The same request with more headers; a name already there is replaced."""
        return replace(self, headers={**self.headers, **headers})


class Response(Protocol):
    """An answer whose status and headers are known and whose body may still be arriving.

    Read it with `read` or iterate `chunks` once, then `aclose` (also after an error): the
    connection goes back to the pool only then. Header names are lower case.
    """

    status: int
    headers: Mapping[str, str]

    async def read(self, max_bytes: int) -> bytes:
        """The whole body.

        Raises `kube_mcp.errors.TooLarge` once more than ``max_bytes`` have arrived,
        `TimedOut` or `Unreachable` where the rest never comes.
        """
        ...

    def chunks(self) -> AsyncIterator[bytes]:
        """The body as it arrives, in pieces of any size. Raises like `read`, but has no limit."""
        ...

    async def aclose(self) -> None:
        """Let go of the connection. May be called twice, and in the middle of the body."""
        ...


class Transport(Protocol):
    """Sends requests. Wrappers keep the same two methods and change one thing each."""

    async def send(self, request: Request) -> Response:
        """The response as soon as its headers are there.

        An HTTP error status is a response, not an exception. Raises `Unreachable`, `TimedOut`,
        `CredentialsError`, or `Refused` where a guard is in the way.
        """
        ...

    async def aclose(self) -> None:
        """Close what is open underneath. The transport cannot be used afterwards."""
        ...
