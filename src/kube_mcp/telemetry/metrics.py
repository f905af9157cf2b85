"""Prometheus metrics, with labels from fixed sets only.

A label whose value a caller can choose is a way to fill a monitoring system's memory, so every
value that is not known from the start is counted as ``other``.
"""

from __future__ import annotations

import platform
from collections.abc import Iterable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

OTHER = "other"

#: From a cached answer to the longest deadline a call may have.
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)
_BYTES = (500.0, 2_000.0, 5_000.0, 10_000.0, 20_000.0, 30_000.0, 50_000.0)

OPERATIONS = ("tools/call", "resources/read", "prompts/get", "completion/complete")
ROUTES = ("mcp", "livez", "readyz", "health", "metrics", "well-known", OTHER)
KUBE_VERBS = ("get", "list", "watch", "log", "review", "discovery", "probe", OTHER)
OUTCOMES = frozenset({
    "ok", "cancelled", "crashed",
    "error", "settings", "input", "not_allowed", "refused", "credentials", "identity_provider",
    "cluster", "unreachable", "timed_out", "unauthorized", "forbidden", "not_found", "gone",
    "throttled", "rejected", "server_fault", "too_large",
})  # fmt: skip
STATUS_CLASSES = frozenset({"1xx", "2xx", "3xx", "4xx", "5xx"})


#: There are some forty reason codes; more would mean that something else got in.
_MAX_REFUSALS = 64


class Metrics:
    """All metrics of one server, in a registry of their own.

    ``names`` are the tools, prompts and resources that exist; ``refusals`` are reason codes of the
    door that shall be there from the start. Others are added as they come, up to a bound: they are
    words of ours, never a client's.
    """

    def __init__(
        self, *, version: str, names: Iterable[str] = (), refusals: Iterable[str] = ()
    ) -> None:
        self._names = frozenset(names)
        self._refusals = set(refusals)
        # One more series beside each, telling when it was first counted: of no use here.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        registry = self._registry = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        build = Gauge(
            "kube_mcp_build_info", "Constant 1.", ["version", "python"], registry=registry
        )
        build.labels(version, platform.python_version()).set(1)
        self._calls = Counter(
            "kube_mcp_calls", "Calls, by operation, name and outcome.",
            ["operation", "name", "outcome"], registry=registry,
        )  # fmt: skip
        self._call_seconds = Histogram(
            "kube_mcp_call_seconds", "How long calls took.",
            ["operation", "name"], registry=registry, buckets=_SECONDS,
        )  # fmt: skip
        self._answer_bytes = Histogram(
            "kube_mcp_answer_bytes", "Sizes of answers.",
            ["operation", "name"], registry=registry, buckets=_BYTES,
        )  # fmt: skip
        self._in_flight = Gauge("kube_mcp_calls_in_flight", "Calls running now.", registry=registry)
        self._http = Counter(
            "kube_mcp_http_requests", "HTTP requests, by route and class of status.",
            ["route", "status"], registry=registry,
        )  # fmt: skip
        self._http_seconds = Histogram(
            "kube_mcp_http_seconds", "How long HTTP requests took.",
            ["route"], registry=registry, buckets=_SECONDS,
        )  # fmt: skip
        self._refused = Counter(
            "kube_mcp_refused", "Requests refused at the door, by reason.",
            ["reason"], registry=registry,
        )  # fmt: skip
        self._kube = Counter(
            "kube_mcp_kube_requests", "Requests to API servers, by verb and outcome.",
            ["verb", "outcome"], registry=registry,
        )  # fmt: skip
        self._kube_seconds = Histogram(
            "kube_mcp_kube_seconds", "How long API servers took until their headers came.",
            ["verb"], registry=registry, buckets=_SECONDS,
        )  # fmt: skip
        self._kube_bytes = Counter(
            "kube_mcp_kube_received_bytes", "Body bytes from API servers.", registry=registry
        )
        self._ready = Gauge("kube_mcp_ready", "1 while the server is ready.", registry=registry)

    def call_started(self) -> None:
        """A call begins; it must end with `call_ended`."""
        self._in_flight.inc()

    def call_ended(
        self, *, operation: str, name: str, outcome: str, seconds: float, answer_bytes: int
    ) -> None:
        """A call ended, however it ended."""
        operation = _one_of(operation, OPERATIONS)
        name = _one_of(name, self._names)
        self._in_flight.dec()
        self._calls.labels(operation, name, _one_of(outcome, OUTCOMES)).inc()
        self._call_seconds.labels(operation, name).observe(seconds)
        if answer_bytes:
            self._answer_bytes.labels(operation, name).observe(answer_bytes)

    def http_ended(self, *, route: str, status: int, seconds: float) -> None:
        """An HTTP request was answered; ``status`` 0 is a client that went away first."""
        route = _one_of(route, ROUTES)
        self._http.labels(route, _one_of(f"{status // 100}xx", STATUS_CLASSES)).inc()
        self._http_seconds.labels(route).observe(seconds)

    def refused(self, reason: str) -> None:
        """A request was turned away at the door."""
        if len(self._refusals) < _MAX_REFUSALS:
            self._refusals.add(reason)
        self._refused.labels(_one_of(reason, self._refusals)).inc()

    def kube_request(self, *, verb: str, outcome: str, seconds: float) -> None:
        """An API server answered, or did not: ``outcome`` is a class of status or an error code."""
        verb = _one_of(verb, KUBE_VERBS)
        self._kube.labels(verb, _one_of(outcome, OUTCOMES | STATUS_CLASSES)).inc()
        self._kube_seconds.labels(verb).observe(seconds)

    def kube_received(self, count: int) -> None:
        """Body bytes that came from an API server."""
        self._kube_bytes.inc(count)

    def ready(self, *, is_ready: bool) -> None:
        """Whether the last readiness check found no problem."""
        self._ready.set(1 if is_ready else 0)

    def page(self) -> tuple[bytes, str]:
        """The exposition and its content type."""
        return generate_latest(self._registry), CONTENT_TYPE_LATEST


def _one_of(value: str, known: Iterable[str]) -> str:
    return value if value in known else OTHER
