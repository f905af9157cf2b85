"""A TypeScript SDK's own OAuth client as a process, with a person at its browser."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.nanoidp import CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, USERS
from tests.support.npm import modules, node

SCRIPT = Path(__file__).parent / "typescript" / "sign_in.mjs"
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
    package: str, url: str, *, forgets_refresh_tokens: bool = False
) -> AsyncIterator[TypeScriptClient]:
    """A client that knows the address of the server and its own client id; alice sits at it."""
    settings = {
        "modules": str(await asyncio.to_thread(modules, PACKAGES[package])),
        "package": package,
        "url": url,
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
