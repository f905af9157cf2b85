"""A client on a pipe shows what a tool answers, and never why its server ended."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import anyio
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

PATIENCE_S = 30.0

CONFIG = {
    "apiVersion": "v1", "kind": "Config", "current-context": "here",
    "contexts": [{"name": "here", "context": {"cluster": "here", "user": "me"}}],
    "clusters": [{"name": "here", "cluster": {"server": "https://127.0.0.1:1"}}],
    "users": [{"name": "me", "user": {"token": "t"}}],
}  # fmt: skip


async def test_without_a_kubeconfig_every_call_says_so_until_there_is_one(tmp_path: Path) -> None:
    missing = tmp_path / "config"
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "kube_mcp", "stdio"],
        env={"PATH": os.environ["PATH"], "KUBECONFIG": str(missing)},
    )
    with anyio.fail_after(PATIENCE_S):
        async with Client(stdio_client(server)) as client:
            before = await client.call_tool("diagnose", {})
            missing.write_text(json.dumps(CONFIG))
            after = await client.call_tool("diagnose", {})
    assert before.is_error
    assert before.content[0].text.startswith(f"There is no kubeconfig at {missing}.")
    assert after.is_error
    assert "https://127.0.0.1:1 cannot be connected to: connection refused" in after.content[0].text
