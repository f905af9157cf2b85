"""get_node_logs: what a node's kubelet, container runtime or another of its services wrote."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from kube_mcp.kube.kubelet import NODES, NodeLogQuery
from kube_mcp.kube.logs import LogRead
from kube_mcp.render.budget import count, fit, fit_newest, size
from kube_mcp.render.logs import LogLine, fold, patterns, run_lines
from kube_mcp.render.untrusted import framed
from kube_mcp.tools._call import Call
from kube_mcp.tools._find import find
from kube_mcp.tools._params import Name, Pattern, Since
from kube_mcp.tools._patterns import matcher
from kube_mcp.tools._tool import Need, ToolArgs, tool
from kube_mcp.words.times import parse_duration

#: Lines read where they are filtered here; a node writes about as many in an hour.
SEARCHED_LINES = 20_000

#: Bytes held of one log.
KEPT_BYTES = 4 * 1024 * 1024

DEADLINE_S = 40.0


class Args(ToolArgs):
    name: Name
    log: Annotated[
        str,
        Meta(
            description="kubelet, containerd, or a file below /var/log; omit to list those",
            max_length=200,
        ),
    ] = ""
    tail: Annotated[int, Meta(description="Newest lines", ge=1, le=20_000)] = 200
    since: Since = ""
    include: Annotated[Pattern, Meta(description="RE2 regex: only matching lines")] = ""
    exclude: Annotated[Pattern, Meta(description="RE2 regex: drop lines")] = ""


@tool(
    title="Read a node's logs",
    toolset="nodes",
    needs=(Need("nodes", verbs=("get",)), Need("nodes/proxy", verbs=("get",))),
)
async def get_node_logs(args: Args, call: Call) -> str:
    """Logs of a node itself: its kubelet, its container runtime, or a file below /var/log. Use it
    when a node is not ready, or pods on it do not start and their events do not say why.
    Next: get_node_stats, get_events.
    """
    include = matcher(args.include, argument="include")
    exclude = matcher(args.exclude, argument="exclude")
    since = call.now() - parse_duration(args.since) if args.since else None
    target = await find(call.cluster, kind=NODES.name, name=args.name, namespace="")
    if not args.log:
        return await _listing(target.name, call)
    sifted = include is not None or exclude is not None
    asked = SEARCHED_LINES if sifted else args.tail
    query = NodeLogQuery.named(target.name, args.log, tail=asked, since=since)
    read = await call.cluster.node_log(
        query, keep=asked, max_kept_bytes=KEPT_BYTES, timeout_s=DEADLINE_S
    )
    if read is None:
        return (
            f"The kubelet of {target.name} does not answer queries for services "
            "(enableSystemLogQuery is off in its configuration).\n"
            + await _listing(target.name, call)
        )
    lines = [
        LogLine(stamp, "", text)
        for stamp, text in read.lines
        if (include is None or include(text)) and (exclude is None or not exclude(text))
    ]
    notes = _notes(args, query, read, passed=len(lines), sifted=sifted)
    return _answer(target.name, args, lines[-args.tail :], notes, call.max_bytes)


async def _listing(node: str, call: Call) -> str:
    names = sorted(await call.cluster.node_log_files(node))
    kept, left = fit(names, call.max_bytes - 1000)
    more = [f"({left} more)"] if left else []
    found = framed([*kept, *more], what="listing") if names else ["(nothing)"]
    return "\n".join([
        f"In /var/log of {node} (folders end with /):",
        *found,
        "Services such as kubelet and containerd are not files: name them as log.",
    ])  # fmt: skip


def _notes(
    args: Args, query: NodeLogQuery, read: LogRead, *, passed: int, sifted: bool
) -> list[str]:
    notes = [f"{read.cut}."] if read.cut else []
    if sifted:
        hidden = len(read.lines) - passed
        notes.append(f"The filter hid {hidden:,} of the newest {count(len(read.lines), 'line')}.")
    elif read.seen >= args.tail:
        notes.append(f"Older lines exist: this is the newest {args.tail:,}.")
    if query.file and args.since:
        notes.append("since counts for services only; a file was read whole.")
    return notes


def _answer(node: str, args: Args, lines: list[LogLine], notes: list[str], max_bytes: int) -> str:
    head = f"{args.log} of node {node}: {count(len(lines), 'line')}."
    if not lines:
        return "\n".join([head, *notes])
    runs = fold(lines)
    room = max_bytes - sum(size(note) + 1 for note in notes) - 3000
    kept, left = fit_newest(run_lines(runs, names={"": ""}), room)
    if left:
        said, _ = fit(patterns(runs[:left]), 2000)
        notes = [*notes, f"{left:,} older lines did not fit. They said:", *said]
    return "\n".join([head, *notes, *framed(kept, what="log")])
