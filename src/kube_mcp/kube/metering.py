"""Counts what goes over the wire, for the audit trail and for metrics."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Protocol

from kube_mcp.errors import KubeMcpError
from kube_mcp.kube.paths import ApiPath, parse
from kube_mcp.kube.transport import Request, Response, Transport
from kube_mcp.telemetry.meter import Meter, current_meter


class WireMetrics(Protocol):
    """What hears of every request; `kube_mcp.telemetry.metrics.Metrics` does."""

    def kube_request(self, *, verb: str, outcome: str, seconds: float) -> None:
        """One request was answered, or failed with an error's code."""
        ...

    def kube_received(self, count: int) -> None:
        """That many body bytes arrived."""
        ...


class Metering:
    """A transport that counts into the running call's `Meter` and into ``metrics``.

    Stands next to the wire, so a retry counts as the two requests it is.
    """

    def __init__(
        self,
        inner: Transport,
        metrics: WireMetrics | None = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._inner = inner
        self._metrics = metrics
        self._monotonic = monotonic

    async def send(self, request: Request) -> Response:
        """The response, counted as it is read."""
        asked = parse(request.path)
        meter = current_meter()
        meter.asked(_kind(asked), _namespace(asked))
        started = self._monotonic()
        outcome = "error"
        try:
            response = await self._inner.send(request)
            outcome = f"{response.status // 100}xx"
        except KubeMcpError as error:
            outcome = error.code
            raise
        finally:
            if self._metrics is not None:
                self._metrics.kube_request(
                    verb=_verb(request, asked),
                    outcome=outcome,
                    seconds=self._monotonic() - started,
                )
        return _Counted(response, meter, self._metrics)

    async def aclose(self) -> None:
        """Close what is underneath."""
        await self._inner.aclose()


class _Counted:
    """A response that counts its body into the call it was read for."""

    def __init__(self, inner: Response, meter: Meter, metrics: WireMetrics | None) -> None:
        self._inner = inner
        self._meter = meter
        self._metrics = metrics
        self.status = inner.status
        self.headers: Mapping[str, str] = inner.headers

    async def read(self, max_bytes: int) -> bytes:
        body = await self._inner.read(max_bytes)
        self._count(len(body))
        return body

    async def chunks(self) -> AsyncIterator[bytes]:
        async for chunk in self._inner.chunks():
            self._count(len(chunk))
            yield chunk

    async def aclose(self) -> None:
        await self._inner.aclose()

    def _count(self, received: int) -> None:
        self._meter.bytes_read += received
        if self._metrics is not None:
            self._metrics.kube_received(received)


def _kind(asked: ApiPath | None) -> str:
    if asked is None or not asked.resource:
        return ""
    kind = f"{asked.resource}.{asked.group}" if asked.group else asked.resource
    return f"{kind}/{asked.subresource}" if asked.subresource else kind


def _namespace(asked: ApiPath | None) -> str:
    if asked is None or not asked.resource:
        return ""
    if asked.namespace:
        return asked.namespace
    return "" if asked.name else "*"


def _verb(request: Request, asked: ApiPath | None) -> str:
    if request.method == "POST":
        return "review"
    if asked is None:
        return "other"
    if asked.fixed:
        return "probe" if asked.fixed.startswith(("/livez", "/readyz")) else "discovery"
    if asked.subresource == "log":
        return "log"
    if asked.name:
        return "get"
    return (
        "watch" if ("watch", "true") in request.query or ("watch", "1") in request.query else "list"
    )
