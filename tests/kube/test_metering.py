"""The metering transport: every request is counted, whatever becomes of it."""

from __future__ import annotations

import pytest

from kube_mcp.errors import Forbidden, Unreachable
from kube_mcp.kube.client import Client
from kube_mcp.kube.metering import Metering
from kube_mcp.kube.transport import Request
from kube_mcp.objects import ResourceType
from kube_mcp.telemetry.meter import metered
from kube_mcp.telemetry.metrics import Metrics
from tests.support import build
from tests.support.api_server import FakeApiServer

PODS = ResourceType("", "v1", "pods", "Pod", namespaced=True)
NODES = ResourceType("", "v1", "nodes", "Node", namespaced=False)
DEPLOYMENTS = ResourceType("apps", "v1", "deployments", "Deployment", namespaced=True)


@pytest.fixture
def server() -> FakeApiServer:
    return FakeApiServer(
        build.node(), build.namespace("shop"), build.pod("web-1", namespace="shop")
    )


async def test_kinds_namespaces_and_bytes_of_a_call_are_counted(server: FakeApiServer) -> None:
    client = Client(Metering(server))
    with metered() as meter:
        await client.list(PODS, namespace="shop")
        await client.list(DEPLOYMENTS)
        await client.get(PODS, "web-1", namespace="shop")

    assert meter.kinds == {"pods", "deployments.apps"}
    assert meter.namespaces == {"shop", "*"}
    assert meter.requests == len(server.asked) == 3
    assert meter.bytes_read > 500
    assert meter.objects == 2


async def test_a_log_is_counted_as_it_streams(server: FakeApiServer) -> None:
    server.add_log("web-1", "hello\n" * 100, namespace="shop")
    client = Client(Metering(server))
    with metered() as meter:
        response = await client.open_log("shop", "web-1", query=(), timeout_s=5)
        async for _ in response.chunks():
            pass
        await response.aclose()

    assert meter.kinds == {"pods/log"}
    assert meter.bytes_read == 600


async def test_every_request_is_a_metric_with_its_outcome(server: FakeApiServer) -> None:
    metrics = Metrics(version="1")
    metering = Metering(server, metrics)
    client = Client(metering)
    server.deny("list", "secrets")
    await client.list(NODES)
    await client.get(PODS, "web-1", namespace="shop")
    await client.get_json("/version")
    await client.review(
        "authorization.k8s.io",
        "selfsubjectaccessreviews",
        {"spec": {"resourceAttributes": {"verb": "get", "resource": "pods"}}},
    )
    with pytest.raises(Forbidden):
        await client.list(ResourceType("", "v1", "secrets", "Secret", namespaced=True))
    server.drop(times=9)
    with pytest.raises(Unreachable):
        await metering.send(Request("GET", "/readyz"))

    page = metrics.page()[0].decode()
    for verb, outcome in (
        ("list", "2xx"), ("get", "2xx"), ("discovery", "2xx"), ("review", "2xx"),
        ("list", "4xx"), ("probe", "unreachable"),
    ):  # fmt: skip
        line = f'kube_mcp_kube_requests_total{{outcome="{outcome}",verb="{verb}"}} 1.0'
        assert line in page, f"{verb} {outcome}"


async def test_a_retry_counts_as_the_two_requests_it_is(server: FakeApiServer) -> None:
    server.throttle(times=1, retry_after_s=0, path="/api/v1/nodes")
    client = Client(Metering(server))
    with metered() as meter:
        await client.list(NODES)
    assert meter.requests == 2
