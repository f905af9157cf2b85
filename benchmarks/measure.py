"""The scenarios, each asked of the bare transport, of kube-mcp and of the incumbent in turn."""

from __future__ import annotations

import asyncio
import statistics
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import aiohttp
import bpe_openai

from benchmarks.client import McpClient, timed
from benchmarks.diagnosing import DiagnoseFigures, diagnosing
from benchmarks.forged import Flood, flood
from benchmarks.processes import Watched
from kube_mcp.kube import kubeconfig
from kube_mcp.kube.pool import open_pool
from kube_mcp.kube.tables import ACCEPT
from kube_mcp.kube.transport import Request, Transport
from testbed.bed import Bed

CLIENTS = 16
_tokens = bpe_openai.get_encoding("o200k_base")

Say = Callable[[str], None]


def tokens(text: str) -> int:
    """How many o200k tokens a text is; in pieces, because the encoder takes a million characters."""
    step = 500_000
    return sum(len(_tokens.encode(text[at : at + step])) for at in range(0, len(text), step))


@dataclass
class Row:
    """One server in one scenario: medians over the rounds."""

    server: str
    median_ms: float
    per_s: float
    cpu_ms: float | None = None
    answer_bytes: int = 0
    answer_tokens: int = 0


@dataclass
class Figures:
    """Everything measured: rows by scenario, and memory in MiB by name."""

    scenarios: dict[str, list[Row]] = field(default_factory=dict)
    memory_mb: dict[str, float] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    diagnose: DiagnoseFigures | None = None
    flood: Flood | None = None

    def as_dict(self) -> dict[str, Any]:
        """As plain data, to be kept."""
        return asdict(self)


async def measure(
    bed: Bed, ours: Watched, theirs: Sequence[Watched], *, rounds: int, say: Say
) -> Figures:
    """Every scenario, interleaved over ``rounds`` so that a slow minute falls on all alike."""
    figures = Figures()
    figures.memory_mb["kube-mcp idle"] = ours.rss_mb()
    for each in theirs:
        figures.memory_mb[f"{each.name} idle"] = each.rss_mb()
    config = kubeconfig.load(str(bed.kubeconfig_file), environ={})
    pool = open_pool(config, environ={})
    try:
        namespace, big = await _namespaces(pool)
        say(f"a namespace of about 100 pods: {namespace}")
        await _scenario(
            figures,
            "100 pods of a namespace, 1 client",
            pool,
            ours,
            theirs,
            bare=lambda: _table(pool, namespace),
            clients=1,
            calls=20,
            rounds=rounds,
            mine=("list_resources", {"kind": "pods", "namespace": namespace}),
            other=("pods_list_in_namespace", {"namespace": namespace}),
        )
        await _scenario(
            figures,
            f"100 pods of a namespace, {CLIENTS} clients",
            pool,
            ours,
            theirs,
            bare=lambda: _table(pool, namespace),
            clients=CLIENTS,
            calls=96,
            rounds=rounds,
            mine=("list_resources", {"kind": "pods", "namespace": namespace}),
            other=("pods_list_in_namespace", {"namespace": namespace}),
            slow_calls=32,
        )
        ours.forget_peak()
        await _scenario(
            figures,
            f"all {big:,} pods, 1 client",
            pool,
            ours,
            theirs,
            bare=lambda: _table(pool, ""),
            clients=1,
            calls=3,
            rounds=rounds,
            mine=("list_resources", {"kind": "pods"}),
            other=("pods_list", {}),
        )
        figures.memory_mb["kube-mcp peak, all pods"] = ours.peak_mb()
        for each in theirs:
            figures.memory_mb[f"{each.name} peak, all pods"] = each.peak_mb()
        say("diagnose for the whole cluster …")
        figures.diagnose = await diagnosing(bed.kubeconfig_file, rounds=rounds)
        await _logs(bed, figures, ours, say)
        await _tools(figures, ours, theirs)
        say("a flood of forged tokens …")
        figures.flood = await flood()
    finally:
        await pool.aclose()
    return figures


async def _scenario(
    figures: Figures,
    name: str,
    pool: Transport,
    ours: Watched,
    theirs: Sequence[Watched],
    *,
    bare: Callable[[], Awaitable[int]],
    clients: int,
    calls: int,
    rounds: int,
    mine: tuple[str, Mapping[str, Any]],
    other: tuple[str, Mapping[str, Any]],
    slow_calls: int = 0,
) -> None:
    runs: dict[str, list[Row]] = {}
    for _ in range(rounds):
        size = await bare()
        timing = await timed(lambda _: bare(), clients=clients, calls=calls)
        runs.setdefault("bare API call", []).append(
            Row("bare API call", timing.median_ms, timing.per_s, answer_bytes=size)
        )
        row = await _server(ours, mine, clients, calls)
        runs.setdefault(ours.name, []).append(row)
        for each in theirs:
            # As shipped it stops at 5 requests a second; a full round of it would take minutes.
            few = slow_calls if slow_calls and each is theirs[0] else calls
            runs.setdefault(each.name, []).append(await _server(each, other, clients, few))
    figures.scenarios[name] = [_median(rows) for rows in runs.values()]


