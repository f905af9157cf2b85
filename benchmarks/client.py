"""The same thin MCP client for every server: what is measured is the server, not an SDK."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson

_VERSION = "2025-11-25"


class McpClient:
    """One client program with its own connection and, where the server wants one, its session."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url
        self._ids = itertools.count(1)
        self._headers = {
            "Accept": "application/json, text/event-stream",
            "Content-Type": "application/json",
        }

    async def initialize(self) -> None:
        """The handshake of the revisions that both servers speak."""
        await self._post(
            "initialize",
            {
                "protocolVersion": _VERSION,
                "capabilities": {},
                "clientInfo": {"name": "bench", "version": "1"},
            },
        )
        self._headers["MCP-Protocol-Version"] = _VERSION
        body = {"jsonrpc": "2.0", "method": "notifications/initialized"}
        async with self._session.post(self._url, json=body, headers=self._headers) as answer:
            await answer.read()

    async def tools(self) -> bytes:
        """The whole answer to ``tools/list``."""
        return orjson.dumps((await self._post("tools/list", {}))["result"])

    async def call(self, name: str, arguments: Mapping[str, Any]) -> str:
        """One tool's text. Raises `RuntimeError` for a tool error: a bench of errors says nothing."""
        answer = await self._post("tools/call", {"name": name, "arguments": dict(arguments)})
        result = answer.get("result")
        text = "".join(block.get("text", "") for block in (result or {}).get("content", ()))
        if result is None or result.get("isError"):
            raise RuntimeError(f"{name}: {text or answer.get('error')}")
        structured = result.get("structuredContent")
        return text + (orjson.dumps(structured).decode() if structured else "")

    async def _post(self, method: str, params: Mapping[str, Any]) -> Any:
        body = {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params}
        async with self._session.post(self._url, json=body, headers=self._headers) as answer:
            if session_id := answer.headers.get("Mcp-Session-Id"):
                self._headers["Mcp-Session-Id"] = session_id
            raw = await answer.read()
            if answer.status != 200:
                raise RuntimeError(f"{method}: HTTP {answer.status}: {raw[:300]!r}")
            if answer.content_type == "text/event-stream":
                return _last_event(raw)
            return orjson.loads(raw)


def _last_event(raw: bytes) -> Any:
    for line in reversed(raw.splitlines()):
        if line.startswith(b"data:") and b'"id"' in line:
            return orjson.loads(line[5:])
    raise RuntimeError(f"no answer in the stream: {raw[:200]!r}")


@dataclass(frozen=True)
class Timing:
    """Calls of one kind: how many, their median, and how many a second all together."""

    calls: int
    median_ms: float
    per_s: float


async def timed(work: Callable[[int], Awaitable[object]], *, clients: int, calls: int) -> Timing:
    """``calls`` calls in all, by ``clients`` at a time; ``work`` gets its client's number."""
    spans: list[float] = []
    left = itertools.repeat(None, calls)

    async def one(number: int) -> None:
        for _ in left:
            begun = time.perf_counter()
            await work(number)
            spans.append(time.perf_counter() - begun)

    begun = time.perf_counter()
    await asyncio.gather(*(one(number) for number in range(clients)))
    whole = time.perf_counter() - begun
    return Timing(len(spans), statistics.median(spans) * 1000, len(spans) / whole)
