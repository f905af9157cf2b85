"""get_resource: one object, described, as neat YAML, or only the fields asked for."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Annotated, Literal

from msgspec import Meta

from kube_mcp.access.cluster import is_secret, why_unreadable
from kube_mcp.errors import ClusterError, InputError, NotAllowed
from kube_mcp.objects import dig_map
from kube_mcp.render.budget import fit, shorten, size
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
from kube_mcp.words.selectors import field_equals, text_of, text_of_labels

#: Events shown with an object; get_events has the rest.
MOST_EVENTS = 12

#: Pods shown with a workload or Service; list_resources has the rest.
MOST_PODS = 15

NEVER_READ = "values of Secrets are never read"

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
        Meta(description="Only these paths: .spec.containers[*].image", max_length=20),
    ] = ()
    cursor: Annotated[str, Meta(description="Next part of a long YAML", max_length=40)] = ""


@tool(title="Get a resource", needs=(Need("*"), Need("events", optional=True)))
async def get_resource(args: Args, call: Call) -> str:
    """One object of any kind: a summary with its state, events and pods; neat YAML; or single
    fields. Values of Secrets are never shown. Without namespace it is found if the name is unique.
    Next: diagnose, get_logs, get_relations.
    """
    target = await find(call.cluster, kind=args.kind, name=args.name, namespace=args.namespace)
    if args.fields:
        return _fields(target, args.fields, call.max_bytes)
    if args.view == "yaml":
        return _yaml(target, args.cursor, call.max_bytes)
    return await _summary(target, call)


def _fields(target: Target, paths: tuple[str, ...], max_bytes: int) -> str:
    lines: list[str] = []
    for path in paths:
        field_path = parse_field(path)
        if is_secret(target.resource) and field_path.steps[:1] in {("data",), ("stringData",)}:
            lines.append(f"{path}: {NEVER_READ}")
            continue
        values = field_path.values(target.obj)
        if not values:
            lines.append(f"{path}: not set")
            continue
        value = values[0] if len(values) == 1 else values
        text = yaml_text(value).rstrip().removesuffix("\n...")
        lines += (
            f"{path}: {text}".split("\n") if "\n" not in text else [f"{path}:", *text.split("\n")]
        )
    kept, left = _fit_lines(lines, max_bytes - 600)
    out = [f"{target.label}:", *framed(kept, what="fields")]
    if left:
        out.append(f"({left:,} more lines: ask for less, or page through view=yaml)")
    return "\n".join(out)


def _yaml(target: Target, cursor: str, max_bytes: int) -> str:
    lines = yaml_text(neat(target.obj)).rstrip().split("\n")
    if is_secret(target.resource):
        lines.append(f"# {NEVER_READ}")
    start = 0
    if cursor:
        word, _, number = cursor.partition(":")
        if (
            word != "line"
            or not (number.isascii() and number.isdigit())
            or int(number) >= len(lines)
        ):
            raise InputError(
                f"'{cursor}' is not a cursor of this object.",
                hint="Leave it out to start at the beginning.",
            )
        start = int(number)
    kept, left = _fit_lines(lines[start:], max_bytes - 400)
    out = framed(kept, what=target.resource.kind)
    if left:
        out.append(
            f"{left:,} of {len(lines):,} lines are not shown: go on with "
            f"cursor='line:{start + len(kept)}', or ask for fields."
        )
    return "\n".join(out)


def _fit_lines(lines: list[str], max_bytes: int) -> tuple[list[str], int]:
    """The lines that fit. One that alone takes half the room is cut, or nothing below it would be
    reached.
    """
    most = max_bytes // 2 if len(lines) > 1 else max_bytes
    return fit((_cut(line, most) if len(line) * 4 > most else line for line in lines), max_bytes)


def _cut(line: str, max_bytes: int) -> str:
    if size(line) <= max_bytes:
        return line
    start = line.encode()[: max_bytes - 100].decode("utf-8", "ignore")
    return f"{start}…(cut, {len(line):,} characters in all)"


@dataclass
class _Part:
    """Some lines of a summary: what the cluster says, and what this server says about that."""

    lines: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


async def _summary(target: Target, call: Call) -> str:
    lines = summary_lines(target.obj, group=target.resource.group, now=call.now())
    parts = await asyncio.gather(_secret(target, call), _pods(target, call), _events(target, call))
    below = [line for part in parts for line in part.lines]
    notes = [note for part in parts for note in part.notes]
    room = call.max_bytes - 400 - sum(size(line) + 2 for line in [*below, *notes])
    kept, left = _fit_lines(lines, room)
    if left:
        notes.insert(0, f"({left:,} more lines: view=yaml pages through them, fields picks)")
    return "\n".join([*framed([*kept, *below], what=target.resource.kind), *notes])


async def _secret(target: Target, call: Call) -> _Part:
    """A Secret's type and the number of its values, which its metadata does not say."""
    if not is_secret(target.resource):
        return _Part()
    try:
        table = await call.cluster.table(
            target.resource,
            namespace=target.namespace,
            field_selector=field_equals({"metadata.name": target.name}),
            with_metadata=False,
        )
    except (ClusterError, NotAllowed) as error:
        gap = why_unreadable(error, resource=target.resource, namespace=target.namespace)
        return _Part(notes=[f"Its type was not read: {gap}."])
    at = {name: table.index(name) for name in ("type", "data")}
    return _Part([
        ", ".join(f"{name}: {row.cells[i]}" for name, i in at.items() if i is not None)
        for row in table.rows[:1]
    ])  # fmt: skip


