"""Pages of the protocol's own lists, so that a list grows without one answer growing."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import TypeVar

from kube_mcp.errors import InputError

Item = TypeVar("Item")

#: Above what this server has of anything today: clients that ignore cursors see it all.
PAGE_SIZE = 100


def page(
    items: Sequence[Item], cursor: str | None, *, key: Callable[[Item], str], size: int = PAGE_SIZE
) -> tuple[list[Item], str | None]:
    """The items after ``cursor``, at most ``size``, and the cursor for those after them.

    A cursor names the last item given, so any replica takes it. Raises `InputError` for one that
    this list never gave.
    """
    start = 0
    if cursor is not None:
        last = _decoded(cursor)
        known = [key(item) for item in items]
        if last not in known:
            raise InputError(
                "The cursor is not one of this list.", hint="Start again without a cursor."
            )
        start = known.index(last) + 1
    chosen = list(items[start : start + size])
    more = start + size < len(items)
    return chosen, _encoded(key(chosen[-1])) if more else None


def _encoded(name: str) -> str:
    return base64.urlsafe_b64encode(name.encode()).decode().rstrip("=")


def _decoded(cursor: str) -> str | None:
    try:
        return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except (binascii.Error, ValueError):
        return None
