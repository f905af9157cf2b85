"""The host this server is built with: our tools, prompts and resources, for any caller."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import mcp_types as types

from kube_mcp.errors import NotAllowed
from kube_mcp.prompts._prompt import Prompt
from kube_mcp.resources._resource import Resource
from kube_mcp.server.completions import Completions
from kube_mcp.server.host import Asked
from kube_mcp.server.outcome import unknown_name
from kube_mcp.server.reads import OpenCluster, Reads
from kube_mcp.server.recorder import Recorder
from kube_mcp.server.resource_host import Resources
from kube_mcp.server.tool_host import Tools
from kube_mcp.server.toolsets import CORE, MayUse, Toolsets, everybody
from kube_mcp.tools._tool import Tool


class KubeHost:
    """`kube_mcp.server.host.Host` over registries and clusters.

    ``open_cluster`` is awaited for every call with the name given ("" for the default) and the
    caller; ``cluster_names`` are the names there are, the default first. See `Reads` and `Tools`
    for the rest. The edge asks `toolset` what an operation needs.
    """

    def __init__(
        self,
        *,
        tools: Sequence[Tool],
        open_cluster: OpenCluster,
        prompts: Sequence[Prompt] = (),
        resources: Sequence[Resource] = (),
        cluster_names: Sequence[str] = (),
        may_use: MayUse = everybody,
        may_see: MayUse | None = None,
        recorder: Recorder | None = None,
        timeout_s: float = 60.0,
        max_bytes: int = 30_000,
    ) -> None:
        reads = Reads(
            open_cluster,
            cluster_names=cluster_names,
            recorder=recorder,
            timeout_s=timeout_s,
            max_bytes=max_bytes,
        )
        self._recorder = recorder or Recorder()
        self._toolsets = Toolsets(may_use, may_see or may_use)
        self._tools = Tools(tools, reads, toolsets=self._toolsets)
        self._resources = Resources(resources, reads, toolsets=self._toolsets)
        self._prompts = {each.name: each for each in sorted(prompts, key=lambda one: one.name)}
        self._completions = Completions(open_cluster, cluster_names=cluster_names)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all tools, prompts and resources: the fixed set that metrics label with."""
        return (*self._tools.names, *self._prompts, *self._resources.names)

    def toolset(self, operation: str, name: str) -> str:
        """The toolset that ``tools/call`` of a tool, or ``resources/read`` of an address, needs.

        Empty where nothing is called so, and for every other operation.
        """
        if operation == "tools/call":
            return self._tools.toolset(name)
        return self._resources.toolset(name) if operation == "resources/read" else ""

    def tool_schema(self, name: str) -> Mapping[str, Any] | None:
        return self._tools.schema(name)

    async def list_tools(self, asked: Asked) -> Sequence[types.Tool]:
        return self._tools.listed(asked.caller)

    async def call_tool(
        self, params: types.CallToolRequestParams, asked: Asked
    ) -> types.CallToolResult:
        return await self._tools.call(params.name, params.arguments, asked)

    async def list_prompts(self, asked: Asked) -> Sequence[types.Prompt]:
        return [_wire(each) for each in self._prompts.values()]

    async def get_prompt(
        self, params: types.GetPromptRequestParams, asked: Asked
    ) -> types.GetPromptResult:
        prompt = self._prompts.get(params.name)
        if prompt is None:
            raise unknown_name("prompt", params.name, tuple(self._prompts))
        with self._recorder.call(
            "prompts/get", prompt.name, params.arguments or {}, asked
        ) as recording:
            recording.outcome = "input"
            text = prompt.fill_in(params.arguments)
            recording.outcome, recording.answer_bytes = "ok", len(text.encode())
        message = types.PromptMessage(role="user", content=types.TextContent(text=text))
        return types.GetPromptResult(description=prompt.description, messages=[message])

    async def list_resources(self, asked: Asked) -> Sequence[types.Resource]:
        return self._resources.listed(asked.caller)

    async def list_resource_templates(self, asked: Asked) -> Sequence[types.ResourceTemplate]:
        return self._resources.templates(asked.caller)

    async def read_resource(
        self, params: types.ReadResourceRequestParams, asked: Asked
    ) -> types.ReadResourceResult:
        return await self._resources.read(str(params.uri), asked)

    async def complete(self, params: types.CompleteRequestParams, asked: Asked) -> types.Completion:
        argument = params.argument
        known = (params.context.arguments if params.context is not None else None) or {}
        with self._recorder.call(
            "completion/complete", argument.name, {argument.name: argument.value}, asked
        ) as recording:
            if not self._toolsets.may_use(asked.caller, CORE):
                recording.outcome = NotAllowed.code
                return types.Completion(values=[], total=0, has_more=False)
            if argument.name not in self._arguments_of(params.ref):
                return types.Completion(values=[], total=0, has_more=False)
            return await self._completions.of(
                argument.name, argument.value, known, asked, recording
            )

    def _arguments_of(
        self, ref: types.PromptReference | types.ResourceTemplateReference
    ) -> tuple[str, ...]:
        if isinstance(ref, types.ResourceTemplateReference):
            return self._resources.variables_of(ref.uri)
        prompt = self._prompts.get(ref.name)
        return tuple(each.name for each in prompt.arguments) if prompt is not None else ()


def _wire(prompt: Prompt) -> types.Prompt:
    return types.Prompt(
        name=prompt.name,
        title=prompt.title,
        description=prompt.description,
        arguments=[
            types.PromptArgument(
                name=each.name, description=each.description, required=each.required
            )
            for each in prompt.arguments
        ],
    )
