"""get_resource: one object, described, as neat YAML, or only the fields asked for."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

from msgspec import Meta

from kube_mcp.access.cluster import why_unreadable
from kube_mcp.errors import ClusterError, InputError, NotAllowed
from kube_mcp.objects import dig_map
from kube_mcp.render.budget import fit
from kube_mcp.render.describe import summary_lines
from kube_mcp.render.events import event_line, event_lines, fold, slim_event
from kube_mcp.render.fields import parse_field
from kube_mcp.render.table import table_lines
from kube_mcp.render.untrusted import framed
from kube_mcp.render.yaml import neat, yaml_text
from kube_mcp.tools._call import Call
from kube_mcp.tools._find import EVENTS, PODS, Target, find, owned
from kube_mcp.tools._params import Kind, Name, Namespace
from kube_mcp.tools._tool import Need, ToolArgs, tool
from kube_mcp.words.selectors import text_of, text_of_labels

#: Events shown with an object; get_events has the rest.
MOST_EVENTS = 12

#: Pods shown with a workload or Service; list_resources has the rest.
MOST_PODS = 15

_WITH_PODS = frozenset({
    "Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job", "Service",
    "ReplicationController",
})  # fmt: skip


class Args(ToolArgs):
    kind: Kind
    name: Name
    namespace: Namespace = ""
    view: Annotated[
        Literal["summary", "yaml"], Meta(description="summary: like kubectl describe")
    ] = "summary"
    fields: Annotated[
        tuple[str, ...],
        Meta(
            description="Only these paths: .spec.template.spec.containers[*].image", max_length=20
        ),
    ] = ()
    cursor: Annotated[str, Meta(description="Next part of a long YAML", max_length=40)] = ""


@tool(title="Get a resource", needs=(Need("*"), Need("events", optional=True)))
async def get_resource(args: Args, call: Call) -> str:
    """One object of any kind: a summary with its state, events and pods; or neat YAML (view=yaml);
    or single fields. Secret values are never shown and credentials are masked. Without namespace
    it is found if the name is unique. Next: diagnose, get_logs, get_relations.
    """
    target = await find(call.cluster, kind=args.kind, name=args.name, namespace=args.namespace)
    if args.fields:
        return _fields(target, args.fields)
    if args.view == "yaml":
        return _yaml(target, args.cursor, call.max_bytes)
    return await _summary(target, call)


def _fields(target: Target, paths: tuple[str, ...]) -> str:
    lines = [f"{target.label}:"]
    for path in paths:
        values = parse_field(path).values(target.obj)
        if not values:
            lines.append(f"{path}: not set")
            continue
        value = values[0] if len(values) == 1 else values
        text = yaml_text(value).rstrip().removesuffix("\n...")
        lines.append(f"{path}: {text}" if "\n" not in text else f"{path}:\n{text}")
    return "\n".join(lines)


def _yaml(target: Target, cursor: str, max_bytes: int) -> str:
    lines = yaml_text(neat(target.obj)).rstrip().split("\n")
    start = 0
    if cursor:
        word, _, number = cursor.partition(":")
        if word != "line" or not number.isdigit() or int(number) >= len(lines):
            raise InputError(
                f"'{cursor}' is not a cursor of this object.",
                hint="Leave it out to start at the beginning.",
            )
        start = int(number)
    kept, left = fit(lines[start:], max_bytes - 300)
    if not kept:
        kept, left = [lines[start][: max_bytes - 400] + "…(cut)"], left - 1
    if left:
        kept.append(
            f"# {left:,} of {len(lines):,} lines are not shown: go on with "
            f"cursor='line:{start + len(kept)}', or ask for fields."
        )
    return "\n".join(kept)


async def _summary(target: Target, call: Call) -> str:
    now = call.now()
    lines = summary_lines(target.obj, group=target.resource.group, now=now)
    pods, events = await asyncio.gather(_pods(target, call), _events(target, call))
    kept, left = fit(lines, call.max_bytes - sum(map(len, [*pods, *events])) - 1500)
    if left:
        kept.append(f"({left:,} more lines: view=yaml pages through them, fields picks)")
    return "\n".join([*kept, *pods, *events])


async def _pods(target: Target, call: Call) -> list[str]:
    """The pods of a workload, or those a Service selects, as the server prints them."""
    kind = target.resource.kind
    if kind not in _WITH_PODS or target.resource.group not in {"", "apps", "batch"}:
        return []
    selector = dig_map(target.obj, "spec", "selector")
    plain = kind in {"Service", "ReplicationController"}
    text = text_of_labels(selector) if plain else text_of(selector)
    if not text:
        return []
    try:
        table = await call.cluster.table(
            PODS, namespace=target.namespace, label_selector=text, with_metadata=False
        )
    except (ClusterError, NotAllowed) as error:
        gap = why_unreadable(error, resource=PODS, namespace=target.namespace)
        return [f"pods not read: {gap}"]
    if not table.rows:
        return [f"no pod matches {text}"]
    at = [i for i, column in enumerate(table.columns) if column.priority == 0]
    rows = [[row.cells[i] for i in at] for row in table.rows[:MOST_PODS]]
    more = len(table.rows) - len(rows)
    lines = [f"pods matching {text} ({len(table.rows):,}):"]
    lines += table_lines([table.columns[i].name for i in at], rows)
    if more > 0:
        lines.append(f"({more:,} more: list_resources kind=Pod label_selector='{text}')")
    return lines


async def _events(target: Target, call: Call) -> list[str]:
    namespace = target.namespace or "default"
    try:
        names, gaps = await owned(call.cluster, target)
        listing = await call.cluster.list(
            EVENTS,
            namespace=namespace,
            field_selector=""
            if len(names) > 1
            else f"involvedObject.name={target.name},involvedObject.kind={target.resource.kind}",
            keep=slim_event,
            then=event_line,
        )
    except (ClusterError, NotAllowed) as error:
        return [f"events not read: {why_unreadable(error, resource=EVENTS, namespace=namespace)}"]
    found = fold(each for each in listing.items if (each.kind, each.names[0]) in names)
    notes = [f"events may be missing: {gap}" for gap in gaps]
    if not found:
        return ["no events (they are kept for about an hour)", *notes]
    shown = event_lines(found[:MOST_EVENTS], now=call.now(), with_namespace=False)
    more = len(found) - MOST_EVENTS
    lines = framed(shown, what="events")
    if more > 0:
        lines.append(f"({more} older: get_events)")
    return [*lines, *notes]
