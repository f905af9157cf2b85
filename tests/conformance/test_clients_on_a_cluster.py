"""Real clients of other people, on the real server over a real API server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from mcp import Client

from testbed.bed import Bed
from tests.conformance.test_clients import ERAS, by_node
from tests.support.node import Node
from tests.support.served import Served, served

POD = "checkout-6f9c7d5b8-x2kqp"


def calls(namespace: str) -> Mapping[str, Mapping[str, Any]]:
    """One useful call of every tool on the scenario crash-loop."""
    web = {"namespace": namespace, "kind": "Deployment", "name": "checkout"}
    return {
        "api_resources": {"search": "deploy"},
        "check_access": {"verb": "list", "kind": "pods", "namespace": namespace},
        "check_network": {"source": "outside", "target": POD, "target_namespace": namespace},
        "cluster_overview": {},
        "diagnose": {"namespace": namespace},
        "explain_resource": {"kind": "Deployment", "field": "spec.replicas"},
        "get_changes": {"namespace": namespace},
        "get_events": {"namespace": namespace},
        "get_logs": {**web, "previous": True},
        "get_relations": web,
        "get_resource": web,
        "list_resources": {"kind": "pods", "namespace": namespace},
        "search": {"text": "checkout", "namespace": namespace},
        "top": {"what": "pods", "namespace": namespace},
    }


#: What an answer must hold, to be of this cluster and no empty courtesy.
TELLING = {
    "diagnose": "container-keeps-crashing",
    "explain_resource": "Number of desired pods",
    "get_logs": "cannot parse configuration",
    "get_relations": f"Pod {POD}",
    "list_resources": "CrashLoopBackOff",
}


@pytest.fixture(scope="module")
def shop(bed: Bed) -> Iterator[tuple[Served, str]]:
    """The server over the test bed, with a Deployment that crashes."""
    with (
        bed.scenario("crash-loop") as applied,
        served("--kubeconfig", str(bed.kubeconfig_file)) as running,
    ):
        yield running, applied.namespace


@pytest.mark.parametrize("mode", ERAS)
async def test_the_python_sdk_calls_every_tool(shop: tuple[Served, str], mode: str) -> None:
    running, namespace = shop
    asked = calls(namespace)
    async with Client(running.mcp, mode=mode) as client:
        for tool in (await client.list_tools()).tools:
            answer = await client.call_tool(tool.name, dict(asked[tool.name]))
            text = "".join(getattr(block, "text", "") for block in answer.content)
            assert not answer.is_error, (tool.name, text)
            assert TELLING.get(tool.name, "") in text


@pytest.mark.parametrize(
    ("script", "more"),
    [("v2.mjs", {"era": "auto"}), ("v2.mjs", {"era": "legacy"}), ("v1.mjs", {})],
    ids=["TypeScript 2 auto", "TypeScript 2 legacy", "TypeScript 1"],
)
class TestTypeScript:
    pytestmark = by_node

    async def test_it_calls_every_tool(
        self, node_js: Node, shop: tuple[Served, str], script: str, more: dict[str, str]
    ) -> None:
        running, namespace = shop
        async with Client(running.mcp) as client:
            names = [tool.name for tool in (await client.list_tools()).tools]
        asked = calls(namespace)
        plan = {"calls": [{"name": name, "arguments": dict(asked[name])} for name in names]}
        report = node_js.session(script, {"url": running.mcp, **more, **plan})
        assert [call["name"] for call in report["calls"]] == names
        for call in report["calls"]:
            text = call["content"][0]["text"]
            assert not call.get("isError"), (call["name"], text)
            assert TELLING.get(call["name"], "") in text


class TestInspector:
    pytestmark = by_node

    async def test_it_calls_every_tool(self, node_js: Node, shop: tuple[Served, str]) -> None:
        running, namespace = shop
        async with Client(running.mcp) as client:
            names = [tool.name for tool in (await client.list_tools()).tools]
        for name in names:
            arguments = [
                part
                for key, value in calls(namespace)[name].items()
                for part in (
                    "--tool-arg",
                    f"{key}={str(value).lower() if value is True else value}",
                )
            ]
            done = node_js.inspector(
                running.mcp, "--transport", "http", "--method", "tools/call",
                "--tool-name", name, *arguments, "--format", "json",
            )  # fmt: skip
            assert done.returncode == 0, f"{name}: {done.stdout}\n{done.stderr}"
            assert TELLING.get(name, "") in done.stdout
