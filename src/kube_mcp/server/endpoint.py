"""The SDK's streamable HTTP transport, as one ASGI application with a lifetime."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

from kube_mcp.server.asgi import Receive, Scope, Send


class McpEndpoint:
    """Speaks the protocol, in every revision the SDK knows, once a request has passed the shell.

    ``stateless`` is how it is served; a test suite that exercises sessions switches it off.
    Answers are not forced to be plain JSON: only a stream is cancelled when its client goes away,
    and only a stream carries progress.
    """

    def __init__(self, server: Server[Any], *, stateless: bool = True) -> None:
        self._server = server
        self._manager = StreamableHTTPSessionManager(
            app=server, json_response=False, stateless=stateless, security_settings=None
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Answers requests until the block ends. Can be entered once."""
        async with self._manager.run():
            yield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._manager.handle_request(scope, receive, send)