async def _server(
    server: Watched, call: tuple[str, Mapping[str, Any]], clients: int, calls: int
) -> Row:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        agents = [McpClient(session, server.url) for _ in range(clients)]
        for agent in agents:
            await agent.initialize()
        text = await agents[0].call(*call)  # what is cached may be warm for both
        before = server.cpu_s()
        timing = await timed(
            lambda number: agents[number].call(*call), clients=clients, calls=calls
        )
        cpu = (server.cpu_s() - before) / timing.calls * 1000
    return Row(
        server.name, timing.median_ms, timing.per_s, cpu_ms=cpu,
        answer_bytes=len(text.encode()),
        answer_tokens=tokens(text),
    )  # fmt: skip


def _median(rows: Sequence[Row]) -> Row:
    cpus = [row.cpu_ms for row in rows if row.cpu_ms is not None]
    return Row(
        rows[0].server,
        statistics.median(row.median_ms for row in rows),
        statistics.median(row.per_s for row in rows),
        cpu_ms=statistics.median(cpus) if cpus else None,
        answer_bytes=rows[0].answer_bytes,
        answer_tokens=rows[0].answer_tokens,
    )


async def _table(pool: Transport, namespace: str) -> int:
    """The bare call: the server's own table over our connections, read and thrown away."""
    where = f"/namespaces/{namespace}" if namespace else ""
    response = await pool.send(
        Request("GET", f"/api/v1{where}/pods", headers={"Accept": ACCEPT}, timeout_s=60)
    )
    try:
        return len(await response.read(1 << 30))
    finally:
        await response.aclose()


async def _namespaces(pool: Transport) -> tuple[str, int]:
    """A namespace with about 100 pods, and how many pods there are in all."""
    from collections import Counter

    from kube_mcp.kube.client import PODS, Client

    table = await Client(pool).table(PODS)
    counts = Counter(row.meta.namespace for row in table.rows)
    nearest = min(counts, key=lambda name: abs(counts[name] - 100))
    return nearest, len(table.rows)


async def _logs(bed: Bed, figures: Figures, ours: Watched, say: Say) -> None:
    """Memory while a log of 50 MB is searched and tailed."""
    say("a log of 50 MB …")
    # Idle as it was at the start: what an earlier large call left behind would flatter the figure.
    idle = figures.memory_mb[f"{ours.name} idle"]
    ours.forget_peak()
    namespace = "bench-logs"
    bed.create_namespace(namespace)
    bed.apply(_POD, namespace=namespace)
    bed.kubelet.put(
        namespace,
        {"logs": [{"pod": "big", "repeat": {"bytes": "50MB", "text": "GET /items/{n} 200"}}]},
    )
    async with aiohttp.ClientSession() as session:
        agent = McpClient(session, ours.url)
        await agent.initialize()
        for arguments in ({"tail": 50_000}, {"include": "items/77 "}, {"since": "30d"}):
            text = await agent.call(
                "get_logs", {"name": "big", "namespace": namespace, **arguments}
            )
            figures.sizes[f"log answer, {arguments}"] = len(text.encode())
    figures.memory_mb["kube-mcp, above idle in a 50 MB log"] = ours.peak_mb() - idle


async def _tools(figures: Figures, ours: Watched, theirs: Sequence[Watched]) -> None:
    for each in (ours, *theirs[:1]):
        async with aiohttp.ClientSession() as session:
            agent = McpClient(session, each.url)
            await agent.initialize()
            listed = await agent.tools()
        figures.sizes[f"tools/list of {each.name}, bytes"] = len(listed)
        figures.sizes[f"tools/list of {each.name}, tokens"] = tokens(listed.decode())
    await asyncio.sleep(0)


_POD = """
apiVersion: v1
kind: Pod
metadata: {name: big}
spec:
  nodeName: node-1
  containers: [{name: app, image: registry.example.com/big:1}]
status:
  phase: Running
  containerStatuses:
  - {name: app, image: registry.example.com/big:1, imageID: x, containerID: containerd://big,
     ready: true, started: true, restartCount: 0, state: {running: {startedAt: "${now-10m}"}}}
"""
