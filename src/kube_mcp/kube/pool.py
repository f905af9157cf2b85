"""Connections to one API server, kept open and shared by everybody who asks.

This is the raw wire: it sends whatever it is given. Only `kube_mcp.kube.client.Client`, which puts
the guard around it, may send through it; `open_pool` is for the composition root, which hands it
to clients and closes it at the end.
"""

from __future__ import annotations

import asyncio
import io
import re
import ssl
from collections.abc import AsyncIterator, Mapping
from urllib.parse import quote

import aiohttp
from yarl import URL

from kube_mcp import __version__
from kube_mcp.errors import Refused, TimedOut, TooLarge, Unreachable
from kube_mcp.kube.connection import ClientCertificate, ClusterConfig, Impersonation
from kube_mcp.kube.credentials import Credentials, credentials_for
from kube_mcp.kube.faults import in_words
from kube_mcp.kube.tls import Tls
from kube_mcp.kube.transport import Request, Response, Transport

# Beyond this many, requests wait for each other. An API server allows 400 reads at once from
# everybody together; a watch holds its connection, so there must be more than a few.
_MAX_CONNECTIONS = 100

# The API server hangs up after 90 idle seconds: leave before it does, or a request meets a
# connection that is just being closed.
_KEEPALIVE_S = 75.0

# What may stand on a request line as it is. Whatever else has to be escaped before, by those who
# know what it means; '#' would silently end the path.
_TARGET = re.compile(r"/[!\"$-~]*")

# The API server repeats each deprecated field in a Warning header, which can get long.
_MAX_HEADER_BYTES = 64 * 1024

_FAILURES = (aiohttp.ClientError, OSError, ValueError)

_Proof = tuple[Mapping[str, str], ClientCertificate | None]


def open_pool(
    config: ClusterConfig, *, environ: Mapping[str, str], max_connections: int = _MAX_CONNECTIONS
) -> Transport:
    """The wire to a cluster, without a guard: to be given to `kube_mcp.kube.client.Client` alone.

    Nothing is opened, read or run before the first request. ``environ`` is for exec plugins.
    """
    return Pool(config, credentials_for(config, environ=environ), max_connections=max_connections)


