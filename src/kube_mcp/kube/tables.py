"""Server-side tables: the columns ``kubectl get`` shows, without the objects behind them.

A table row costs a tenth of its object on the wire and needs no knowledge of the kind, so it is how
anything is listed. Decoding takes only what a row shows: five thousand pods are a fraction of a
second and a few megabytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from kube_mcp.errors import ServerFault

#: Plain lists come back from the few aggregated APIs that do not print tables.
ACCEPT = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"

#: For Secrets, which must never come back as whole objects.
ACCEPT_TABLE_ONLY = "application/json;as=Table;v=v1;g=meta.k8s.io"


class RowMeta(msgspec.Struct):
    """What a row's object still carries."""

    name: str = ""
    namespace: str = ""
    labels: dict[str, str] | None = None
    creationTimestamp: str | None = None  # noqa: N815 - the wire's own name


class RowObject(msgspec.Struct):
    """The partial object of a row."""

    metadata: RowMeta = msgspec.field(default_factory=RowMeta)


class Row(msgspec.Struct):
    """One line: a cell a column."""

    cells: list[Any] = []
    object: RowObject | None = None

    @property
    def meta(self) -> RowMeta:
        """The row's metadata; an empty one where the server was told to leave it out."""
        return self.object.metadata if self.object is not None else _NO_META


_NO_META = RowMeta()


class Column(msgspec.Struct):
    """One column; ``priority`` above 0 is shown only where there is room (``-o wide``)."""

    name: str
    type: str = "string"
    format: str = ""
    description: str = ""
    priority: int = 0


class ListMeta(msgspec.Struct, rename={"continue_": "continue"}):
    """Where a list stands in its paging."""

    continue_: str = ""
    resourceVersion: str = ""  # noqa: N815 - the wire's own name
    remainingItemCount: int | None = None  # noqa: N815 - the wire's own name


class _Page(msgspec.Struct):
    kind: str = ""
    columnDefinitions: list[Column] | None = None  # noqa: N815 - the wire's own name
    rows: list[Row] | None = None
    items: list[RowObject] | None = None
    metadata: ListMeta = msgspec.field(default_factory=ListMeta)


@dataclass
class Table:
    """A list as rows, gathered from all its pages."""

    columns: list[Column]
    rows: list[Row]
    resource_version: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)

    def index(self, name: str) -> int | None:
        """The position of a column by its name in any case, or None."""
        lowered = name.lower()
        for at, column in enumerate(self.columns):
            if column.name.lower() == lowered:
                return at
        return None


_decoder = msgspec.json.Decoder(_Page)


def decode_page(body: bytes, *, path: str) -> tuple[Table, ListMeta]:
    """One page of a table, or of a plain list turned into NAME and AGE.

    Raises `ServerFault` for an answer that is neither.
    """
    try:
        page = _decoder.decode(body)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise ServerFault(f"{path} did not answer with a table or a list: {error}.") from error
    if page.rows is not None or page.kind == "Table":
        table = Table(
            columns=page.columnDefinitions or [],
            rows=page.rows or [],
            resource_version=page.metadata.resourceVersion,
        )
        return table, page.metadata
    if page.items is None:
        raise ServerFault(f"{path} answered with kind '{page.kind}', which is not a list.")
    columns = [Column(name="Name"), Column(name="Age", type="date")]
    rows = [
        Row(cells=[item.metadata.name, item.metadata.creationTimestamp], object=item)
        for item in page.items
    ]
    return Table(columns, rows, page.metadata.resourceVersion), page.metadata
