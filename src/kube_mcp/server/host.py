"""What the protocol shell asks of whoever has the tools, prompts and resources."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import mcp_types as types
from mcp.server.context import ServerRequestContext

from kube_mcp.auth.caller import Caller


async def no_progress(done: float, total: float | None, message: str) -> None:
    """Nobody asked to be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Who asks, and how to tell them how far it is.

    ``caller`` is None where nobody signs in: stdio, and HTTP without authentication.
    ``client`` is what the client program calls itself, believed by nobody.
    ``context`` is the SDK's own; nothing but the protocol shell and test fixtures needs it.
    """

    caller: Caller | None = None
    client: str = ""
    progress: Callable[[float, float | None, str], Awaitable[None]] = no_progress
    context: ServerRequestContext[Any, Any] | None = None


class Host(Protocol):
    """Answers what the protocol asks, for one caller at a time and with no state between calls.

    Lists come whole and in a fixed order; the shell cuts them into pages. A method may raise
    `kube_mcp.errors.KubeMcpError`, which becomes a protocol error with its sentence, or the SDK's
    ``MCPError``. Tool errors are not raised: they are answers.
    """

    def tool_schema(self, name: str) -> Mapping[str, Any] | None:
        """The input schema of a tool, whoever asks; None for a name that is not one."""
        ...

    async def list_tools(self, asked: Asked) -> Sequence[types.Tool]:
        """The tools this caller may see."""
        ...

    async def call_tool(
        self, params: types.CallToolRequestParams, asked: Asked
    ) -> types.CallToolResult | types.InputRequiredResult:
        """One tool's answer."""
        ...

    async def list_prompts(self, asked: Asked) -> Sequence[types.Prompt]:
        """The prompts this caller may use."""
        ...

    async def get_prompt(
        self, params: types.GetPromptRequestParams, asked: Asked
    ) -> types.GetPromptResult | types.InputRequiredResult:
        """One prompt, filled in."""
        ...

    async def list_resources(self, asked: Asked) -> Sequence[types.Resource]:
        """The resources with an address of their own."""
        ...

    async def list_resource_templates(self, asked: Asked) -> Sequence[types.ResourceTemplate]:
        """The shapes of the addresses of all others."""
        ...

    async def read_resource(
        self, params: types.ReadResourceRequestParams, asked: Asked
    ) -> types.ReadResourceResult | types.InputRequiredResult:
        """What is at an address."""
        ...

    async def complete(self, params: types.CompleteRequestParams, asked: Asked) -> types.Completion:
        """What an argument that is being typed could become."""
        ...
