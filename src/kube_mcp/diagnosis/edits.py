"""``managedFields``: who last wrote an object, with which tool, when, and which fields are theirs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kube_mcp.objects import Obj, dig, dig_list, dig_map, dig_str
from kube_mcp.words.times import parse_time

#: Where `keep_history` puts its summary: managed fields themselves are large, and are dropped.
EDITS = "edits"

_KEYED = re.compile(r'^k:\{"[^"]+":("?)([^"}]*)\1')
_MOST_FIELDS = 30


@dataclass(frozen=True, slots=True)
class Edit:
    """One writer of an object. ``at`` is the last time it changed any of ``fields``.

    The fields are those that belong to it; the API server does not record which of them changed
    at that moment. ``through`` is the subresource it wrote through, such as ``status``.
    """

    by: str
    at: datetime
    operation: str
    through: str
    fields: tuple[str, ...]


def summary(obj: Obj) -> list[dict[str, Any]]:
    """The object's managed fields as a short list: writer, time, operation, owned paths."""
    found = []
    for each in dig_list(obj, "metadata", "managedFields"):
        if not dig_str(each, "time"):
            continue
        paths = sorted(set(_paths(dig_map(each, "fieldsV1"), "", 0)))
        found.append(
            {
                "by": dig_str(each, "manager"),
                "at": dig_str(each, "time"),
                "operation": dig_str(each, "operation"),
                "through": dig_str(each, "subresource"),
                "fields": [path for path in paths if not path.startswith("metadata.managed")][
                    :_MOST_FIELDS
                ],
            }
        )
    return found


def edits_of(obj: Obj) -> Iterator[Edit]:
    """The edits of an object that was kept with `summary` under `EDITS`."""
    for each in dig_list(obj, EDITS):
        moment = parse_time(dig(each, "at"))
        if moment is not None:
            yield Edit(
                dig_str(each, "by"),
                moment,
                dig_str(each, "operation"),
                dig_str(each, "through"),
                tuple(str(path) for path in dig_list(each, "fields")),
            )


def _paths(fields: Mapping[str, Any], path: str, depth: int) -> Iterator[str]:
    children = {key: value for key, value in fields.items() if key != "."}
    if not children or depth > 6:
        if path:
            yield path
        return
    for key, value in children.items():
        yield from _paths(dig_map(value), f"{path}{_step(key, first=not path)}", depth + 1)


def _step(key: str, *, first: bool) -> str:
    if key.startswith("f:"):
        return key[2:] if first else f".{key[2:]}"
    found = _KEYED.match(key)
    return f"[{found[2] if found else key[2:]}]"
