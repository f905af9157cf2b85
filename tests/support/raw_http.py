"""HTTP as bytes on a socket, for what no well-behaved client would send."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

PATIENCE_S = 10.0

#: What a client of the protocol sends with every message.
JSON_HEADERS = (
    ("Content-Type", "application/json"),
    ("Accept", "application/json, text/event-stream"),
)
MODERN = "2026-07-28"


@dataclass(frozen=True)
class Reply:
    """A whole answer; ``headers`` in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    def message(self) -> Any:
        """The last JSON-RPC message, in a plain body or on a stream."""
        if self.headers.get("content-type", "").startswith("text/event-stream"):
            data = [line[5:] for line in self.body.decode().splitlines() if line[:5] == "data:"]
            return json.loads(data[-1])
        return self.json()


def request(
    method: str,
    path: str,
    *,
    headers: Sequence[tuple[str, str]] = (),
    body: bytes = b"",
    host: str = "localhost",
    close: bool = True,
) -> bytes:
    """The bytes of one request, exactly as given."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in headers]
    if body and not any(name.lower() == "content-length" for name, _ in headers):
        lines.append(f"Content-Length: {len(body)}")
    if close:
        lines.append("Connection: close")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


@asynccontextmanager
async def connection(
    port: int,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection to a server on loopback, closed at the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def read_reply(reader: asyncio.StreamReader) -> Reply:
    """The next answer on a connection."""
    async with asyncio.timeout(PATIENCE_S):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        headers = {
            name.strip().lower(): value.strip()
            for name, _, value in (line.partition(":") for line in head[1:] if line)
        }
        body = b""
        if headers.get("transfer-encoding") == "chunked":
            while size := int(await reader.readline(), 16):
                body += await reader.readexactly(size)
                await reader.readline()
            await reader.readline()
        elif "content-length" in headers:
            body = await reader.readexactly(int(headers["content-length"]))
        return Reply(int(head[0].split(" ")[1]), headers, body)


async def exchange(port: int, method: str, path: str, **parts: Any) -> Reply:
    """One request on a connection of its own, and its answer."""
    async with connection(port) as (reader, writer):
        writer.write(request(method, path, **parts))
        if method == "HEAD":
            async with asyncio.timeout(PATIENCE_S):
                whole = await reader.read()
            status = int(whole.split(b" ")[1])
            return Reply(status, {}, whole.partition(b"\r\n\r\n")[2])
        return await read_reply(reader)


def modern_call(
    method: str, params: dict[str, Any] | None = None, *, name: str = "", token: Any = None
) -> dict[str, Any]:
    """Headers and body of a request of the current revision, as keywords of `request`."""
    meta: dict[str, Any] = {
        "io.modelcontextprotocol/protocolVersion": MODERN,
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "raw", "version": "1"},
    }
    if token is not None:
        meta["progressToken"] = token
    body = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": method,
        "params": {**(params or {}), "_meta": meta},
    }
    headers = [*JSON_HEADERS, ("MCP-Protocol-Version", MODERN), ("Mcp-Method", method)]
    if name:
        headers.append(("Mcp-Name", name))
    return {"headers": headers, "body": json.dumps(body).encode()}


def legacy_call(method: str, params: dict[str, Any] | None = None) -> dict[str, Any]:
    """Headers and body of a request of an old revision, as keywords of `request`."""
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}}
    headers = [*JSON_HEADERS, ("MCP-Protocol-Version", "2025-06-18")]
    return {"headers": headers, "body": json.dumps(body).encode()}


def tool_call(tool: str, arguments: dict[str, Any], *, modern: bool) -> dict[str, Any]:
    """A tools/call of either era, as keywords of `request`."""
    params = {"name": tool, "arguments": arguments}
    if modern:
        return modern_call("tools/call", params, name=tool)
    return legacy_call("tools/call", params)
