"""``diagnose`` for a whole cluster beside the bare reads of the same kinds one after the other.

Called with a kubeconfig it measures in processes of its own, because peak memory is a process's.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from kube_mcp.access.clusters import Clusters, ClusterSource
from kube_mcp.access.gather import by_key
from kube_mcp.diagnosis.check import all_checks, needs
from kube_mcp.kube import kubeconfig
from kube_mcp.kube.client import METADATA_LIST, PAGE_TEXTS, is_secret
from kube_mcp.kube.paths import resource_path
from kube_mcp.kube.pool import open_pool
from kube_mcp.kube.transport import Request, Transport
from kube_mcp.objects import ResourceType, dig_str
from kube_mcp.tools._call import Call
from kube_mcp.tools._tool import discover
from kube_mcp.tools.diagnose import custom_kinds

#: What the answer may cost beside the bare reads, and what it may take of memory and of context.
MOST_RATIO = 1.3
MOST_MB = 250
MOST_TOKENS = 4_000


@dataclass(frozen=True)
class DiagnoseFigures:
    """Medians over the rounds, in seconds; memory in MiB; the answer in bytes and tokens.

    ``cold_s`` is the first call of a process, with discovery and every check's import; ``warm_s``
    the better one of the two that follow.
    """

    bare_s: float
    bare_mb: float
    warm_s: float
    cold_s: float
    peak_mb: float
    answer_bytes: int
    answer_tokens: int

    @property
    def ratio(self) -> float:
        """How much longer than the bare reads a call takes."""
        return self.warm_s / self.bare_s


async def diagnosing(path: Path, *, rounds: int = 3) -> DiagnoseFigures:
    """Bare reads and calls in turn, so that a slow minute falls on both alike."""
    import bpe_openai

    bare: list[dict[str, Any]] = []
    calls: list[dict[str, Any]] = []
    for _ in range(rounds):
        bare.append(await _child(path, "bare"))
        calls.append(await _child(path, "diagnose"))
    answer = calls[-1]["answer"]
    tokens = bpe_openai.get_encoding("o200k_base")
    return DiagnoseFigures(
        bare_s=_median(each["seconds"] for each in bare),
        bare_mb=bare[-1]["bytes"] / 2**20,
        warm_s=_median(each["warm_s"] for each in calls),
        cold_s=_median(each["cold_s"] for each in calls),
        peak_mb=max(each["peak_mb"] for each in calls),
        answer_bytes=len(answer.encode()),
        answer_tokens=len(tokens.encode(answer)),
    )


def lines(figures: DiagnoseFigures) -> list[str]:
    """The figures as text."""
    return [
        f"bare reads of the same kinds, one after the other: {figures.bare_s:.2f} s, "
        f"{figures.bare_mb:.0f} MiB",
        f"a call: {figures.warm_s:.2f} s ({figures.ratio:.2f}x, meant to be at most {MOST_RATIO}x), "
        f"the first of a process {figures.cold_s:.2f} s",
        f"peak memory: {figures.peak_mb:.0f} MiB (at most {MOST_MB})",
        f"the answer: {figures.answer_tokens:,} tokens (at most {MOST_TOKENS:,}), "
        f"{figures.answer_bytes:,} bytes",
    ]


def _median(values: Iterable[float]) -> float:
    return statistics.median(list(values))


async def _child(path: Path, what: str) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.diagnosing", str(path), "--child", what,
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    output, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"the process that measures '{what}' ended with {process.returncode}")
    found: dict[str, Any] = json.loads(output)
    return found


async def _bare(path: Path) -> dict[str, Any]:
    pool = open_pool(kubeconfig.load(str(path), environ={}), environ=os.environ)
    clusters = Clusters([ClusterSource("bench", lambda: pool)])
    try:
        cluster = await clusters.open("", None)
        served = by_key((await cluster.resources()).types)
        kinds = set(needs(all_checks())) | await custom_kinds(cluster, "")
        wanted = [served[key] for key in sorted(kinds) if key in served]
        wanted = [each for each in wanted if "list" in each.verbs]
        start = time.perf_counter()
        size = 0
        for each in wanted:
            size += await _read(pool, each)
        return {"seconds": time.perf_counter() - start, "bytes": size}
    finally:
        await clusters.aclose()


async def _read(pool: Transport, kind: ResourceType) -> int:
    """Every page of a kind as it comes; nothing is decoded but where the next page begins."""
    accept = METADATA_LIST if is_secret(kind) else "application/json"
    size, token = 0, ""
    while True:
        query = [("limit", str(PAGE_TEXTS)), *([("continue", token)] if token else [])]
        response = await pool.send(
            Request(
                "GET",
                resource_path(kind, namespace=""),
                query=tuple(query),
                headers={"Accept": accept},
            )
        )
        try:
            body = await response.read(2**28)
        finally:
            await response.aclose()
        size += len(body)
        # The metadata stands in front of the items, so the token needs no decoded page.
        head = body[: body.find(b'"items":')]
        token = ""
        if b'"continue"' in head:
            token = dig_str(orjson.loads(head.rstrip(b",") + b"}"), "metadata", "continue")
        if not token:
            return size


async def _diagnose(path: Path) -> dict[str, Any]:
    config = kubeconfig.load(str(path), environ={})
    clusters = Clusters([ClusterSource("bench", lambda: open_pool(config, environ=os.environ))])
    try:
        cluster = await clusters.open("", None)
        (tool,) = [each for each in discover() if each.name == "diagnose"]
        times = []
        answer = ""
        for _ in range(3):
            start = time.perf_counter()
            answer = await tool.run(tool.parse({}), Call(cluster))
            times.append(time.perf_counter() - start)
        peak = _peak_mb()
        return {
            "cold_s": times[0],
            "warm_s": min(times[1:]),
            "peak_mb": peak,
            "answer": answer,
        }
    finally:
        await clusters.aclose()


def _peak_mb() -> float:
    """Of this program alone: what getrusage says also counts the process that started it."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def main() -> None:
    """Measure against a kubeconfig, or one part of it in this process (``--child``)."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.diagnosing")
    parser.add_argument("kubeconfig", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--child", choices=["bare", "diagnose"])
    arguments = parser.parse_args()
    if arguments.child == "bare":
        print(json.dumps(asyncio.run(_bare(arguments.kubeconfig))))
    elif arguments.child == "diagnose":
        print(json.dumps(asyncio.run(_diagnose(arguments.kubeconfig))))
    else:
        figures = asyncio.run(diagnosing(arguments.kubeconfig, rounds=arguments.rounds))
        print(json.dumps(asdict(figures) | {"ratio": figures.ratio}, indent=2))


if __name__ == "__main__":
    main()
