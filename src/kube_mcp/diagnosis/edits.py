"""``managedFields``: who last wrote an object, with which tool, when, and which fields are theirs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kube_mcp.diagnosis.phrases import listed
from kube_mcp.objects import Obj, dig, dig_list, dig_map, dig_str
from kube_mcp.words.times import parse_time

#: Where `keep_history` puts its summary: managed fields themselves are large, and are dropped.
EDITS = "edits"

# Keys of lists are values of fields. These name something; those of others are left out.
_NAMING = frozenset({
    "name", "mountPath", "containerPort", "port", "key", "ip", "type", "topologyKey", "protocol",
    "devicePath", "host", "path", "kind", "namespace",
})  # fmt: skip
_KEYED = re.compile(r'^k:\{"([^"]+)":("?)([^"},]{1,80})\2[,}]')
_MOST_FIELDS = 40
_DEEPEST = 8
# What every template has: worth no word where there is anything else.
_TEMPLATE = "spec.template."


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
    """The object's managed fields as a short list: writer, time, operation, owned paths.

    Paths hold names of fields and of list items, never a value.
    """
    found = []
    for each in dig_list(obj, "metadata", "managedFields"):
        through = dig_str(each, "subresource")
        # What a controller keeps reporting is no edit; the conditions tell of it.
        if not dig_str(each, "time") or through == "status":
            continue
        paths = sorted(set(_paths(dig_map(each, "fieldsV1"), "", 0)), key=_spec_first)
        if not (kept := [path for path in paths if not path.startswith("status")]):
            continue
        found.append(
            {
                "by": dig_str(each, "manager"),
                "at": dig_str(each, "time"),
                "operation": dig_str(each, "operation"),
                "through": through,
                "fields": kept[:_MOST_FIELDS],
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


def writes_template(edit: Edit) -> bool:
    """Whether any of the writer's fields are in the pod template, so that it starts rollouts."""
    return any(f"{path}.".startswith(_TEMPLATE) for path in edit.fields)


def field_words(paths: Iterable[str], *, most: int = 5) -> str:
    """Paths with their common ends folded: ten fields of one container are that container's.

    ``replicas, containers[web] (image, env), labels`` and so on.
    """
    folded: dict[str, dict[str, None]] = {}
    for path in paths:
        short = path.removeprefix("spec.template.").removeprefix("metadata.").removeprefix("spec.")
        head, bracket, rest = short.partition("]")
        if bracket:
            inner = rest.lstrip(".").partition(".")[0].partition("[")[0]
            folded.setdefault(f"{head}]", {})[inner] = None
        else:
            folded.setdefault(".".join(short.split(".")[:2]), {})
    words = []
    for head, inner_names in folded.items():
        inner = listed([each for each in inner_names if each not in ("", "name")], most=4)
        words.append(head if inner == "none" else f"{head} ({inner})")
    return listed(words, most=most)


def _spec_first(path: str) -> tuple[int, str]:
    return (0 if path.startswith(("spec", "data")) else 1, path)


def _paths(fields: Mapping[str, Any], path: str, depth: int) -> Iterator[str]:
    # ``v:`` keys hold the values of a list themselves.
    children = {
        key: value for key, value in fields.items() if key != "." and not str(key).startswith("v:")
    }
    if not children or depth > _DEEPEST:
        if path:
            yield path
        return
    for key, value in children.items():
        yield from _paths(dig_map(value), f"{path}{_step(str(key), first=not path)}", depth + 1)


def _step(key: str, *, first: bool) -> str:
    if key.startswith("f:"):
        return key[2:] if first else f".{key[2:]}"
    found = _KEYED.match(key)
    if found and found[1] in _NAMING:
        return f"[{found[3]}]"
    return "[]"
