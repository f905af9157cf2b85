"""The way from the API server to nodes and Services: an HTTP CONNECT proxy on a socket file.

The API server believes that it talks to 10.89.0.3:10250; the proxy connects it to the fake that
plays that address. Everything else does not exist, and is answered as a proxy answers then.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

#: Which socket file plays an address; None where nobody listens.
Route = Callable[[str, int], Path | None]


async def serve(socket: Path, route: Route) -> asyncio.Server:
    """Starts the proxy; the caller closes the server."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _tunnel(reader, writer, route)
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # either side broke off
        finally:
            writer.close()

    return await asyncio.start_unix_server(connected, path=str(socket), limit=2**20)


async def _tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, route: Route) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    address = head.split(b" ", 2)[1].decode()
    host, _, port = address.rpartition(":")
    target = route(host.strip("[]"), int(port)) if port.isdigit() else None
    if target is None:
        writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        return
    far_reader, far_writer = await asyncio.open_unix_connection(str(target), limit=2**20)
    try:
        writer.write(b"HTTP/1.1 200 Connection Established\r\n\r\n")
        await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))
    finally:
        far_writer.close()


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await source.read(262_144):
            sink.write(data)
            await sink.drain()
    with contextlib.suppress(OSError, RuntimeError):
        sink.close()
