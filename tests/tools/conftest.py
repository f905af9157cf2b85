"""Asks a tool of a fake API server, the way the protocol edge does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from kube_mcp.access.clusters import Clusters, ClusterSource
from kube_mcp.access.policy import OPEN, Policy
from kube_mcp.kube.client import GuardOptions
from kube_mcp.tools._call import Call
from kube_mcp.tools._tool import discover
from tests.support.api_server import FakeApiServer

TOOLS = {tool.name: tool for tool in discover()}

Ask = Callable[..., Awaitable[str]]


@pytest.fixture
def server() -> FakeApiServer:
    """An API server with nothing in it but its own kinds."""
    return FakeApiServer()


@pytest.fixture
def ask(server: FakeApiServer) -> Ask:
    """``await ask("list_resources", kind="pods")``: the answer's text. Errors are raised."""

    async def asked(
        tool_name: str,
        /,
        *,
        max_bytes: int = 30_000,
        policy: Policy = OPEN,
        allow: GuardOptions | None = None,
        **arguments: Any,
    ) -> str:
        clusters = Clusters(
            [ClusterSource("test", lambda: server)],
            policy_for=lambda caller: policy,
            allow=allow or GuardOptions(),
        )
        cluster = await clusters.open("", None)
        tool = TOOLS[tool_name]
        call = Call(cluster, max_bytes=max_bytes, clock=lambda: server.now)
        return await tool.run(tool.parse(arguments), call)

    return asked
