"""A few small tools, and a host that serves them over a fake API server."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

from msgspec import Meta

from kube_mcp.access.cluster import Cluster
from kube_mcp.auth.caller import Caller
from kube_mcp.errors import InputError
from kube_mcp.kube.client import Client
from kube_mcp.kube.metering import Metering
from kube_mcp.prompts._prompt import discover as discover_prompts
from kube_mcp.resources._resource import discover as discover_resources
from kube_mcp.server.doors import Doors
from kube_mcp.server.endpoint import McpEndpoint
from kube_mcp.server.http import HttpShell
from kube_mcp.server.kube_host import KubeHost
from kube_mcp.server.protocol import build_server
from kube_mcp.server.readiness import Readiness
from kube_mcp.tools._call import Call
from kube_mcp.tools._tool import ToolArgs, tool
from tests.support import build
from tests.support.api_server import FakeApiServer
from tests.support.serving import all_is_well


class EchoArgs(ToolArgs):
    words: Annotated[str, Meta(description="What to say")]


@tool(title="Echo", toolset="toys")
async def echo(args: EchoArgs, call: Call) -> str:
    """Says it again."""
    return args.words


class CountArgs(ToolArgs):
    namespace: Annotated[str, Meta(description="Namespace")] = ""


@tool(title="Count pods")
async def count_pods(args: CountArgs, call: Call) -> str:
    """Counts the pods of a namespace."""
    pods = await call.cluster.list(await call.cluster.resolve("pods"), namespace=args.namespace)
    cluster = f" in {call.cluster.name}" if call.cluster.name else ""
    return f"{len(pods.items)} pods{cluster}"


class NoArgs(ToolArgs):
    pass


@tool(title="Crash")
async def crash(args: NoArgs, call: Call) -> str:
    """Has a fault."""
    raise ZeroDivisionError("hunter2 is in this message")


class LongArgs(ToolArgs):
    lines: int = 10_000


@tool(title="Long answer")
async def long_answer(args: LongArgs, call: Call) -> str:
    """Does not look at its limit."""
    return "\n".join(f"line {number} of many" for number in range(args.lines))


@tool(title="Read in steps")
async def read_in_steps(args: NoArgs, call: Call) -> str:
    """Reports progress much more often than anybody wants to hear it."""
    for done in range(1, 101):
        await call.progress(float(done), 100.0, f"{done} read")
        await asyncio.sleep(0)
    return "100 read"


class Latch:
    """What a tool that never ends by itself tells the test, and how it is let go."""

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.open = asyncio.Event()

    async def hold(self) -> str:
        self.started.set()
        try:
            await self.open.wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        return "let go"


#: The latch that `wait` waits at; each test puts its own here.
latches: dict[str, Latch] = {}


class WaitArgs(ToolArgs):
    latch: str = ""


@tool(title="Wait")
async def wait(args: WaitArgs, call: Call) -> str:
    """Waits until it is let go."""
    if args.latch not in latches:
        raise InputError(f"There is no latch '{args.latch}'.")
    return await latches[args.latch].hold()


ALL = (echo, count_pods, crash, long_answer, read_in_steps, wait)


def clusters(**servers: FakeApiServer) -> Any:
    """What opens one of several fake clusters by its name, the first one by default."""

    async def open_cluster(name: str, caller: Caller | None) -> Cluster:
        chosen = name or next(iter(servers))
        return Cluster(
            Client(Metering(servers[chosen])),
            name=chosen if len(servers) > 1 else "",
            reads_as=caller.username if caller is not None else "this server's own identity",
        )

    return open_cluster


def small_cluster(*more: Any) -> FakeApiServer:
    """Two namespaces, two pods."""
    return FakeApiServer(
        build.node(),
        build.namespace("shop"),
        build.namespace("billing"),
        build.pod("web-1", namespace="shop"),
        build.pod("web-2", namespace="shop"),
        *more,
    )


def host(*servers: FakeApiServer, tools: Sequence[Any] = ALL, **options: Any) -> KubeHost:
    """A host over one fake cluster, or over several called ``one``, ``two``..."""
    names = ("one", "two", "three")[: max(1, len(servers))]
    named = dict(zip(names, servers or (small_cluster(),), strict=True))
    return KubeHost(
        tools=tools,
        prompts=discover_prompts(),
        resources=discover_resources(),
        open_cluster=clusters(**named),
        cluster_names=names,
        **options,
    )


def shell(kube_host: KubeHost | None = None, **options: Any) -> HttpShell:
    """The HTTP side over a host."""
    server = build_server(kube_host or host(), version="1.2.3", instructions="Toys to test with.")
    options.setdefault("readiness", Readiness(all_is_well))
    options.setdefault("doors", Doors())
    return HttpShell(McpEndpoint(server), version="1.2.3", **options)
