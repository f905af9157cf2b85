"""The TypeScript SDKs' own OAuth clients sign in, refresh and step up, on a real cluster."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kube_mcp.auth.provider import open_session
from testbed.bed import Bed
from tests.support.nanoidp import CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, USERS
from tests.support.npm import modules, node
from tests.support.signed_server import LOGS, Signed, may_read, signed_server

pytestmark = [pytest.mark.node, pytest.mark.timeout(180)]

SCRIPT = Path(__file__).parent.parent / "support" / "typescript" / "sign_in.mjs"
PACKAGES = {
    "sdk": "@modelcontextprotocol/sdk@1.32.2",
    "client": "@modelcontextprotocol/client@2.4.0",
}


@dataclass
class TypeScriptClient:
    """The script as a process, asked a call at a time."""

    process: asyncio.subprocess.Process

    async def call(self, tool: str, **arguments: str) -> dict[str, Any]:
        """What came back, and what the person at the client saw until then."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(
            json.dumps({"tool": tool, "arguments": arguments}).encode() + b"\n"
        )
        async with asyncio.timeout(60):
            line = await self.process.stdout.readline()
        assert line, await self._last_words()
        found: dict[str, Any] = json.loads(line)
        return found

    async def _last_words(self) -> str:
        assert self.process.stderr is not None
        return (await self.process.stderr.read()).decode()


@asynccontextmanager
async def typescript(
    package: str, running: Signed, *, forgets_refresh_tokens: bool = False
) -> AsyncIterator[TypeScriptClient]:
    """A client that knows the address of the server and its own client id; alice sits at it."""
    settings = {
        "modules": str(await asyncio.to_thread(modules, PACKAGES[package])),
        "package": package,
        "url": running.url,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "redirect_uri": REDIRECT_URI,
        "name": "alice",
        "password": USERS[0][1],
        "forgets_refresh_tokens": forgets_refresh_tokens,
    }
    process = await asyncio.create_subprocess_exec(
        node(),
        str(SCRIPT),
        json.dumps(settings),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        yield TypeScriptClient(process)
    finally:
        if process.returncode is None:
            process.kill()
        # The pipes have to be read to their ends, or their transports are left over.
        await process.communicate()


@pytest.mark.parametrize("package", PACKAGES)
async def test_a_client_whose_token_was_revoked_refreshes_without_the_person(
    bed: Bed, namespace: str, tmp_path: Path, package: str
) -> None:
    await asyncio.to_thread(may_read, bed, namespace, "nano:alice")
    async with (
        signed_server(bed, tmp_path, introspects=True, offline_access=True) as running,
        typescript(package, running) as client,
    ):
        first = await client.call("list_configmaps", namespace=namespace)
        before = running.callers[-1]
        async with open_session() as session:
            await running.provider.revoke(session, before.token.reveal())
        running.let_a_minute_pass()
        second = await client.call("list_configmaps", namespace=namespace)
        after = running.callers[-1]

    assert "prices" in first["text"].split()
    assert "prices" in second["text"].split()
    assert "token-revoked" in [decision.code for decision in running.decisions]
    assert second["signIns"] == ["openid profile email offline_access"]
    assert after.key == before.key
    assert after.token != before.token


@pytest.mark.parametrize(
    ("package", "forgets_refresh_tokens"),
    # 1.x answers a step-up with its refresh token, which gains no scope, and then gives up: with
    # that client, tools behind a scope of their own work only where it was given no refresh token.
    [("sdk", True), ("client", True), ("client", False)],
)
async def test_a_tool_that_needs_more_makes_the_client_step_up_once(
    bed: Bed, tmp_path: Path, package: str, *, forgets_refresh_tokens: bool
) -> None:
    async with (
        signed_server(bed, tmp_path) as running,
        typescript(package, running, forgets_refresh_tokens=forgets_refresh_tokens) as client,
    ):
        first = await client.call("list_configmaps", namespace="default")
        await client.call("get_logs")
        last = await client.call("get_logs")

    assert last["text"] == "logs for nano:alice"
    assert LOGS in running.callers[-1].scopes
    assert len(first["signIns"]) == 1
    assert len(last["signIns"]) == 2
    assert set(last["signIns"][1].split()) == {*first["signIns"][0].split(), LOGS}
