"""list_resources: any kind, as the API server itself would print it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from kube_mcp.access.cluster import Cluster
from kube_mcp.errors import InputError
from kube_mcp.objects import ResourceType
from kube_mcp.render.budget import count, fit, shorten, size
from kube_mcp.render.table import cell_text, table_lines
from kube_mcp.render.untrusted import framed
from kube_mcp.tools import _cursor
from kube_mcp.tools._call import Call
from kube_mcp.tools._find import check_namespace
from kube_mcp.tools._params import Cursor, FieldSelector, Kind, LabelSelector, NamespaceOrAll
from kube_mcp.tools._progress import reporter
from kube_mcp.tools._rows import Rows, Selection, read_rows
from kube_mcp.tools._tool import Need, ToolArgs, tool
from kube_mcp.words.selectors import check_field_selector, check_selector

#: Columns by which a list is summed up where not every row is shown, best first.
_STATUS_COLUMNS = ("status", "phase", "ready", "type", "reason")

#: Different values named in a summary; the rest are counted together.
_MOST_COUNTS = 8

#: Different values listed by count_by.
_MOST_VALUES = 200


#: Words in the names of columns whose cells are sentences, in kinds that are otherwise dull.
_FREE_TEXT = ("annotation", "message", ".data")


class Args(ToolArgs):
    kind: Kind
    namespace: NamespaceOrAll = ""
    label_selector: LabelSelector = ""
    field_selector: FieldSelector = ""
    name: Annotated[str, Meta(description="Only names containing this", max_length=253)] = ""
    columns: Annotated[
        tuple[str, ...],
        Meta(
            description="Columns to show: table columns, 'images', 'labels', 'label:app', or "
            "field paths like .spec.nodeName, .spec.containers[*].image",
            max_length=20,
        ),
    ] = ()
    wide: Annotated[bool, Meta(description="Also kubectl's -o wide columns")] = False
    sort: Annotated[
        str, Meta(description="Column to sort by; '-restarts' for descending", max_length=100)
    ] = ""
    count_by: Annotated[
        str, Meta(description="Only count rows by this column: status, node, namespace")
    ] = ""
    limit: Annotated[int, Meta(ge=1, le=500)] = 100
    cursor: Cursor = ""


@tool(
    title="List resources",
    needs=(Need("*"),),
)
async def list_resources(args: Args, call: Call) -> str:
    """List objects of any kind, as kubectl get prints them, sorted and filtered over all of them; says
    how many of how many are shown. Narrow with selectors, name or columns; count_by gives totals.
    Next: get_resource for one object, diagnose for what is wrong.
    """
    cluster = call.cluster
    check_selector(args.label_selector)
    check_field_selector(args.field_selector)
    resource = await cluster.resolve(args.kind)
    if "list" not in resource.verbs:
        raise InputError(
            f"{resource.full_name} cannot be listed.", hint="It is only asked about, not stored."
        )
    namespace = args.namespace if resource.namespaced else ""
    query = _cursor.digest(
        resource.full_name, namespace, args.label_selector, args.field_selector,
        args.name, args.sort,
    )  # fmt: skip
    place = _cursor.decode(args.cursor, query)
    selection = Selection(resource, namespace, args.label_selector, args.field_selector)
    rows, usual = await read_rows(
        cluster, selection, columns=args.columns, sort=args.sort, count_by=args.count_by,
        wide=args.wide, progress=reporter(call, resource.name),
    )  # fmt: skip
    total = len(rows)
    rows = rows.named(args.name)
    scope = f"in {namespace}" if namespace else ""
    if resource.namespaced and not namespace:
        scope = f"in {cluster.everywhere}"
    if not rows:
        return await _nothing(cluster, resource, namespace, scope, total, args)
    if args.count_by:
        return _counted(rows, resource, scope, args.count_by, call.max_bytes)
    rows = rows.sorted(args.sort).projected(_shown(args, usual))
    return _page(rows, resource, scope, total, args, place, query, call.max_bytes)


def _shown(args: Args, usual: list[str]) -> list[str]:
    """The columns to show: those asked for, with the name always, and what the rows are sorted by."""
    wanted = list(args.columns) or usual
    lowered = [column.lower() for column in wanted]
    first = [c for c in usual if c in ("Namespace", "Name") and c.lower() not in lowered]
    by = args.sort.lstrip("-")
    last = [by] if by and by.lower() not in lowered else []
    return [*first, *wanted, *last]


def _counted(rows: Rows, resource: ResourceType, scope: str, column: str, max_bytes: int) -> str:
    at = rows.at(column)
    counts = Counter(cell_text(cells[at]) for cells in rows.cells)
    values = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    lines, left = fit(
        table_lines([rows.headers[at], "count"], values[:_MOST_VALUES]), max_bytes - 400
    )
    left += max(0, len(values) - _MOST_VALUES)
    out = [f"{_many(len(rows), resource)} {scope}".rstrip() + f", by {column}:", *lines]
    if left:
        out.append(f"({left:,} more values not shown)")
    return "\n".join(out)


def _many(number: int, resource: ResourceType) -> str:
    return count(number, resource.singular or resource.kind.lower(), resource.name)


def _page(
    rows: Rows,
    resource: ResourceType,
    scope: str,
    total: int,
    args: Args,
    place: _cursor.Place | None,
    query: str,
    max_bytes: int,
) -> str:
    keys = [
        f"{ns}/{name}" if ns else name for ns, name in zip(rows.namespaces, rows.names, strict=True)
    ]
    start = _cursor.start_after(place, keys)
    lines = table_lines(rows.headers, rows.cells[start : start + args.limit])
    # Head and tail stay below this; rows give way to them, never the other way round.
    kept, _ = fit(lines[1:], max_bytes - 2000 - size(lines[0]))
    # A page without a row would lead nowhere: the first is shown, if only in part.
    rows_shown = kept or [line[:400] for line in lines[1:2]]
    end = start + len(rows_shown)
    matching = len(keys)
    if start == 0 and end == matching:
        head = f"{_many(matching, resource)} {scope}".rstrip()
        head += f" (of {total:,} in all)" if matching < total else ""
    else:
        of = f"{matching:,}" if matching == total else f"{matching:,} (of {total:,} in all)"
        order = f", by {args.sort}" if args.sort else ""
        subject = f"{resource.name} {scope}".rstrip()
        head = f"{subject}: {start + 1:,}-{end:,} of {of} shown{order}"
        if not rows_shown:
            head = f"{subject}: no more after the {matching:,} there are"
    out = [head + ":"]
    if end - start < matching and (summary := _summary(rows)):
        out.append(summary)
    table = [lines[0], *rows_shown]
    is_event = resource.name == "events" and resource.group in {"", "events.k8s.io"}
    out += framed(table, what=resource.name) if _holds_text(resource, rows.headers) else table
    if end < matching:
        cursor = _cursor.encode(_cursor.Place(end, keys[end - 1]), query)
        out.append(
            f"{matching - end:,} more: narrow with name, selectors or columns, or go on with "
            f"cursor='{cursor}'."
        )
    if is_event and not args.sort:
        out.append("get_events shows events newest first, with repeats folded.")
    return "\n".join(out)


def _holds_text(resource: ResourceType, headers: Sequence[str]) -> bool:
    """Whether the rows may hold sentences that somebody in the cluster wrote."""
    return (
        not resource.built_in
        or resource.name == "events"
        or any(word in header.lower() for header in headers for word in _FREE_TEXT)
    )


def _summary(rows: Rows) -> str:
    lowered = [header.lower() for header in rows.headers]
    for name in _STATUS_COLUMNS:
        if name in lowered:
            at = lowered.index(name)
            counts = Counter(shorten(cell_text(cells[at]), 40) for cells in rows.cells)
            if len(counts) > len(rows.cells) // 2 and len(counts) > _MOST_COUNTS:
                continue  # nearly every row has its own value: counting them says nothing
            top = counts.most_common(_MOST_COUNTS)
            rest = sum(counts.values()) - sum(n for _, n in top)
            parts = [f"{value} {n:,}" for value, n in top]
            if rest:
                parts.append(f"others {rest:,}")
            return f"All by {name}: {', '.join(parts)}."
    return ""


async def _nothing(
    cluster: Cluster, resource: ResourceType, namespace: str, scope: str, total: int, args: Args
) -> str:
    """An empty list, saying what was asked, and whether the namespace exists at all."""
    asked = [
        f"{word} '{value}'"
        for word, value in (
            ("label selector", args.label_selector),
            ("field selector", args.field_selector),
            ("name containing", args.name),
        )
        if value
    ]
    if namespace and not total:
        await check_namespace(cluster, namespace)
    filtered = f" matching {' and '.join(asked)}" if asked else ""
    hidden = f" ({total:,} without the name filter.)" if args.name and total else ""
    return f"No {resource.name} {scope}".rstrip() + f"{filtered}.{hidden}"
