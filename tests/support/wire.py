"""A real HTTP server on loopback whose answers a test writes as a function."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web

Answer = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]


@dataclass
class Wire:
    """Where the server listens, and every request it has seen."""

    port: int = 0
    scheme: str = "http"
    seen: list[web.BaseRequest] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @property
    def raw_targets(self) -> list[str]:
        """The request lines' targets, byte for byte."""
        return [request.raw_path for request in self.seen]


@asynccontextmanager
async def serving(answer: Answer, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[Wire]:
    """The server, for as long as the block takes. A client that goes away cancels its answer."""
    wire = Wire(scheme="https" if tls else "http")

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        wire.seen.append(request)
        return await answer(request)

    runner = web.ServerRunner(web.Server(handle, handler_cancellation=True), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    wire.port = runner.addresses[0][1]
    try:
        yield wire
    finally:
        await runner.cleanup()
