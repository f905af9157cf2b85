"""list_resources: any kind, as the API server itself would print it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from msgspec import Meta

from kube_mcp.access.cluster import Cluster
from kube_mcp.errors import ClusterError, InputError, NotAllowed, NotFound, suggest
from kube_mcp.kube.tables import Table
from kube_mcp.objects import ResourceType, dig_str
from kube_mcp.render import sorting
from kube_mcp.render.budget import count, fit, shorten, size
from kube_mcp.render.fields import is_field, parse_field
from kube_mcp.render.table import cell_text, table_lines
from kube_mcp.render.untrusted import framed
from kube_mcp.tools import _cursor
from kube_mcp.tools._call import Call
from kube_mcp.tools._params import Cursor, FieldSelector, Kind, LabelSelector, NamespaceOrAll
from kube_mcp.tools._progress import reporter
from kube_mcp.tools._tool import Need, ToolArgs, tool
from kube_mcp.words.selectors import check_field_selector, check_selector
from kube_mcp.words.times import parse_time

#: Columns by which a list is summed up where not every row is shown, best first.
_STATUS_COLUMNS = ("status", "phase", "ready", "type", "reason")

#: Different values named in a summary; the rest are counted together.
_MOST_COUNTS = 8

#: Different values listed by count_by.
_MOST_VALUES = 200


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


@dataclass
class _View:
    """The rows of one answer before they are cut to a page."""

    headers: list[str]
    cells: list[list[Any]]
    names: list[str]
    namespaces: list[str]
    created: list[str | None]

    def at(self, name: str) -> int:
        lowered = [header.lower() for header in self.headers]
        wanted = name.lower()
        if wanted in lowered:
            return lowered.index(wanted)
        raise InputError(
            f"There is no column '{name}'.",
            hint=suggest(name, self.headers) or f"There are: {', '.join(self.headers)}.",
        )


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
    view, usual = await _read(cluster, resource, namespace, args, call)
    total = len(view.names)
    view = _only(view, args.name)
    scope = f"in {namespace}" if namespace else ""
    if resource.namespaced and not namespace:
        scope = f"in {cluster.everywhere}"
    if not view.names:
        return await _nothing(cluster, resource, namespace, scope, total, args)
    if args.count_by:
        return _counted(view, resource, scope, args.count_by, call.max_bytes)
    view = _projected(_sorted(view, args.sort), _shown(args, usual))
    return _page(view, resource, scope, total, args, place, query, call.max_bytes)


async def _read(
    cluster: Cluster, resource: ResourceType, namespace: str, args: Args, call: Call
) -> tuple[_View, list[str]]:
    """Every row with every column there is, and the columns shown unless others are asked for."""
    asked = [*args.columns, args.sort.lstrip("-"), args.count_by]
    fields = list(dict.fromkeys(column for column in asked if column and is_field(column)))
    plain = [column for column in asked if column and not is_field(column)]
    across = resource.namespaced and not namespace
    progress = reporter(call, resource.name)
    view: _View | None = None
    usual = ["Name"]
    if (
        not args.columns
        or not fields
        or any(column.lower() not in {"name", "namespace"} for column in plain)
    ):
        table = await cluster.table(
            resource,
            namespace=namespace,
            label_selector=args.label_selector,
            field_selector=args.field_selector,
            # Cells alone are a tenth of the bytes, but say neither the namespace nor the moment of
            # creation, which orders what was created on the same day.
            with_metadata=across or args.sort.lstrip("-").lower() == "age",
            progress=progress,
        )
        view = _of_table(table, across=across)
        usual = [c.name for c in table.columns if args.wide or c.priority == 0]
    if fields:
        view = await _with_fields(
            cluster, resource, namespace, args, fields, view, across, progress
        )
    assert view is not None
    return view, ["Namespace", *usual] if across else usual


def _shown(args: Args, usual: list[str]) -> list[str]:
    """The columns to show: those asked for, with the name always, and what the rows are sorted by."""
    wanted = list(args.columns) or usual
    lowered = [column.lower() for column in wanted]
    first = [c for c in usual if c in ("Namespace", "Name") and c.lower() not in lowered]
    by = args.sort.lstrip("-")
    last = [by] if by and by.lower() not in lowered else []
    return [*first, *wanted, *last]


def _of_table(table: Table, *, across: bool) -> _View:
    headers = [column.name for column in table.columns]
    name_at = table.index("Name")
    names, namespaces, created, cells = [], [], [], []
    for row in table.rows:
        meta = row.meta
        name = str(row.cells[name_at]) if name_at is not None else meta.name
        names.append(name)
        namespaces.append(meta.namespace)
        created.append(meta.creationTimestamp)
        row.cells = (row.cells + [None] * (len(headers) - len(row.cells)))[: len(headers)]
        cells.append([meta.namespace, *row.cells] if across else row.cells)
    return _View(["Namespace", *headers] if across else headers, cells, names, namespaces, created)


async def _with_fields(
    cluster: Cluster,
    resource: ResourceType,
    namespace: str,
    args: Args,
    fields: Sequence[str],
    view: _View | None,
    across: bool,
    progress: Callable[[int, int | None], None] | None,
) -> _View:
    readers = [parse_field(column) for column in fields]

    def keep(item: Any) -> Any:
        """What the columns show and what tells whether it is a secret: a tenth of a pod."""
        kept: dict[str, Any] = {"kind": item.get("kind"), "metadata": dict(_name_of(item))}
        for reader in readers:
            for key, part in reader.keep(item).items():
                if isinstance(part, dict) and isinstance(kept.get(key), dict):
                    kept[key] = {**kept[key], **part}
                else:
                    kept[key] = part
        return kept

    listing = await cluster.list(
        resource,
        namespace=namespace,
        label_selector=args.label_selector,
        field_selector=args.field_selector,
        keep=keep,
        then=lambda item: (*_name_of(item).values(), [reader.text(item) for reader in readers]),
        progress=progress,
    )
    found = {(namespace_, name): values for name, namespace_, values in listing.items}
    if view is None:
        headers = ["Namespace", "Name", *fields] if across else ["Name", *fields]
        cells = [
            [ns, name, *values] if across else [name, *values]
            for (ns, name), values in found.items()
        ]
        return _View(
            headers, cells, [n for _, n in found], [ns for ns, _ in found], [None] * len(found)
        )
    empty: list[Any] = [None] * len(fields)
    return _View(
        [*view.headers, *fields],
        [
            [*cells, *found.get((ns or namespace, name), empty)]
            for cells, ns, name in zip(view.cells, view.namespaces, view.names, strict=True)
        ],
        view.names,
        view.namespaces,
        view.created,
    )


def _name_of(item: Any) -> dict[str, str]:
    return {
        "name": dig_str(item, "metadata", "name"),
        "namespace": dig_str(item, "metadata", "namespace"),
    }


def _projected(view: _View, columns: Sequence[str]) -> _View:
    at = [view.at(column) for column in columns]
    return _View(
        [view.headers[i] for i in at],
        [[cells[i] for i in at] for cells in view.cells],
        view.names,
        view.namespaces,
        view.created,
    )


def _only(view: _View, part: str) -> _View:
    if not part:
        return view
    wanted = part.lower()
    at = [i for i, name in enumerate(view.names) if wanted in name.lower()]
    return _picked(view, at)


def _picked(view: _View, at: Sequence[int]) -> _View:
    return _View(
        view.headers,
        [view.cells[i] for i in at],
        [view.names[i] for i in at],
        [view.namespaces[i] for i in at],
        [view.created[i] for i in at],
    )


def _sorted(view: _View, sort: str) -> _View:
    if not sort:
        return view
    column = view.at(sort.lstrip("-"))
    header = view.headers[column].lower()
    is_age = header in {"age", "last seen", "first seen", "duration"}
    if header == "age" and all(view.created):
        # The youngest first, as with ages in words, but to the second.
        stamps = [parse_time(created) for created in view.created]
        keys = [sorting.key(-stamp.timestamp() if stamp else None) for stamp in stamps]
    else:
        keys = [sorting.key(cells[column], is_age=is_age) for cells in view.cells]
    return _picked(view, sorting.order(keys, descending=sort.startswith("-")))


def _counted(view: _View, resource: ResourceType, scope: str, column: str, max_bytes: int) -> str:
    at = view.at(column)
    counts = Counter(cell_text(cells[at]) for cells in view.cells)
    rows = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    lines, left = fit(
        table_lines([view.headers[at], "count"], rows[:_MOST_VALUES]), max_bytes - 400
    )
    left += max(0, len(rows) - _MOST_VALUES)
    out = [f"{_many(len(view.names), resource)} {scope}".rstrip() + f", by {column}:", *lines]
    if left:
        out.append(f"({left:,} more values not shown)")
    return "\n".join(out)


def _many(number: int, resource: ResourceType) -> str:
    return count(number, resource.singular or resource.kind.lower(), resource.name)


def _page(
    view: _View,
    resource: ResourceType,
    scope: str,
    total: int,
    args: Args,
    place: _cursor.Place | None,
    query: str,
    max_bytes: int,
) -> str:
    rows = [
        f"{ns}/{name}" if ns else name for ns, name in zip(view.namespaces, view.names, strict=True)
    ]
    start = _cursor.start_after(place, rows)
    lines = table_lines(view.headers, view.cells[start : start + args.limit])
    # Head and tail stay below this; rows give way to them, never the other way round.
    kept, _ = fit(lines[1:], max_bytes - 2000 - size(lines[0]))
    # A page without a row would lead nowhere: the first is shown, if only in part.
    rows_shown = kept or [line[:400] for line in lines[1:2]]
    end = start + len(rows_shown)
    matching = len(rows)
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
    if end - start < matching and (summary := _summary(view)):
        out.append(summary)
    table = [lines[0], *rows_shown]
    is_event = resource.name == "events" and resource.group in {"", "events.k8s.io"}
    out += framed(table, what="events") if is_event else table
    if end < matching:
        cursor = _cursor.encode(_cursor.Place(end, rows[end - 1]), query)
        out.append(
            f"{matching - end:,} more: narrow with name, selectors or columns, or go on with "
            f"cursor='{cursor}'."
        )
    if is_event and not args.sort:
        out.append("get_events shows events newest first, with repeats folded.")
    return "\n".join(out)


def _summary(view: _View) -> str:
    lowered = [header.lower() for header in view.headers]
    for name in _STATUS_COLUMNS:
        if name in lowered:
            at = lowered.index(name)
            counts = Counter(shorten(cell_text(cells[at]), 40) for cells in view.cells)
            if len(counts) > len(view.cells) // 2 and len(counts) > _MOST_COUNTS:
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


async def check_namespace(cluster: Cluster, namespace: str) -> None:
    """Raises `InputError` with the nearest names where there is no such namespace.

    An identity that may not look at namespaces is not told anything: the empty list stands.
    """
    namespaces = ResourceType("", "v1", "namespaces", "Namespace", namespaced=False)
    try:
        await cluster.get(namespaces, namespace)
    except NotFound as error:
        try:
            table = await cluster.table(namespaces, with_metadata=False)
            at = table.index("Name") or 0
            near = suggest(namespace, [str(row.cells[at]) for row in table.rows])
        except (ClusterError, NotAllowed):
            near = ""
        raise InputError(f"There is no namespace '{namespace}'.", hint=near) from error
    except NotAllowed:
        if not cluster.policy.allows_namespace(namespace):
            raise
    except ClusterError:
        return
