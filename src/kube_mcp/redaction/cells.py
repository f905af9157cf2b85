"""Cells of a table: strings without their object, told by the column they stand in.

A column of a custom resource prints whatever path its author chose. The API server says the path
in the column's description unless the author wrote one; then the column's name is all there is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Protocol

from kube_mcp.redaction.names import Says, is_secret_number, says
from kube_mcp.redaction.objects import LITERAL_FIELDS, mask_string
from kube_mcp.redaction.text import clean_text
from kube_mcp.redaction.values import is_innocent, looks_random, mask

#: What the API server writes where the author of the kind wrote nothing.
_OF_A_PATH = "Custom resource definition column (in JSONPath format): "
_STEP = re.compile(r"[A-Za-z_][\w-]{0,128}")
#: Addresses, numbers, ages and nothing: most cells of most tables.
_DULL = re.compile(r"[\d.:/ -]{1,40}|<[a-z]{1,16}>|\d{1,5}[smhdy](?:\d{1,4}[smhd])?")
_SECRET_VALUES = re.compile(r"\.(?:data|stringData)\b")


class ColumnLike(Protocol):
    """What is read of a column."""

    name: str
    format: str
    description: str


def mask_cells(columns: Sequence[ColumnLike], rows: Sequence[list[Any]], *, kind: str) -> None:
    """Mask in place what looks like a credential in ``rows``, cells of objects of one kind.

    The columns' names are cleaned too: whoever defines a kind writes them.
    """
    for at, column in enumerate(columns):
        way, name = _way(column, kind)
        column.name = " ".join(clean_text(column.name).split())
        fine: set[str] = set()  # most columns say the same of many rows
        for cells in rows:
            cell = cells[at] if at < len(cells) else None
            if type(cell) is str:
                if cell in fine:
                    continue
                shown = _shown(cell, way)
                if shown is cell:
                    fine.add(cell)
                else:
                    cells[at] = shown
            elif type(cell) is int and way is Says.CREDENTIAL and is_secret_number(name, cell):
                cells[at] = mask(str(cell))


def _shown(cell: str, way: Says | None) -> str:
    if way is None:
        plain = cell.isascii() and cell.isprintable()
        return cell if plain else " ".join(clean_text(cell).split())
    if way is Says.CREDENTIAL:
        return cell if is_innocent(cell) else mask(cell)
    if way is Says.MAYBE and looks_random(cell):
        return mask(cell)
    return cell if _DULL.fullmatch(cell) else mask_string(cell)


def _way(column: ColumnLike, kind: str) -> tuple[Says | None, str]:
    """What a column's cells are, None for the names of objects; and the name that says so."""
    if column.format == "name":
        return None, column.name
    path = column.description.removeprefix(_OF_A_PATH)
    if path == column.description:
        verdict = says(column.name)
        # `SECRET` is more often the name of the Secret.
        unsure = verdict is not Says.NOTHING and column.name.lower() in _NAMING
        return (Says.MAYBE if unsure else verdict), column.name
    steps = _STEP.findall(path) or [""]
    if kind == "Secret" and _SECRET_VALUES.match(path):
        return Says.CREDENTIAL, "password"
    if "secrets" in steps[:-1] and says(steps[-1]) is not Says.NOTHING:
        return Says.CREDENTIAL, steps[-1]
    while len(steps) > 1 and steps[-1] in LITERAL_FIELDS:
        steps.pop()
    return says(steps[-1]), steps[-1]


_NAMING = frozenset({"secret", "secrets", "credential", "credentials"})
