"""The tools: which ones a caller sees, what clients are told of them, and how one is called."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import Any

import mcp_types as types

from kube_mcp.access.cluster import Cluster
from kube_mcp.auth.caller import Caller
from kube_mcp.errors import InputError
from kube_mcp.server.host import Asked
from kube_mcp.server.outcome import unknown_name
from kube_mcp.server.reads import Reads
from kube_mcp.server.toolsets import Toolsets
from kube_mcp.tools._call import Call
from kube_mcp.tools._tool import Tool

CLUSTER_ARGUMENT = "cluster"

#: Names shown in the schema; more would cost every conversation tokens for a list nobody reads.
_MAX_NAMES_SHOWN = 10


class Tools:
    """The registry of tools; ``toolsets`` says which of them a caller sees and may use."""

    def __init__(self, tools: Sequence[Tool], reads: Reads, *, toolsets: Toolsets) -> None:
        self._reads = reads
        self._toolsets = toolsets
        self._tools = {tool.name: tool for tool in sorted(tools, key=lambda each: each.name)}
        self._wire = {
            name: _wire(tool, _schema(tool, reads.cluster_names))
            for name, tool in self._tools.items()
        }

    @property
    def names(self) -> tuple[str, ...]:
        """Every tool's name, in order."""
        return tuple(self._tools)

    def toolset(self, name: str) -> str:
        """The toolset of a tool, "" for a name that is not one."""
        return self._tools[name].toolset if name in self._tools else ""

    def schema(self, name: str) -> Mapping[str, Any] | None:
        """A tool's input schema as clients see it."""
        wire = self._wire.get(name)
        return wire.input_schema if wire is not None else None

    def listed(self, caller: Caller | None) -> list[types.Tool]:
        """What this caller is shown, in a fixed order."""
        return [
            self._wire[name]
            for name, tool in self._tools.items()
            if self._toolsets.may_see(caller, tool.toolset)
        ]

    async def call(
        self, name: str, arguments: Mapping[str, Any] | None, asked: Asked
    ) -> types.CallToolResult:
        """The tool's text, or a sentence marked as an error. Raises only for an unknown name."""
        tool = self._tools.get(name)
        if tool is None or not self._toolsets.may_see(asked.caller, tool.toolset):
            seen = tuple(each.name for each in self.listed(asked.caller))
            raise unknown_name("tool", name, seen)
        given = dict(arguments or {})

        def cluster() -> str:
            self._toolsets.check(asked.caller, tool.toolset, tool.name)
            chosen = given.pop(CLUSTER_ARGUMENT, None) if self._reads.names_cluster else None
            if chosen is not None and not isinstance(chosen, str):
                raise InputError(f"{tool.name}: cluster: expected a name as text.")
            return chosen or ""

        async def work(opened: Cluster) -> str:
            call = Call(cluster=opened, max_bytes=self._reads.max_bytes, progress=asked.progress)
            return await tool.run(tool.parse(given), call)

        told = await self._reads.tell(
            work,
            operation="tools/call",
            name=tool.name,
            arguments=dict(given),
            asked=asked,
            cluster=cluster,
        )
        text = told.text if told.failure is None else told.failure.sentence
        return types.CallToolResult(
            content=[types.TextContent(text=text)], is_error=told.failure is not None
        )


def _wire(tool: Tool, schema: dict[str, Any]) -> types.Tool:
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=schema,
        # The same for every tool, because it is true of the server and not of a tool. Hints about
        # writing mean nothing beside this one, and the title stands above; both would be paid for
        # in every conversation.
        annotations=types.ToolAnnotations(read_only_hint=True, open_world_hint=False),
    )


def _schema(tool: Tool, cluster_names: Sequence[str]) -> dict[str, Any]:
    schema: dict[str, Any] = copy.deepcopy(tool.schema)
    if len(cluster_names) > 1:
        default, *others = cluster_names
        listed = ", ".join([f"{default} (default)", *others[: _MAX_NAMES_SHOWN - 1]])
        more = f" and {len(cluster_names) - _MAX_NAMES_SHOWN} more"
        described = listed + (more if len(cluster_names) > _MAX_NAMES_SHOWN else "")
        schema.setdefault("properties", {})[CLUSTER_ARGUMENT] = {
            "type": "string",
            "description": f"Cluster: {described}",
        }
    return schema
