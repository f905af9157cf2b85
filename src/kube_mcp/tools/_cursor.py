"""Cursors: where the next page of an answer starts, in a form only this server reads.

Any replica can take any cursor: it holds the place, never a session. The list is read afresh for
every page, so a cursor names the last row shown and goes on after it even where rows came and went.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from kube_mcp.errors import InputError


@dataclass(frozen=True, slots=True)
class Place:
    """The last row of a page: how many rows came before, and which one it was."""

    offset: int
    last: str


def digest(*parts: object) -> str:
    """What a query was, short: a cursor must not be taken for another query's."""
    return hashlib.sha256(orjson.dumps([str(part) for part in parts])).hexdigest()[:12]


def encode(place: Place, query: str) -> str:
    """The cursor as text."""
    raw = orjson.dumps([query, place.offset, place.last])
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode(cursor: str, query: str) -> Place | None:
    """The place a cursor names, or None for an empty one.

    Raises `InputError` for a cursor that is not one, or belongs to another query.
    """
    if not cursor:
        return None
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        given, offset, last = orjson.loads(raw)
        place = Place(int(offset), str(last))
    except (binascii.Error, ValueError, TypeError) as error:
        raise InputError(
            f"'{cursor[:40]}' is not a cursor.", hint="Copy it whole from the previous answer."
        ) from error
    if given != query:
        raise InputError(
            "The cursor belongs to another query.",
            hint="Repeat the call with the same arguments, or leave the cursor out to start again.",
        )
    return place


def start_after(place: Place | None, rows: Sequence[str]) -> int:
    """The index at which the next page starts among rows named by ``rows``."""
    if place is None:
        return 0
    # The row is looked for near its old place first: rows were added or removed before it.
    if 0 < place.offset <= len(rows) and rows[place.offset - 1] == place.last:
        return place.offset
    try:
        return rows.index(place.last) + 1
    except ValueError:
        return max(0, min(place.offset, len(rows)))
