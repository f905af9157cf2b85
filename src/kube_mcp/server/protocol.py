"""The MCP server itself: the SDK's low-level one, with a host's answers and nothing else.

No sessions, no logging, sampling, roots, elicitation or tasks: any replica answers any request,
and a client that knows only old revisions is served by the same handlers.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import mcp_types as types
from mcp import MCPError
from mcp.server.caching import CacheHint
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server

from kube_mcp.auth.caller import Caller
from kube_mcp.errors import KubeMcpError
from kube_mcp.kube.paths import shown
from kube_mcp.server.host import Asked, Host, no_progress
from kube_mcp.server.outcome import failure, protocol_error
from kube_mcp.server.paging import PAGE_SIZE, page
from kube_mcp.server.progress import Progress

Context = ServerRequestContext[Any, Any]
Result = TypeVar("Result")

#: What the lists hold changes only with a new version of this server or of its configuration.
LIST_TTL_MS = 600_000

#: Clients cut instructions that are longer.
MAX_INSTRUCTIONS_BYTES = 2_048


def build_server(
    host: Host,
    *,
    version: str,
    instructions: str,
    name: str = "kube-mcp",
    title: str = "Kubernetes (read-only)",
    website_url: str = "",
    lists_are_public: bool = False,
    page_size: int = PAGE_SIZE,
) -> Server[Any]:
    """A server that asks ``host`` for everything, ready for `http` or `stdio`.

    ``lists_are_public`` tells clients and caches that every caller sees the same tools, prompts
    and resources; leave it off wherever a policy makes a difference between callers.
    Raises `ValueError` for instructions that clients would cut.
    """
    if len(instructions.encode()) >= MAX_INSTRUCTIONS_BYTES:
        raise ValueError(
            f"instructions have {len(instructions.encode())} bytes; clients cut them at"
            f" {MAX_INSTRUCTIONS_BYTES}"
        )
    handlers = _Handlers(host, page_size)
    listed = CacheHint(LIST_TTL_MS, "public" if lists_are_public else "private")
    return Server[Any](
        name,
        version=version,
        title=title,
        instructions=instructions,
        website_url=website_url or None,
        cache_hints={
            "server/discover": CacheHint(LIST_TTL_MS, "public"),
            "tools/list": listed,
            "prompts/list": listed,
            "resources/list": listed,
            "resources/templates/list": listed,
            "resources/read": CacheHint(0, "private"),
        },
        get_tool_input_schema=host.tool_schema,
        on_list_tools=handlers.list_tools,
        on_call_tool=handlers.call_tool,
        on_list_prompts=handlers.list_prompts,
        on_get_prompt=handlers.get_prompt,
        on_list_resources=handlers.list_resources,
        on_list_resource_templates=handlers.list_resource_templates,
        on_read_resource=handlers.read_resource,
        on_completion=handlers.complete,
    )


class _Handlers:
    def __init__(self, host: Host, page_size: int) -> None:
        self._host = host
        self._page_size = page_size

    async def list_tools(
        self, context: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        async with _asked(context) as asked:
            tools = await _answered(self._host.list_tools(asked), "Listing tools")
        shown, after = self._page(tools, params, lambda tool: tool.name)
        return types.ListToolsResult(tools=shown, next_cursor=after)

    async def call_tool(
        self, context: Context, params: types.CallToolRequestParams
    ) -> types.CallToolResult | types.InputRequiredResult:
        async with _asked(context) as asked:
            return await _answered(self._host.call_tool(params, asked), "Calling a tool")

    async def list_prompts(
        self, context: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListPromptsResult:
        async with _asked(context) as asked:
            prompts = await _answered(self._host.list_prompts(asked), "Listing prompts")
        shown, after = self._page(prompts, params, lambda prompt: prompt.name)
        return types.ListPromptsResult(prompts=shown, next_cursor=after)

    async def get_prompt(
        self, context: Context, params: types.GetPromptRequestParams
    ) -> types.GetPromptResult | types.InputRequiredResult:
        async with _asked(context) as asked:
            return await _answered(self._host.get_prompt(params, asked), "Filling a prompt in")

    async def list_resources(
        self, context: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListResourcesResult:
        async with _asked(context) as asked:
            resources = await _answered(self._host.list_resources(asked), "Listing resources")
        shown, after = self._page(resources, params, lambda resource: resource.uri)
        return types.ListResourcesResult(resources=shown, next_cursor=after)

    async def list_resource_templates(
        self, context: Context, params: types.PaginatedRequestParams | None
    ) -> types.ListResourceTemplatesResult:
        async with _asked(context) as asked:
            found = await _answered(
                self._host.list_resource_templates(asked), "Listing resource templates"
            )
        shown, after = self._page(found, params, lambda template: template.uri_template)
        return types.ListResourceTemplatesResult(resource_templates=shown, next_cursor=after)

    async def read_resource(
        self, context: Context, params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult | types.InputRequiredResult:
        async with _asked(context) as asked:
            return await _answered(
                self._host.read_resource(params, asked),
                "Reading a resource",
                data={"uri": str(params.uri)[:2_000]},
            )

    async def complete(
        self, context: Context, params: types.CompleteRequestParams
    ) -> types.CompleteResult:
        async with _asked(context) as asked:
            completion = await _answered(self._host.complete(params, asked), "Completing")
        return types.CompleteResult(completion=completion)

    def _page(
        self,
        items: Any,
        params: types.PaginatedRequestParams | None,
        key: Callable[[Any], str],
    ) -> tuple[list[Any], str | None]:
        cursor = params.cursor if params is not None else None
        try:
            return page(items, cursor, key=key, size=self._page_size)
        except KubeMcpError as error:
            raise protocol_error(error) from error


async def _answered(
    answer: Awaitable[Result], doing: str, *, data: Mapping[str, str] | None = None
) -> Result:
    """The host's answer; its errors as JSON-RPC errors that hold a sentence and nothing else."""
    try:
        return await answer
    except MCPError:
        raise
    except KubeMcpError as error:
        raise protocol_error(error, data=data) from error
    except Exception as error:
        told = failure(error, doing=doing)
        raise MCPError(types.INTERNAL_ERROR, told.sentence) from error


@asynccontextmanager
async def _asked(context: Context) -> AsyncIterator[Asked]:
    wanted = (context.meta or {}).get("progress_token") is not None
    progress = Progress(context.session.report_progress) if wanted else None
    try:
        yield Asked(
            caller=_caller(context),
            client=_client(context),
            progress=progress or no_progress,
            context=context,
        )
    finally:
        if progress is not None:
            progress.close()


def _caller(context: Context) -> Caller | None:
    """Whom the bearer check vouched for; it stands in the HTTP request this came in by."""
    if context.request is None:
        return None
    caller = context.request.scope.get("state", {}).get("caller")
    return caller if isinstance(caller, Caller) else None


def _client(context: Context) -> str:
    info = context.session.client_params
    if info is None or info.client_info is None:
        return ""
    return shown(f"{info.client_info.name} {info.client_info.version}".strip())
