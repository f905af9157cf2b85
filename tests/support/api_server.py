"""A fake API server for unit tests: a `SnapshotTransport` that can also refuse, stall and break.

It answers what a real one answers (see `kube_mcp.snapshots.transport`) and writes down what it
was asked. `FakeApiServer` is a transport itself; `listening` puts it behind a real loopback port.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase
from ssl import SSLContext
from typing import Any

import aiohttp
import anyio
import orjson

from kube_mcp.errors import Unreachable
from kube_mcp.kube.transport import Request, Response
from kube_mcp.objects import Obj, ResourceType
from kube_mcp.snapshots.responses import BytesResponse, Failure, forbidden
from kube_mcp.snapshots.store import LogFile, Store, Unread
from kube_mcp.snapshots.transport import SnapshotTransport
from tests.support.build import NOW

#: Who the requests come from, unless they impersonate somebody.
USER = "system:serviceaccount:kube-mcp:kube-mcp"

VERSION = {
    "major": "1",
    "minor": "37",
    "gitVersion": "v1.37.2",
    "platform": "linux/amd64",
    "goVersion": "go1.26.1",
    "compiler": "gc",
    "gitCommit": "0" * 40,
    "gitTreeState": "clean",
    "buildDate": "2026-10-01T00:00:00Z",
}


@dataclass
class Gate:
    """Holds requests up until the test opens it. ``waiting`` is set when the first one arrives."""

    waiting: anyio.Event = field(default_factory=anyio.Event)
    _opened: anyio.Event = field(default_factory=anyio.Event)

    def open(self) -> None:
        """Let the requests through."""
        self._opened.set()

    async def pass_through(self) -> None:
        """What a held request does."""
        self.waiting.set()
        await self._opened.wait()


@dataclass(frozen=True)
class _Denial:
    verb: str
    resource: str
    namespace: str
    name: str
    user: str


@dataclass
class _Trouble:
    """Something that happens instead of an answer, to the next ``times`` requests for ``path``."""

    path: str
    times: int
    happen: Callable[[], Response]


class FakeApiServer(SnapshotTransport):
    """An API server in memory. ``requests`` is everything it was asked, in order."""

    def __init__(
        self,
        *objects: Obj,
        now: datetime = NOW,
        user: str = USER,
        aggregated: bool = True,
        version: Mapping[str, Any] = VERSION,
    ) -> None:
        super().__init__(Store(objects, captured_at=now, version=version))
        self.requests: list[Request] = []
        self.closed = False
        self.now = now
        self._clock = lambda: self.now
        self._user = user
        self._aggregated = aggregated
        self._denied: list[_Denial] = []
        self._troubles: list[_Trouble] = []
        self._gates: list[tuple[str, Gate]] = []
        self._expire = 0
        self._asking = user

    # --- what is in it ------------------------------------------------------------------------

    def add(self, *objects: Obj) -> None:
        """Add or replace objects."""
        self.store.add(*objects)

    def remove(self, kind: str, name: str, *, namespace: str = "") -> None:
        """Take an object away."""
        self.store.remove(kind, name, namespace=namespace)

    def add_log(
        self,
        pod: str,
        text: str,
        *,
        namespace: str = "shop",
        container: str = "app",
        previous: bool = False,
    ) -> None:
        """A container's log. Lines that begin with an RFC 3339 time got it from the kubelet."""
        self.store.logs[namespace, pod, container, previous] = LogFile.of(text)

    def document(self, path: str, body: object) -> None:
        """Answer GET ``path`` with exactly this JSON (OpenAPI, a kubelet's summary)."""
        self.store.documents[path] = orjson.dumps(body)

    # --- what goes wrong ----------------------------------------------------------------------

    def deny(
        self,
        verb: str = "*",
        resource: str = "*",
        *,
        namespace: str = "*",
        name: str = "*",
        user: str = "*",
    ) -> None:
        """Answer 403 as RBAC does. ``resource`` is a full name (``secrets``, ``deployments.apps``).

        All are shell patterns; a subresource is ``pods/log``. ``namespace=""`` is the cluster
        scope alone: a list of all namespaces is refused, a list in one is not.
        """
        self._denied.append(_Denial(verb, resource, namespace, name, user))

    def unreadable(self, full_name: str, *, code: int = 500, message: str = "boom") -> None:
        """Answer every request for a type with an error ``Status``."""
        self.store.unread[full_name, ""] = Unread(code, "InternalError", message)

    def fail_group(self, group_version: str) -> None:
        """The extension API server behind ``metrics.k8s.io/v1beta1`` (say) stops answering."""
        self.store.failed[group_version] = "service unavailable"

    def expire_continue(self, times: int = 1) -> None:
        """Answer the next uses of a continue token with 410."""
        self._expire += times

    def throttle(self, *, times: int = 1, retry_after_s: int = 1, path: str = "*") -> None:
        """Answer 429 with ``Retry-After``."""
        message = "the server has received too many requests and has asked us to try again later"
        self.fail(
            429,
            "TooManyRequests",
            message,
            times=times,
            path=path,
            headers={"retry-after": str(retry_after_s)},
        )

    def fail(
        self,
        code: int,
        reason: str,
        message: str,
        *,
        times: int = 1,
        path: str = "*",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """Answer the next requests with an error ``Status``: 401, 500, 503…"""
        failure = Failure(code, reason, message, headers=headers)
        self._troubles.append(_Trouble(path, times, failure.response))

    def respond(
        self,
        path: str,
        body: bytes,
        *,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        times: int = 1_000_000,
    ) -> None:
        """Answer exactly this: a proxy's HTML page, a cut JSON, a redirect."""
        sent = {"content-type": "application/json", **(headers or {})}
        self._troubles.append(_Trouble(path, times, lambda: BytesResponse(status, sent, body)))

    def drop(self, *, times: int = 1, path: str = "*") -> None:
        """Break the connection instead of answering."""

        def broken() -> Response:
            raise Unreachable("The connection to the API server broke before it answered.")

        self._troubles.append(_Trouble(path, times, broken))

    def break_off(self, error: Unreachable, *, times: int = 1_000_000) -> None:
        """Be gone in a way that trying again does not help."""
        error.__cause__ = aiohttp.ClientHttpProxyError(None, ())  # type: ignore[arg-type]

        def gone() -> Response:
            raise error

        self._troubles.append(_Trouble("*", times, gone))

    def drop_in_body(self, *, path: str, after_bytes: int = 10, times: int = 1) -> None:
        """Send the headers and some of the body, then break the connection."""
        self._troubles.append(_Trouble(path, times, lambda: _CutResponse(after_bytes)))

    @contextmanager
    def held(self, path: str = "*") -> Iterator[Gate]:
        """Hold up requests for ``path`` until the gate is opened or the block ends."""
        gate = Gate()
        entry = (path, gate)
        self._gates.append(entry)
        try:
            yield gate
        finally:
            gate.open()
            self._gates.remove(entry)

    # --- what it was asked --------------------------------------------------------------------

    def count(self, path: str = "*", *, method: str = "*") -> int:
        """How many requests had this path (a shell pattern) and method."""
        return sum(
            fnmatchcase(one.path, path) and fnmatchcase(one.method, method) for one in self.requests
        )

    @property
    def asked(self) -> list[str]:
        """``GET /api/v1/pods?limit=500``, in order."""
        return [f"{one.method} {one.target}" for one in self.requests]

    @property
    def repeated(self) -> dict[str, int]:
        """Requests that came more than once, and how often."""
        return {target: times for target, times in Counter(self.asked).items() if times > 1}

    @property
    def last(self) -> Request:
        """The latest request."""
        return self.requests[-1]

    def forget(self) -> None:
        """Start counting anew."""
        self.requests.clear()

    # --- the transport ------------------------------------------------------------------------

    async def send(self, request: Request) -> Response:
        """The answer, after whatever the test wants to happen first."""
        self.requests.append(request)
        for pattern, gate in list(self._gates):
            if fnmatchcase(request.path, pattern):
                await gate.pass_through()
        for trouble in list(self._troubles):
            if fnmatchcase(request.path, trouble.path):
                trouble.times -= 1
                if trouble.times <= 0:
                    self._troubles.remove(trouble)
                return trouble.happen()
        self._asking = self.user(request)
        return await super().send(request)

    async def aclose(self) -> None:
        """Remember that it was closed."""
        self.closed = True

    def user(self, request: Request) -> str:
        """Whoever is impersonated, else the server's own account."""
        return request.headers.get("Impersonate-User", self._user)

    def groups(self, request: Request) -> list[str]:
        """Those of whoever is impersonated, else those of every ServiceAccount."""
        own = ["system:serviceaccounts", "system:serviceaccounts:kube-mcp"]
        claimed = super().groups(request)
        return [
            *(claimed if "Impersonate-User" in request.headers else own),
            "system:authenticated",
        ]

    def check_access(
        self, verb: str, resource: ResourceType, *, namespace: str, name: str, subresource: str
    ) -> None:
        """Deny what the test denied."""
        super().check_access(
            verb, resource, namespace=namespace, name=name, subresource=subresource
        )
        plural = f"{resource.full_name}/{subresource}" if subresource else resource.full_name
        for denial in self._denied:
            if (
                fnmatchcase(verb, denial.verb)
                and fnmatchcase(plural, denial.resource)
                and fnmatchcase(namespace, denial.namespace)
                and fnmatchcase(name, denial.name)
                and fnmatchcase(self._asking, denial.user)
            ):
                raise forbidden(
                    self._asking,
                    verb,
                    resource,
                    namespace=namespace,
                    name=name,
                    subresource=subresource,
                )

    def continue_expired(self) -> bool:
        """Whether the test wants this token to have aged out."""
        if self._expire:
            self._expire -= 1
            return True
        return False

    def offers_aggregated_discovery(self) -> bool:
        """An API server before 1.26 does not."""
        return self._aggregated


class _CutResponse:
    """A response whose body breaks off."""

    status = 200
    headers: Mapping[str, str] = {"content-type": "application/json"}

    def __init__(self, after_bytes: int) -> None:
        self._after_bytes = after_bytes

    async def read(self, max_bytes: int) -> bytes:
        """Break."""
        raise Unreachable("The connection to the API server broke in the middle of an answer.")

    async def chunks(self) -> AsyncIterator[bytes]:
        """Send a little, then break."""
        yield b"{" * self._after_bytes
        raise Unreachable("The connection to the API server broke in the middle of an answer.")

    async def aclose(self) -> None:
        """Nothing is open."""


@asynccontextmanager
async def listening(
    server: FakeApiServer, *, ssl_context: SSLContext | None = None
) -> AsyncIterator[str]:
    """Serve on a free loopback port, for tests of the real connection; yields the base URL.

    `FakeApiServer.drop` closes the socket without an answer.
    """
    from aiohttp import web

    async def handle(incoming: web.Request) -> web.StreamResponse:
        request = Request(
            incoming.method,
            incoming.raw_path.partition("?")[0],
            tuple((name, value) for name, value in incoming.query.items()),
            {name.title(): value for name, value in incoming.headers.items()},
            await incoming.read(),
        )
        try:
            answer = await server.send(request)
            if isinstance(answer, _CutResponse):
                whole = web.StreamResponse(headers={"content-length": "1000"})
                await whole.prepare(incoming)
                await whole.write(b"{" * 10)
                _hang_up(incoming)
                return whole
            body = await answer.read(1 << 30)
        except Unreachable:
            _hang_up(incoming)
            return web.Response()
        return web.Response(status=answer.status, headers=dict(answer.headers), body=body)

    app = web.Application(client_max_size=1 << 20)
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=ssl_context)
    await site.start()
    try:
        port = runner.addresses[0][1]
        yield f"{'https' if ssl_context else 'http'}://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


def _hang_up(incoming: Any) -> None:
    if incoming.transport is not None:
        incoming.transport.abort()
