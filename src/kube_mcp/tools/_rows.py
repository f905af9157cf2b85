"""The rows of a list before they are cut to a page: read, filtered, sorted, projected."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kube_mcp.access.cluster import Cluster
from kube_mcp.errors import InputError, suggest
from kube_mcp.kube.tables import Table
from kube_mcp.objects import ResourceType, dig_str
from kube_mcp.render import sorting
from kube_mcp.render.fields import COMPUTED, is_field, parse_field
from kube_mcp.words.times import parse_time

Progress = Callable[[int, int | None], None]

#: Columns whose cells are spans of time, which do not sort as numbers do.
_AGES = frozenset({"age", "last seen", "first seen", "duration"})


@dataclass(frozen=True)
class Selection:
    """Which objects a list is of."""

    resource: ResourceType
    namespace: str
    label_selector: str = ""
    field_selector: str = ""

    @property
    def across(self) -> bool:
        """Whether the objects may be in several namespaces."""
        return self.resource.namespaced and not self.namespace


@dataclass(frozen=True)
class Rows:
    """Rows with their cells, and who each of them is; all lists are in the same order."""

    headers: list[str]
    cells: list[list[Any]]
    names: list[str]
    namespaces: list[str]
    created: list[str | None]

    def __len__(self) -> int:
        return len(self.names)

    def at(self, name: str) -> int:
        """The position of a column by its name in any case. Raises `InputError` for none."""
        lowered = [header.lower() for header in self.headers]
        wanted = name.lower()
        if wanted in lowered:
            return lowered.index(wanted)
        raise InputError(
            f"There is no column '{name}'.",
            hint=suggest(name, [*self.headers, *COMPUTED])
            or f"There are: {', '.join(self.headers)}.",
        )

    def projected(self, columns: Sequence[str]) -> Rows:
        """The same rows with these columns only."""
        at = [self.at(column) for column in columns]
        return replace(
            self,
            headers=[self.headers[i] for i in at],
            cells=[[cells[i] for i in at] for cells in self.cells],
        )

    def named(self, part: str) -> Rows:
        """The rows whose name contains ``part``, in any case."""
        if not part:
            return self
        wanted = part.lower()
        return self._picked([i for i, name in enumerate(self.names) if wanted in name.lower()])

    def sorted(self, by: str) -> Rows:
        """In the order of a column; descending where its name has a ``-`` before it."""
        if not by:
            return self
        column = self.at(by.lstrip("-"))
        header = self.headers[column].lower()
        if header == "age" and all(self.created):
            # The youngest first, as with ages in words, but to the second.
            stamps = [parse_time(created) for created in self.created]
            keys = [sorting.key(-stamp.timestamp() if stamp else None) for stamp in stamps]
        else:
            keys = [sorting.key(cells[column], is_age=header in _AGES) for cells in self.cells]
        return self._picked(sorting.order(keys, descending=by.startswith("-")))

    def _picked(self, at: Sequence[int]) -> Rows:
        return Rows(
            self.headers,
            [self.cells[i] for i in at],
            [self.names[i] for i in at],
            [self.namespaces[i] for i in at],
            [self.created[i] for i in at],
        )


async def read_rows(
    cluster: Cluster,
    selection: Selection,
    *,
    columns: Sequence[str],
    sort: str = "",
    count_by: str = "",
    wide: bool = False,
    progress: Progress | None = None,
) -> tuple[Rows, list[str]]:
    """Every row with every column there is, and the columns shown unless others are asked for.

    Objects are read only for columns that are paths; everything else is in the server's table.
    """
    sort = sort.lstrip("-")
    asked = [column for column in (*columns, sort, count_by) if column]
    fields = list(dict.fromkeys(column for column in asked if is_field(column)))
    plain = {column.lower() for column in asked if not is_field(column)}
    rows: Rows | None = None
    usual = ["Name"]
    if not columns or not fields or plain - {"name", "namespace"}:
        table = await cluster.table(
            selection.resource,
            namespace=selection.namespace,
            label_selector=selection.label_selector,
            field_selector=selection.field_selector,
            # Cells alone are a tenth of the bytes, but say neither the namespace nor the moment of
            # creation, which orders what was created on the same day.
            with_metadata=selection.across or sort.lower() == "age",
            progress=progress,
        )
        rows = _of_table(table, across=selection.across)
        usual = [column.name for column in table.columns if wide or column.priority == 0]
    if fields:
        rows = await _with_fields(cluster, selection, fields, rows, progress)
    assert rows is not None
    return rows, ["Namespace", *usual] if selection.across else usual


def _of_table(table: Table, *, across: bool) -> Rows:
    headers = [column.name for column in table.columns]
    name_at = table.index("Name")
    names, namespaces, created, cells = [], [], [], []
    for row in table.rows:
        meta = row.meta
        row.cells = (row.cells + [None] * (len(headers) - len(row.cells)))[: len(headers)]
        names.append(str(row.cells[name_at]) if name_at is not None else meta.name)
        namespaces.append(meta.namespace)
        created.append(meta.creationTimestamp)
        cells.append([meta.namespace, *row.cells] if across else row.cells)
    return Rows(["Namespace", *headers] if across else headers, cells, names, namespaces, created)


async def _with_fields(
    cluster: Cluster,
    selection: Selection,
    fields: Sequence[str],
    rows: Rows | None,
    progress: Progress | None,
) -> Rows:
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
        selection.resource,
        namespace=selection.namespace,
        label_selector=selection.label_selector,
        field_selector=selection.field_selector,
        keep=keep,
        then=lambda item: (*_name_of(item).values(), [reader.text(item) for reader in readers]),
        progress=progress,
    )
    found = {(namespace, name): values for name, namespace, values in listing.items}
    if rows is None:
        headers = ["Namespace", "Name", *fields] if selection.across else ["Name", *fields]
        cells = [
            [namespace, name, *values] if selection.across else [name, *values]
            for (namespace, name), values in found.items()
        ]
        names, namespaces = [name for _, name in found], [namespace for namespace, _ in found]
        return Rows(headers, cells, names, namespaces, [None] * len(found))
    empty: list[Any] = [None] * len(fields)
    return replace(
        rows,
        headers=[*rows.headers, *fields],
        cells=[
            [*cells, *found.get((namespace or selection.namespace, name), empty)]
            for cells, namespace, name in zip(rows.cells, rows.namespaces, rows.names, strict=True)
        ],
    )


def _name_of(item: Any) -> dict[str, str]:
    return {
        "name": dig_str(item, "metadata", "name"),
        "namespace": dig_str(item, "metadata", "namespace"),
    }
