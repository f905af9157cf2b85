"""top: what pods and nodes use, against what they asked for and what there is."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Annotated, Any, Literal

from msgspec import Meta

from kube_mcp.access.cluster import Cluster, why_unreadable
from kube_mcp.diagnosis.capacity import requests
from kube_mcp.diagnosis.shapes import SHAPES
from kube_mcp.diagnosis.slim import slim
from kube_mcp.errors import ClusterError, NotAllowed
from kube_mcp.objects import ResourceType, dig_list, dig_map, dig_str
from kube_mcp.render.budget import count, fit
from kube_mcp.render.table import table_lines
from kube_mcp.tools._call import Call
from kube_mcp.tools._find import PODS, check_namespace
from kube_mcp.tools._params import LabelSelector, NamespaceOrAll
from kube_mcp.tools._progress import reporter
from kube_mcp.tools._tool import Need, ToolArgs, tool
from kube_mcp.words.quantities import bytes_, cpu, format_bytes, format_cpu
from kube_mcp.words.selectors import check_selector, field_equals

NODES = ResourceType("", "v1", "nodes", "Node", namespaced=False)

_SLIM = partial(slim, "Pod")


class Args(ToolArgs):
    what: Literal["pods", "nodes", "containers"] = "pods"
    namespace: NamespaceOrAll = ""
    label_selector: LabelSelector = ""
    node: Annotated[str, Meta(description="Only pods on this node", max_length=253)] = ""
    sort: Annotated[
        Literal["tightest", "cpu", "memory", "name"],
        Meta(description="tightest: nearest to its limit"),
    ] = "tightest"
    limit: Annotated[int, Meta(ge=1, le=300)] = 30


@dataclass
class _Row:
    """One pod, container or node: usage (None where not measured), requests, limits or capacity."""

    where: list[str]
    used: dict[str, float] | None = None
    asked: dict[str, float] = field(default_factory=dict)
    limit: dict[str, float] = field(default_factory=dict)
    pods: str = ""

    def level(self, resource: str) -> float:
        """What it uses, or asks for where that is not known."""
        return (self.asked if self.used is None else self.used).get(resource, 0.0)

    def tightness(self) -> tuple[bool, float]:
        """How near its usage is to what stops it; what is not measured comes after what is.

        A pod over its memory request is the first to be evicted, so a request counts for half.
        """
        found = [0.0]
        level = self.asked if self.used is None else self.used
        for resource in ("cpu", "memory"):
            if limit := self.limit.get(resource):
                found.append(level.get(resource, 0.0) / limit)
            elif self.used is not None and (asked := self.asked.get(resource)):
                found.append(level.get(resource, 0.0) / asked / 2)
        return self.used is not None, max(found)


@tool(
    title="Top",
    needs=(
        Need("pods"),
        Need("nodes", optional=True),
        Need("pods", "metrics.k8s.io", optional=True),
        Need("nodes", "metrics.k8s.io", optional=True),
    ),
)
async def top(args: Args, call: Call) -> str:
    """CPU and memory of pods, containers or nodes: usage beside requests, limits and allocatable,
    tightest first; requests alone without a metrics API. Use it for OOM kills, throttling,
    evictions and pods that cannot be scheduled.
    """
    check_selector(args.label_selector)
    return await (_nodes(args, call) if args.what == "nodes" else _pods(args, call))


async def _usage(
    cluster: Cluster, name: str, *, namespace: str = "", label_selector: str = ""
) -> tuple[list[Any], str]:
    """What the metrics API says, or why it does not."""
    served = await cluster.resources()
    found = [each for each in served.types if each.group == "metrics.k8s.io" and each.name == name]
    if not found:
        why = next(
            (why for group, why in served.failed.items() if group.startswith("metrics.k8s.io/")),
            "this cluster serves no metrics API (metrics-server is not installed)",
        )
        return [], why
    try:
        listing = await cluster.list(found[0], namespace=namespace, label_selector=label_selector)
    except (ClusterError, NotAllowed) as error:
        return [], str(error)
    return listing.items, ""


async def _pods(args: Args, call: Call) -> str:
    cluster = call.cluster
    (usage, missing), pods = await asyncio.gather(
        _usage(cluster, "pods", namespace=args.namespace, label_selector=args.label_selector),
        cluster.list(
            PODS,
            namespace=args.namespace,
            label_selector=args.label_selector,
            field_selector=field_equals({"spec.nodeName": args.node}),
            keep=_SLIM,
            shape=SHAPES["Pod"],
            progress=reporter(call, "pods"),
        ),
    )
    measured = {
        (dig_str(each, "metadata", "namespace"), dig_str(each, "metadata", "name")): each
        for each in usage
    }
    rows: list[_Row] = []
    for pod in pods.items:
        if dig_str(pod, "status", "phase") in {"Succeeded", "Failed"}:
            continue
        key = (dig_str(pod, "metadata", "namespace"), dig_str(pod, "metadata", "name"))
        where = [key[1]] if args.namespace else list(key)
        by_container = {
            dig_str(each, "name"): _amounts(dig_map(each, "usage"))
            for each in dig_list(measured.get(key), "containers")
        }
        if args.what == "containers":
            rows += _container_rows(pod, where, by_container)
        else:
            used = _total(by_container.values()) if by_container else None
            rows.append(_Row(where, used, requests(pod), _pod_limits(pod)))
    if not rows and args.namespace:
        await check_namespace(cluster, args.namespace)
    head = count(len(rows), f"unfinished {args.what[:-1]}")
    head += f" in {args.namespace or cluster.everywhere}"
    head += f" on node {args.node}" if args.node else ""
    head += f" matching {args.label_selector}" if args.label_selector else ""
    columns = ["name"] if args.namespace else ["namespace", "name"]
    if args.what == "containers":
        columns.append("container")
    return _answer(args, call, rows, head, columns, missing, limit_word="limit")


async def _nodes(args: Args, call: Call) -> str:
    cluster = call.cluster
    (usage, missing), nodes, pods = await asyncio.gather(
        _usage(cluster, "nodes"),
        cluster.list(NODES, label_selector=args.label_selector),
        _pods_or_gap(call),
    )
    held, gap = pods
    measured = {
        dig_str(each, "metadata", "name"): _amounts(dig_map(each, "usage")) for each in usage
    }
    rows = []
    for node in nodes.items:
        name = dig_str(node, "metadata", "name")
        if args.node and name != args.node:
            continue
        on_it = held.get(name, [])
        rows.append(
            _Row(
                [name],
                measured.get(name),
                _total(requests(pod) for pod in on_it),
                _amounts(dig_map(node, "status", "allocatable")),
                f"{len(on_it)}/{dig_str(node, 'status', 'allocatable', 'pods') or '?'}",
            )
        )
    notes = f"Requests and pods are not shown: {gap}" if gap else ""
    if not gap and cluster.policy.narrows_namespaces:
        notes = f"Requests and pods are only those of {cluster.everywhere}."
    head = count(len(rows), "node")
    return _answer(
        args, call, rows, head, ["node"], missing, limit_word="allocatable", notes=notes,
        with_pods=not gap,
    )  # fmt: skip


async def _pods_or_gap(call: Call) -> tuple[dict[str, list[Any]], str]:
    try:
        listing = await call.cluster.list(
            PODS, keep=_SLIM, shape=SHAPES["Pod"], progress=reporter(call, "pods")
        )
    except (ClusterError, NotAllowed) as error:
        return {}, why_unreadable(error, resource=PODS, namespace="")
    held: dict[str, list[Any]] = {}
    for pod in listing.items:
        if dig_str(pod, "status", "phase") not in {"Succeeded", "Failed"}:
            held.setdefault(dig_str(pod, "spec", "nodeName"), []).append(pod)
    return held, ""


def _container_rows(
    pod: Any, where: list[str], usage: Mapping[str, dict[str, float]]
) -> list[_Row]:
    return [
        _Row(
            [*where, dig_str(each, "name")],
            usage.get(dig_str(each, "name")),
            _amounts(dig_map(each, "resources", "requests")),
            _amounts(dig_map(each, "resources", "limits")),
        )
        for each in dig_list(pod, "spec", "containers")
    ]


def _pod_limits(pod: Any) -> dict[str, float]:
    """The pod's own limits, else the sum of its containers', for what every container limits."""
    limits = [
        _amounts(dig_map(each, "resources", "limits"))
        for each in dig_list(pod, "spec", "containers")
    ]
    total = _total(limits)
    shared = {key: value for key, value in total.items() if all(key in each for each in limits)}
    return shared | _amounts(dig_map(pod, "spec", "resources", "limits"))


def _amounts(quantities: Mapping[str, Any]) -> dict[str, float]:
    found = {"cpu": cpu(quantities.get("cpu")), "memory": bytes_(quantities.get("memory"))}
    return {key: float(value) for key, value in found.items() if value is not None}


def _total(parts: Any) -> dict[str, float]:
    total: dict[str, float] = {}
    for part in parts:
        for key in ("cpu", "memory"):
            if key in part:
                total[key] = total.get(key, 0.0) + part[key]
    return total


def _answer(
    args: Args,
    call: Call,
    rows: list[_Row],
    head: str,
    columns: Sequence[str],
    missing: str,
    *,
    limit_word: str,
    notes: str = "",
    with_pods: bool = False,
) -> str:
    if not rows:
        return f"{head}."
    by_usage = not missing or with_pods
    if args.sort == "name":
        rows.sort(key=lambda row: row.where)
    elif args.sort == "tightest" and by_usage:
        rows.sort(key=lambda row: (*(-part for part in row.tightness()), row.where))
    else:
        by = "memory" if args.sort == "tightest" else args.sort
        rows.sort(key=lambda row: (row.used is None and not missing, -row.level(by), row.where))
    shown = rows[: args.limit]
    unmeasured = sum(1 for row in rows if row.used is None)
    headers = list(columns)
    for resource in ("cpu", "mem"):
        headers += ([] if missing else [f"{resource} used"]) + [
            f"{resource} request", f"{resource} {limit_word}",
        ]  # fmt: skip
    headers += ["pods"] if with_pods else []
    grid = [
        [
            *row.where,
            *_cells(row, "cpu", format_cpu, measured=not missing, of_limit=with_pods),
            *_cells(row, "memory", format_bytes, measured=not missing, of_limit=with_pods),
            *([row.pods] if with_pods else []),
        ]
        for row in shown
    ]
    lines, left = fit(table_lines(headers, grid), call.max_bytes - 800)
    order = {"tightest": "tightest first", "name": "by name"}.get(
        args.sort, f"most {args.sort} first"
    )
    if args.sort == "tightest" and not by_usage:
        order = "largest memory request first"
    out = [f"{head}, {order}:", *lines]
    if more := len(rows) - len(shown) + left:
        out.append(f"({more:,} more: raise limit, or narrow with namespace, node or a selector)")
    if missing:
        out.append(f"Usage is not shown: {missing}.".replace("..", "."))
    elif unmeasured:
        what = "is" if unmeasured == 1 else "are"
        why = "its kubelet does not answer" if with_pods else "not running"
        out.append(f"{unmeasured:,} {what} not measured: {why}, or started within the last minute.")
    if notes:
        out.append(notes)
    return "\n".join(out)


def _cells(row: _Row, resource: str, words: Any, *, measured: bool, of_limit: bool) -> list[str]:
    used = None if row.used is None else row.used.get(resource)
    asked, limit = row.asked.get(resource), row.limit.get(resource)
    against = limit or asked
    share = f" ({used / against:.0%})" if used is not None and against else ""
    asked_share = f" ({asked / limit:.0%})" if asked is not None and limit and of_limit else ""
    cells = [("-" if used is None else words(used) + share)] if measured else []
    return [
        *cells,
        "-" if asked is None else words(asked) + asked_share,
        "-" if limit is None else words(limit),
    ]
