"""What differs between two pod templates, or any two pieces of JSON, in words a person reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kube_mcp.diagnosis.phrases import quote
from kube_mcp.objects import dig_map, dig_str

# What identifies an item of a list, so that one inserted container is one difference.
_KEYS = ("name", "mountPath", "containerPort", "port", "key", "ip", "topologyKey")
# Set by controllers at every rollout; never what somebody changed.
_NOISE = (
    "metadata.labels.pod-template-hash",
    "metadata.labels.controller-revision-hash",
    "metadata.creationTimestamp",
)
_LONGEST_VALUE = 80


def differences(old: object, new: object) -> list[str]:
    """Each difference as one line: ``containers[web].image: v1 → v2``, ``+ …``, ``- …``.

    Items of lists are told apart by their name (or mount path, port), so order means nothing.
    """
    before, after = dict(_flat(old, "")), dict(_flat(new, ""))
    lines = []
    for path in dict.fromkeys([*before, *after]):
        if path in _NOISE or before.get(path) == after.get(path):
            continue
        name = path.removeprefix("spec.")
        if path not in before:
            lines.append(f"+ {name}: {_value(after[path])}")
        elif path not in after:
            lines.append(f"- {name}: {_value(before[path])}")
        else:
            lines.append(f"{name}: {_value(before[path])} → {_value(after[path])}")
    return sorted(lines, key=_rank)


def _rank(line: str) -> tuple[int, str]:
    """Images that changed first, then the rest by path: a new image is what people look for."""
    return (0 if ".image:" in line and "→" in line else 1, line.lstrip("+- "))


def _flat(value: object, path: str) -> Iterator[tuple[str, object]]:
    # A JSON document of an API server is never this deep; a hostile one is cut here.
    if path.count(".") + path.count("[") > 24:
        yield path, "…"
    elif isinstance(value, Mapping):
        named = dig_str(value, "name")
        if set(value) == {"name", "value"} and named:
            yield path, value["value"]
            return
        for key, each in value.items():
            yield from _flat(each, f"{path}.{key}" if path else str(key))
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        keys = [_key(each) for each in value]
        distinct = all(keys) and len(set(keys)) == len(keys)
        if not distinct and all(not isinstance(each, Mapping | list) for each in value):
            yield path, " ".join(str(each) for each in value)
            return
        for index, each in enumerate(value):
            yield from _flat(each, f"{path}[{keys[index] if distinct else index}]")
    elif value is not None:
        yield path, value


def _key(item: object) -> str:
    for key in _KEYS:
        value = dig_map(item).get(key)
        if isinstance(value, str | int) and not isinstance(value, bool):
            return str(value)
    return ""


def _value(value: object) -> str:
    text: Any = ("true" if value else "false") if isinstance(value, bool) else value
    return quote(str(text), most=_LONGEST_VALUE)
