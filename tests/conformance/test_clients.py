"""Real clients of other people, on the real server over the demo cluster.

Each of them initialises or discovers, lists the tools and calls every one.
"""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from mcp import Client, StdioServerParameters

from tests.conformance.demo_calls import CALLS, CANNOT
from tests.support.node import Node
from tests.support.served import ROOT, STDIO_COMMAND, Served

#: Which revision each way of connecting must end up with.
ERAS = {"auto": "2026-07-28", "legacy": "2025-11-25", "2026-07-28": "2026-07-28"}

by_node = [pytest.mark.node, pytest.mark.timeout(180)]


def _plan(tools: list[str], **where: Any) -> dict[str, Any]:
    return {**where, "calls": [{"name": name, "arguments": dict(CALLS[name])} for name in tools]}


async def _tools(url: str) -> list[str]:
    async with Client(url) as client:
        return [tool.name for tool in (await client.list_tools()).tools]


def _check(report: dict[str, Any], tools: list[str]) -> None:
    assert report["server"]["name"] == "kube-mcp"
    assert report["instructions"].startswith("Reads a Kubernetes cluster")
    assert [tool["name"] for tool in report["tools"]] == tools
    assert all(tool["annotations"]["readOnlyHint"] for tool in report["tools"])
    assert report["prompts"] == ["incident_note", "triage_namespace"]
    assert len(report["templates"]) == 2
    assert [call["name"] for call in report["calls"]] == tools
    for call in report["calls"]:
        assert call.get("isError") is (call["name"] in CANNOT), call
        (content,) = call["content"]
        assert content["type"] == "text"
        assert content["text"].strip()


@pytest.mark.parametrize("mode", ERAS)
async def test_the_python_sdk_calls_every_tool(demo_server: Served, mode: str) -> None:
    async with Client(demo_server.mcp, mode=mode) as client:
        for tool in (await client.list_tools()).tools:
            answer = await client.call_tool(tool.name, dict(CALLS[tool.name]))
            assert answer.is_error is (tool.name in CANNOT), (tool.name, answer.content)
        assert client.protocol_version == ERAS[mode]


@pytest.mark.parametrize("mode", ERAS)
async def test_the_python_sdk_calls_every_tool_over_a_pipe(mode: str) -> None:
    parameters = StdioServerParameters(command=STDIO_COMMAND[0], args=STDIO_COMMAND[1:], cwd=ROOT)
    async with Client(parameters, mode=mode) as client:
        for tool in (await client.list_tools()).tools:
            answer = await client.call_tool(tool.name, dict(CALLS[tool.name]))
            assert answer.is_error is (tool.name in CANNOT), (tool.name, answer.content)
        assert client.protocol_version == ERAS[mode]


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize("transport", ["http", "stdio"])
class TestTypeScriptVersion2:
    pytestmark = by_node

    async def test_it_calls_every_tool(
        self, node_js: Node, demo_server: Served, era: str, transport: str
    ) -> None:
        tools = await _tools(demo_server.mcp)
        where = {"url": demo_server.mcp} if transport == "http" else {"command": STDIO_COMMAND}
        report = node_js.session("v2.mjs", _plan(tools, era=era, **where))

        _check(report, tools)
        assert report["protocol"] == ERAS[era]


@pytest.mark.parametrize("transport", ["http", "stdio"])
class TestTypeScriptVersion1:
    pytestmark = by_node

    async def test_it_calls_every_tool(
        self, node_js: Node, demo_server: Served, transport: str
    ) -> None:
        tools = await _tools(demo_server.mcp)
        where = {"url": demo_server.mcp} if transport == "http" else {"command": STDIO_COMMAND}
        report = node_js.session("v1.mjs", _plan(tools, **where))

        _check(report, tools)
        if transport == "http":  # on a pipe this client does not tell
            assert report["protocol"] == "2025-11-25"


class TestInspector:
    pytestmark = by_node

    @pytest.mark.parametrize("era", ["auto", "modern", "legacy"])
    async def test_it_lists_the_tools_in_every_era(
        self, node_js: Node, demo_server: Served, era: str, tmp_path: Any
    ) -> None:
        config = tmp_path / "mcp.json"
        server = {"type": "streamable-http", "url": demo_server.mcp, "protocolEra": era}
        config.write_text(json.dumps({"mcpServers": {"kube": server}}))
        done = node_js.inspector(
            "--config", str(config), "--server", "kube", "--method", "tools/list",
            "--format", "json",
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert [each["name"] for each in _result(done.stdout)["tools"]] == await _tools(
            demo_server.mcp
        )

    async def test_it_calls_every_tool(self, node_js: Node, demo_server: Served) -> None:
        for tool in await _tools(demo_server.mcp):
            arguments = [
                part
                for name, value in CALLS[tool].items()
                for part in (
                    "--tool-arg",
                    f"{name}={json.dumps(value) if value is True else value}",
                )
            ]
            done = node_js.inspector(
                demo_server.mcp, "--transport", "http", "--method", "tools/call",
                "--tool-name", tool, *arguments, "--format", "json",
            )  # fmt: skip
            code = 5 if tool in CANNOT else 0
            assert done.returncode == code, f"{tool}: {done.stdout}\n{done.stderr}"
            assert _result(done.stdout)["content"][0]["text"].strip()

    async def test_a_tool_error_is_its_exit_code_5(
        self, node_js: Node, demo_server: Served
    ) -> None:
        done = node_js.inspector(
            demo_server.mcp, "--transport", "http", "--method", "tools/call",
            "--tool-name", "get_resource", "--tool-arg", "kind=Deploymnt",
            "--tool-arg", "name=cart", "--format", "json",
        )  # fmt: skip
        assert done.returncode == 5, done.stderr
        assert "Deployment" in done.stdout


def _result(printed: str) -> Any:
    """What the Inspector prints, with or without its envelope."""
    found = json.loads(printed)
    return found.get("result", found)


async def test_every_call_stands_in_the_audit_trail_and_only_reads(demo_server: Served) -> None:
    before = len(demo_server.audit)
    tools = await _tools(demo_server.mcp)
    async with Client(demo_server.mcp) as client:
        for tool in tools:
            await client.call_tool(tool, dict(CALLS[tool]))
        # The line of a call is written before its answer is sent, but read by another thread.
        async with asyncio.timeout(10):
            while len(demo_server.audit) < before + len(tools):  # noqa: ASYNC110
                await asyncio.sleep(0.01)

    lines = demo_server.audit[before:]
    assert [line["tool"] for line in lines] == tools
    assert {line["tool"] for line in lines if line["outcome"] != "ok"} == CANNOT
    assert all(line["bytesAnswered"] for line in lines)
