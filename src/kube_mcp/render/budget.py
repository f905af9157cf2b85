"""Fits text into a number of bytes, and says what did not fit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def size(text: str) -> int:
    """Bytes in UTF-8, which is what travels and what clients cap."""
    return len(text) if text.isascii() else len(text.encode("utf-8"))


def fit(lines: Iterable[str], max_bytes: int) -> tuple[list[str], int]:
    """The first lines that fit into ``max_bytes`` with their line breaks, and how many did not."""
    kept: list[str] = []
    used = 0
    left = 0
    for line in lines:
        cost = size(line) + 1
        if left or used + cost > max_bytes:
            left += 1
            continue
        kept.append(line)
        used += cost
    return kept, left


def fit_newest(lines: Sequence[str], max_bytes: int) -> tuple[list[str], int]:
    """The last lines that fit, in their order, and how many older ones did not."""
    kept, left = fit(reversed(lines), max_bytes)
    return kept[::-1], left


def shorten(text: str, max_chars: int) -> str:
    """The start of a text, with ``…`` where it was cut; line breaks become spaces."""
    flat = " ".join(text.split())
    return flat if len(flat) <= max_chars else flat[: max_chars - 1].rstrip() + "…"


def count(number: int, noun: str, plural: str = "") -> str:
    """``1 pod``, ``5,000 pods``, ``2 entries`` (with its own plural)."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