async def _pods(target: Target, call: Call) -> _Part:
    """The pods of a workload, or those a Service selects, as the server prints them."""
    kind = target.resource.kind
    if kind not in _WITH_PODS or target.resource.group not in {"", "apps", "batch"}:
        return _Part()
    selector = dig_map(target.obj, "spec", "selector")
    plain = kind in {"Service", "ReplicationController"}
    text = text_of_labels(selector) if plain else text_of(selector)
    if not text:
        return _Part()
    try:
        table = await call.cluster.table(
            PODS, namespace=target.namespace, label_selector=text, with_metadata=False
        )
    except (ClusterError, NotAllowed) as error:
        gap = why_unreadable(error, resource=PODS, namespace=target.namespace)
        return _Part(notes=[f"Its pods were not read: {gap}."])
    if not table.rows:
        return _Part([f"no pod matches {shorten(text, 200)}"])
    at = [i for i, column in enumerate(table.columns) if column.priority == 0]
    rows = [[row.cells[i] for i in at] for row in table.rows[:MOST_PODS]]
    more = len(table.rows) - len(rows)
    text = shorten(text, 300)
    lines = [f"pods matching {text} ({len(table.rows):,}):"]
    shown, cut = fit(table_lines([table.columns[i].name for i in at], rows), call.max_bytes // 6)
    lines += shown
    more += cut
    more_of = f"({more:,} more pods: list_resources kind=Pod label_selector='{text}')"
    return _Part(lines, [more_of] if more > 0 else [])


async def _events(target: Target, call: Call) -> _Part:
    namespace = target.namespace or "default"
    try:
        names, gaps = await owned(call.cluster, target)
        alone = {
            "involvedObject.name": target.name,
            "involvedObject.kind": target.resource.kind,
        }
        listing = await call.cluster.list(
            EVENTS,
            namespace=namespace,
            field_selector="" if len(names) > 1 else field_equals(alone),
            keep=slim_event,
            then=event_line,
        )
    except (ClusterError, NotAllowed) as error:
        gap = why_unreadable(error, resource=EVENTS, namespace=namespace)
        return _Part(notes=[f"Its events were not read: {gap}."])
    notes = [f"Events may be missing: {gap}." for gap in gaps]
    found = fold(each for each in listing.items if (each.kind, each.names[0]) in names)
    if not found:
        return _Part(["no events (they are kept for about an hour)"], notes)
    lines = event_lines(found[:MOST_EVENTS], now=call.now(), with_namespace=False)
    kept, cut = fit(lines, call.max_bytes // 3)
    more = len(found) - len(lines) + cut
    if more > 0:
        notes.insert(0, f"({more} older events: get_events)")
    return _Part(["events, newest first:", *kept], notes)
