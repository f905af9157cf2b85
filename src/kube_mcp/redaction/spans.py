"""Where something stands in a text: from where, and up to where."""

from __future__ import annotations

from collections.abc import Iterable

Span = tuple[int, int]


def without_overlap(spans: Iterable[Span]) -> list[Span]:
    """In order; of those that begin within another, only the first."""
    kept: list[Span] = []
    for start, end in sorted(spans):
        if not kept or start >= kept[-1][1]:
            kept.append((start, end))
    return kept
