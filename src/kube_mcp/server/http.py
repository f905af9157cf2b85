"""The HTTP side: a pure ASGI shell around the protocol, with the addresses operators need."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Sequence

from kube_mcp.server.asgi import (
    Answer,
    App,
    Message,
    Receive,
    Scope,
    Send,
    header_values,
    json_answer,
)
from kube_mcp.server.body import read_body, replayed
from kube_mcp.server.doors import Doors, without_port
from kube_mcp.server.endpoint import McpEndpoint
from kube_mcp.server.readiness import Readiness
from kube_mcp.server.step_up import StepUp
from kube_mcp.telemetry.metrics import Metrics


def _open_to_all(app: App) -> App:
    return app


class HttpShell:
    """Everything the server answers over HTTP; it never redirects.

    ``paths`` are where the protocol is, with and without a trailing slash; ``/`` is always one of
    them, because that is what a proxy that strips its prefix leaves. ``protect`` wraps the
    protocol alone (sign-in, limits); probes and metrics stay in front of it.
    ``metrics_hidden_from`` are the public host names at which ``/metrics`` does not exist: a
    proxy that passes a whole prefix would publish it.
    """

    def __init__(
        self,
        endpoint: McpEndpoint,
        *,
        version: str,
        readiness: Readiness,
        doors: Doors,
        paths: Sequence[str] = ("/mcp",),
        protect: Callable[[App], App] = _open_to_all,
        step_up: StepUp | None = None,
        max_body_bytes: int = 262_144,
        metrics: Metrics | None = None,
        serve_metrics: bool = True,
        metrics_hidden_from: Sequence[str] = (),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._endpoint = endpoint
        self._version = version
        self._readiness = readiness
        self._doors = doors
        self._paths = frozenset({"", *(path.rstrip("/") for path in paths)})
        self._protected = protect(self._protocol)
        self._step_up = step_up
        self._max_body_bytes = max_body_bytes
        self._metrics = metrics
        self._serves_metrics = serve_metrics and metrics is not None
        self._hidden_from = frozenset(host.lower() for host in metrics_hidden_from)
        self._monotonic = monotonic

    def drain(self) -> None:
        """Stop being ready; calls are still answered."""
        self._readiness.drain()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        async with self._endpoint.running():
            await send({"type": "lifespan.startup.complete"})
            # Cancelled where a second signal ends the server at once: an end like the other.
            with contextlib.suppress(asyncio.CancelledError):
                await receive()
        await self._readiness.aclose()
        await send({"type": "lifespan.shutdown.complete"})

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].rstrip("/")
        route = "mcp" if path in self._paths else _PROBES.get(path, "other")
        started = self._monotonic()
        status = 0

        async def counted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            if route == "mcp":
                refusal = self._doors.refuse(scope)
                await (refusal or self._protected)(scope, receive, counted)
            else:
                answer = await self._operators(route, scope)
                await answer(scope, receive, counted)
        except asyncio.CancelledError:
            # Nothing but the end of the grace at a shutdown cancels a request from outside.
            if not status:
                await _STOPPED(scope, receive, counted)
        finally:
            if self._metrics is not None:
                self._metrics.http_ended(
                    route=route, status=status, seconds=self._monotonic() - started
                )

    async def _operators(self, route: str, scope: Scope) -> Answer:
        if route == "other" or (route == "metrics" and not self._shows_metrics(scope)):
            return json_answer(404, {"error": "not_found"})
        if scope["method"] not in ("GET", "HEAD"):
            return json_answer(
                405, {"error": "method_not_allowed"}, headers=[("Allow", "GET, HEAD")]
            )
        if route == "livez":
            return _LIVE
        if route == "health":
            return json_answer(200, {"status": "ok", "version": self._version})
        if route == "metrics" and self._metrics is not None:
            return metrics_answer(self._metrics)
        return await _ready_answer(self._readiness)

    def _shows_metrics(self, scope: Scope) -> bool:
        hosts = header_values(scope, b"host")
        return self._serves_metrics and not any(
            host.lower() in self._hidden_from or without_port(host.lower()) in self._hidden_from
            for host in hosts
        )

    async def _protocol(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != "POST":
            # Old clients open a GET stream for messages nobody sends; held open, it would keep
            # a connection each and the shutdown waiting.
            await json_answer(405, {"error": "method_not_allowed"}, headers=[("Allow", "POST")])(
                scope, receive, send
            )
            return
        body = await read_body(scope, receive, max_bytes=self._max_body_bytes)
        if body is None:
            return
        if isinstance(body, Answer):
            await body(scope, receive, send)
            return
        refusal = self._step_up.refuse(scope, body) if self._step_up is not None else None
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        inner = {**scope, "headers": _trimmed(scope["headers"])}
        await self._endpoint(inner, replayed(body, receive), send)


class MetricsApp:
    """``/metrics``, and the probes where ``readiness`` is given: for a port of its own.

    A kubelet then reaches the probes also where the protocol listens on the loopback alone.
    """

    def __init__(self, metrics: Metrics | None, *, readiness: Readiness | None = None) -> None:
        self._metrics = metrics
        self._readiness = readiness

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await (await self._answer(scope))(scope, receive, send)

    async def _answer(self, scope: Scope) -> Answer:
        path = scope["path"].rstrip("/")
        shown = {"/metrics": self._metrics is not None}
        shown["/livez"] = shown["/readyz"] = self._readiness is not None
        if not shown.get(path):
            return json_answer(404, {"error": "not_found"})
        if scope["method"] not in ("GET", "HEAD"):
            return json_answer(
                405, {"error": "method_not_allowed"}, headers=[("Allow", "GET, HEAD")]
            )
        if path == "/metrics" and self._metrics is not None:
            return metrics_answer(self._metrics)
        if path == "/readyz" and self._readiness is not None:
            return await _ready_answer(self._readiness)
        return _LIVE


_LIVE = json_answer(200, {"status": "ok"})


async def _ready_answer(readiness: Readiness) -> Answer:
    problems = await readiness.problems()
    if not problems:
        return json_answer(200, {"status": "ready"})
    return json_answer(
        503,
        {
            "status": "not ready",
            "problems": [{"part": each.part, "code": each.code} for each in problems],
        },
    )


def metrics_answer(metrics: Metrics) -> Answer:
    """The exposition as an answer."""
    body, content_type = metrics.page()
    return Answer(
        200,
        ((b"content-type", content_type.encode("ascii")), (b"cache-control", b"no-store")),
        body,
    )


_STOPPED = json_answer(
    503,
    {"error": "stopping", "error_description": "The server is stopping; try again"},
    headers=[("Retry-After", "1"), ("Connection", "close")],
)

_PROBES = {
    "/livez": "livez",
    "/readyz": "readyz",
    "/health": "health",
    "/metrics": "metrics",
}


def _trimmed(headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """The headers, ``mcp-*`` values without the optional white space around them.

    RFC 9110 has the server drop it; httptools keeps what stands behind a value.
    """
    return [
        (name, value.strip(b" \t") if name.startswith(b"mcp-") else value)
        for name, value in headers
    ]