class Pool:
    """Sends requests over kept connections, signed with the cluster's credentials.

    After a 401 it asks the credentials for fresh ones and tries once more. A redirect is an answer
    and is not followed. A request that brings its own ``Authorization`` gets nothing of ours.
    """

    def __init__(
        self,
        config: ClusterConfig,
        credentials: Credentials,
        *,
        max_connections: int = _MAX_CONNECTIONS,
        tls: Tls | None = None,
    ) -> None:
        self._config = config
        self._credentials = credentials
        self._tls = (tls or Tls(config)) if config.is_https else None
        self._max_connections = max_connections
        self._base = config.server.rstrip("/")
        self._proxy = URL(config.proxy_url) if config.proxy_url else None
        self._impersonation = _impersonation_headers(config.impersonation)
        self._session: aiohttp.ClientSession | None = None
        self._closed = False

    def __repr__(self) -> str:
        return f"Pool({self._config!r}, {self._credentials!r})"

    async def send(self, request: Request) -> Response:
        """The answer as soon as its headers are there; see `Transport.send`."""
        deadline = asyncio.get_running_loop().time() + request.timeout_s
        names = {name.lower() for name, _ in _lines(request)}
        try:
            async with asyncio.timeout_at(deadline):
                if "authorization" in names:
                    return await self._exchange(request, names, ({}, None), deadline)
                return await self._signed(request, names, deadline)
        except TimeoutError as error:
            raise _timed_out(request) from error

    async def _signed(self, request: Request, names: set[str], deadline: float) -> Response:
        proof = await self._proof()
        answer = await self._exchange(request, names, proof, deadline)
        if answer.status != 401:
            return answer
        try:
            # Another request may have renewed them while this one was under way.
            renewed = await self._proof()
            if renewed == proof:
                if not await self._credentials.refresh():
                    return answer
                renewed = await self._proof()
        except BaseException:
            await answer.aclose()
            raise
        await answer.aclose()
        return await self._exchange(request, names, renewed, deadline)

    async def aclose(self) -> None:
        """Close every connection. Requests under way fail, later ones are refused."""
        self._closed = True
        await self._credentials.aclose()
        if self._session is not None:
            await self._session.close()

    async def _proof(self) -> _Proof:
        headers = await self._credentials.headers()
        return headers, self._credentials.certificate()

    async def _exchange(
        self, request: Request, names: set[str], proof: _Proof, deadline: float
    ) -> _Answer:
        target = request.target
        if not _TARGET.fullmatch(target):
            raise Refused("The path of the request is not escaped, so it was not sent.")
        if self._closed:
            raise Unreachable("The connections to the API server have been closed.")
        signature, certificate = proof
        headers = [*_lines(request), *signature.items()]
        # Ours only where nobody above has said as whom to act; never both.
        if "impersonate-user" not in names and "authorization" not in names:
            headers += self._impersonation
        if self._config.compress and "accept-encoding" not in names:
            headers.append(("Accept-Encoding", "gzip"))
        tls: ssl.SSLContext | bool = True
        if self._tls is not None:
            tls = await self._tls.context(certificate)
        try:
            response = await self._open().request(
                request.method,
                URL(self._base + target, encoded=True),
                headers=headers,
                data=request.body or None,
                allow_redirects=False,
                ssl=tls,
                server_hostname=self._config.tls_server_name or None,
                proxy=self._proxy,
                timeout=_whole(deadline),
            )
        except TimeoutError:
            raise
        except _FAILURES as error:
            raise in_words(error, self._config) from error
        return _Answer(response, request, self._config)

    def _open(self) -> aiohttp.ClientSession:
        """The session, made by the first request because it belongs to the running loop."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=self._max_connections, keepalive_timeout=_KEEPALIVE_S
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": f"kube-mcp/{__version__}"},
                skip_auto_headers=("Accept-Encoding", "Content-Type"),
                max_line_size=_MAX_HEADER_BYTES,
                max_field_size=_MAX_HEADER_BYTES,
                trust_env=False,
            )
        return self._session


class _Answer:
    """aiohttp's response, in the words of `kube_mcp.kube.transport.Response`."""

    def __init__(
        self, response: aiohttp.ClientResponse, request: Request, config: ClusterConfig
    ) -> None:
        self.status = response.status
        self.headers: Mapping[str, str] = _headers(response)
        self._response = response
        self._request = request
        self._config = config

    async def read(self, max_bytes: int) -> bytes:
        if self._announced_bytes() > max_bytes:
            await self.aclose()
            raise _too_large(max_bytes)
        first = await self._next()
        second = await self._next()
        if not second:
            return self._within(first, len(first), max_bytes)
        # BytesIO gives its buffer away without a copy; joining pieces would hold the body twice.
        body = io.BytesIO()
        chunk = first + second
        while chunk:
            self._within(chunk, body.tell() + len(chunk), max_bytes)
            body.write(chunk)
            chunk = await self._next()
        return body.getvalue()

    async def chunks(self) -> AsyncIterator[bytes]:
        while chunk := await self._next():
            yield chunk

    async def _next(self) -> bytes:
        """More of the body; nothing at its end."""
        try:
            return await self._response.content.readany()
        except BaseException as error:
            # Also where the reader was cancelled: nobody will take the rest.
            self._response.close()
            if isinstance(error, TimeoutError):
                raise _timed_out(self._request) from error
            if isinstance(error, _FAILURES):
                raise in_words(error, self._config) from error
            raise

    def _within(self, chunk: bytes, size: int, max_bytes: int) -> bytes:
        if size > max_bytes:
            self._response.close()
            raise _too_large(max_bytes)
        return chunk

    async def aclose(self) -> None:
        # Complete bodies have given their connection back already; of others, nobody wants the
        # rest, and the API server stops producing it once the connection is gone.
        if not self._response.content.is_eof():
            self._response.close()
        self._response.release()

    def _announced_bytes(self) -> int:
        length = self.headers.get("content-length", "")
        return int(length) if length.isascii() and length.isdigit() else 0


def _lines(request: Request) -> list[tuple[str, str]]:
    return [*request.headers.items(), *request.repeated_headers]


def _headers(response: aiohttp.ClientResponse) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for name, value in response.headers.items():
        name = name.lower()
        # Lines of one name mean the same as one line with commas (RFC 9110, 5.2).
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _whole(deadline: float) -> aiohttp.ClientTimeout:
    """One limit from connecting to the last byte, and none of the library's own beside it."""
    left_s = deadline - asyncio.get_running_loop().time()
    # aiohttp takes zero for "no limit".
    return aiohttp.ClientTimeout(total=max(left_s, 0.001), ceil_threshold=float("inf"))


def _impersonation_headers(impersonation: Impersonation | None) -> list[tuple[str, str]]:
    if impersonation is None:
        return []
    headers = [("Impersonate-User", impersonation.user)]
    if impersonation.uid:
        headers.append(("Impersonate-Uid", impersonation.uid))
    headers += [("Impersonate-Group", group) for group in impersonation.groups]
    headers += [
        (f"Impersonate-Extra-{quote(key, safe='')}", value)
        for key, values in impersonation.extra
        for value in values
    ]
    return headers


def _timed_out(request: Request) -> TimedOut:
    return TimedOut(
        f"The API server's answer was not complete after {request.timeout_s:.3g} seconds.",
        hint="Ask for less, for example one namespace or fewer lines, or allow more time.",
    )


def _too_large(max_bytes: int) -> TooLarge:
    return TooLarge(
        f"The API server's answer is larger than the {max_bytes} bytes allowed for it.",
        hint="Ask for less: one namespace, a selector, or a smaller limit.",
    )
