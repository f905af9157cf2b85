"""Orders table rows by a column the way its reader means: 9 before 10, 90s before 2m, 1/3 before 3/3."""

from __future__ import annotations

import re
from collections.abc import Sequence

_AGE = re.compile(r"^(?:(\d+)y)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$")
_AGE_UNITS_S = (31_536_000, 86_400, 3_600, 60, 1)
_RATIO = re.compile(r"^(\d+)/(\d+)$")
_QUANTITY = re.compile(r"^(-?\d+(?:\.\d+)?)\s*(m|Ki|Mi|Gi|Ti|Pi|k|M|G|T|P|%)?\b")
_SCALE = {
    "m": 1e-3, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "Pi": 2**50,
    "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "%": 1.0, None: 1.0,
}  # fmt: skip

Key = tuple[int, float, float, str]


def age_seconds(cell: str) -> float | None:
    """``3d4h`` as seconds, or None for what is not an age."""
    match = _AGE.match(cell)
    if not match or not cell:
        return None
    return float(
        sum(
            int(part) * unit
            for part, unit in zip(match.groups(), _AGE_UNITS_S, strict=True)
            if part
        )
    )


def key(cell: object, *, is_age: bool = False) -> Key:
    """A sort key for one cell. Numbers come before text, and empty cells come last."""
    if cell is None or cell in ("", "-", "<none>", "<unknown>"):
        return (2, 0.0, 0.0, "")
    if isinstance(cell, bool):
        return (0, float(cell), 0.0, "")
    if isinstance(cell, int | float):
        return (0, float(cell), 0.0, "")
    text = str(cell)
    if is_age and (age := age_seconds(text)) is not None:
        return (0, age, 0.0, "")
    if ratio := _RATIO.match(text):
        ready, wanted = int(ratio[1]), int(ratio[2])
        return (0, ready / wanted if wanted else 1.0, float(-wanted), "")
    if quantity := _QUANTITY.match(text):
        return (0, float(quantity[1]) * _SCALE[quantity[2]], 0.0, text)
    return (1, 0.0, 0.0, text.lower())


def order(keys: Sequence[Key], *, descending: bool) -> list[int]:
    """Row indexes in order; empty cells stay last whichever way round."""
    indexes = sorted(range(len(keys)), key=lambda at: keys[at], reverse=descending)
    if descending:
        empty = [at for at in indexes if keys[at][0] == 2]
        return [at for at in indexes if keys[at][0] != 2] + empty
    return indexes
