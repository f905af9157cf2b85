"""Rows as aligned columns, as kubectl prints them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

#: A cell wider than this is cut: one long image name would push every other column off the screen.
MAX_CELL_CHARS = 120


def cell_text(value: object) -> str:
    """A cell as one line of text; an empty or absent one as ``-``."""
    if value is None or value == "":
        return "-"
    if value is True:
        return "true"
    if value is False:
        return "false"
    text = value if isinstance(value, str) else str(value)
    if "\n" in text or "\t" in text:
        text = " ".join(text.split())
    return text if len(text) <= MAX_CELL_CHARS else text[: MAX_CELL_CHARS - 1] + "…"


def table_lines(headers: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """The header line and one line a row, columns two spaces apart."""
    grid = [[cell_text(cell) for cell in row] for row in rows]
    widths = [len(header) for header in headers]
    for row in grid:
        for at, cell in enumerate(row):
            if len(cell) > widths[at]:
                widths[at] = len(cell)
    lines = []
    for row in ([header.upper() for header in headers], *grid):
        padded = [cell.ljust(widths[at]) for at, cell in enumerate(row[:-1])]
        lines.append("  ".join([*padded, row[-1]]) if row else "")
    return lines
