"""get_node_stats: what fills a node's disks, memory and process table, as its kubelet measures it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import Meta

from kube_mcp.kube.kubelet import NODES
from kube_mcp.objects import dig_int, dig_list, dig_map, dig_str
from kube_mcp.render.budget import count, fit
from kube_mcp.render.table import table_lines
from kube_mcp.tools._call import Call
from kube_mcp.tools._find import find
from kube_mcp.tools._params import Name
from kube_mcp.tools._tool import Need, ToolArgs, tool
from kube_mcp.words.quantities import format_bytes, format_cpu
from kube_mcp.words.times import age, parse_time


class Args(ToolArgs):
    name: Name
    limit: Annotated[int, Meta(description="Pods and volumes each", ge=1, le=200)] = 15


@dataclass(frozen=True, slots=True)
class _Disk:
    """A file system: bytes and inodes used and in all; 0 where the kubelet does not say."""

    used: int
    capacity: int
    inodes_used: int
    inodes: int

    @classmethod
    def of(cls, stats: object) -> _Disk:
        capacity = dig_int(stats, "capacityBytes")
        free = dig_int(stats, "availableBytes", default=capacity)
        inodes = dig_int(stats, "inodes")
        return cls(
            # What is reserved for root is not free either, so it counts as used, as df has it.
            max(dig_int(stats, "usedBytes"), capacity - free),
            capacity,
            inodes - dig_int(stats, "inodesFree", default=inodes),
            inodes,
        )

    @property
    def fullness(self) -> float:
        """The larger of both shares, 0 to 1."""
        return max(_share(self.used, self.capacity), _share(self.inodes_used, self.inodes))

    def __str__(self) -> str:
        inodes = (
            f", {_share(self.inodes_used, self.inodes):.0%} of its inodes" if self.inodes else ""
        )
        return (
            f"{format_bytes(self.used)} of {format_bytes(self.capacity)} used "
            f"({_share(self.used, self.capacity):.0%}){inodes}"
        )


@tool(
    title="Get node statistics",
    toolset="nodes",
    needs=(Need("nodes", verbs=("get",)), Need("nodes/proxy", verbs=("get",))),
)
async def get_node_stats(args: Args, call: Call) -> str:
    """What fills a node: disk, inodes, image store, memory and process ids as its kubelet measures
    them, the pods that use most disk, and the fullest volumes. Use it for disk pressure, evictions
    and full volumes. For CPU and memory of pods: top.
    """
    target = await find(call.cluster, kind=NODES.name, name=args.name, namespace="")
    stats = await call.cluster.node_stats(target.name)
    node = dig_map(stats, "node")
    pods = dig_list(stats, "pods")
    measured = parse_time(dig_str(node, "fs", "time") or dig_str(node, "memory", "time"))
    when = f", measured {age(measured, call.now())} ago" if measured else ""
    out = [f"Node {target.name}{when}:", *_node(node)]
    out += _table(
        f"{count(len(pods), 'pod')}, by disk",
        ["namespace", "pod", "disk", "of it logs", "processes"],
        sorted(_by_disk(pods), key=lambda row: -row[0]),
        args.limit,
    )
    volumes = sorted(_volumes(pods), key=lambda row: -row[0])
    out += _table(
        f"{count(len(volumes), 'volume')}, fullest first",
        ["namespace", "claim", "pod", "used"],
        volumes,
        args.limit,
    )
    kept, left = fit(out, call.max_bytes - 200)
    return "\n".join([*kept, *([f"({left} more lines: lower limit)"] if left else [])])


def _node(node: Mapping[str, Any]) -> Iterator[str]:
    for what, path in (
        ("disk", ("fs",)),
        ("image store", ("runtime", "imageFs")),
        ("containers' disk", ("runtime", "containerFs")),
    ):
        if stats := dig_map(node, *path):
            yield f"{what}: {_Disk.of(stats)}"
    if memory := dig_map(node, "memory"):
        yield (
            f"memory: {format_bytes(dig_int(memory, 'workingSetBytes'))} in use, "
            f"{format_bytes(dig_int(memory, 'availableBytes'))} available"
        )
    if swap := dig_int(node, "swap", "swapUsageBytes"):
        yield f"swap: {format_bytes(swap)} in use"
    if most := dig_int(node, "rlimit", "maxpid"):
        running = dig_int(node, "rlimit", "curproc")
        yield f"process ids: {running:,} of {most:,} ({_share(running, most):.0%})"
    system = [
        f"{dig_str(each, 'name')} {format_cpu(dig_int(each, 'cpu', 'usageNanoCores') / 1e9)} cpu "
        f"{format_bytes(dig_int(each, 'memory', 'workingSetBytes'))}"
        for each in dig_list(node, "systemContainers")
    ]
    if system:
        yield f"system: {', '.join(system)}"


def _by_disk(pods: Sequence[object]) -> Iterator[tuple[float, list[str]]]:
    for pod in pods:
        logs = sum(dig_int(each, "logs", "usedBytes") for each in dig_list(pod, "containers"))
        disk = dig_int(pod, "ephemeral-storage", "usedBytes")
        processes = dig_int(pod, "process_stats", "process_count")
        yield (
            disk,
            [
                dig_str(pod, "podRef", "namespace"),
                dig_str(pod, "podRef", "name"),
                format_bytes(disk),
                format_bytes(logs),
                f"{processes:,}" if processes else "-",
            ],
        )


def _volumes(pods: Sequence[object]) -> Iterator[tuple[float, list[str]]]:
    """Volumes of claims only: the others are on the node's own disk, which is told above."""
    for pod in pods:
        for volume in dig_list(pod, "volume"):
            if claim := dig_str(volume, "pvcRef", "name"):
                disk = _Disk.of(volume)
                names = [dig_str(pod, "podRef", "namespace"), claim, dig_str(pod, "podRef", "name")]
                yield disk.fullness, [*names, str(disk)]


def _table(
    title: str, headers: list[str], rows: Sequence[tuple[float, list[str]]], limit: int
) -> list[str]:
    if not rows:
        return [f"{title}."]
    more = [f"({len(rows) - limit:,} more: raise limit)"] if len(rows) > limit else []
    return [f"{title}:", *table_lines(headers, [cells for _, cells in rows[:limit]]), *more]


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
