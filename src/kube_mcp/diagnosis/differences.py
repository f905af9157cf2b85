"""What differs between two pod templates, or any two pieces of JSON, in words a person reads."""

from __future__ import annotations

import re
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
_RESTARTED = "metadata.annotations.kubectl.kubernetes.io/restartedAt"
_LONGEST_VALUE = 80
_MOST_PARTS = 4
# A JSON document of an API server is never this deep; a hostile one is cut here.
_DEEPEST = 24
# Where credentials stand in a pod template. Masked, two of one length look the same.
_MAY_BE_MASKED = re.compile(r"\.env\[|\.args|\.command|annotations\.")
_ITEM = re.compile(r"\[[^\]]*\]")

#: Hash of a path to the hash of the value that stood there before it was masked.
Marks = Mapping[int, int]


def differences(
    old: object, new: object, *, old_marks: Marks | None = None, new_marks: Marks | None = None
) -> list[str]:
    """Each difference as one line: ``containers[web].image: v1 → v2``, ``+ …``, ``- …``.

    Items of lists are told apart by their name (or mount path, port), so order means nothing.
    Marks (`marks`) tell of values that changed behind their mask.
    """
    before, after = dict(_flat(old, "", 0)), dict(_flat(new, "", 0))
    lines = [
        *_one_sided("+", after, before),
        *_one_sided("-", before, after),
        *_changed(before, after, old_marks or {}, new_marks or {}),
    ]
    return sorted(lines, key=_rank)


def marks(template: object) -> dict[int, int]:
    """What tells, of a template that is not masked yet, whether a value in it changed later on.

    Numbers without meaning outside this process (Python salts its hashes), never shown.
    """
    return {
        hash(path): hash(str(value))
        for path, value in _flat(template, "", 0)
        if _MAY_BE_MASKED.search(path)
    }


def _changed(
    before: Mapping[str, object], after: Mapping[str, object], old: Marks, new: Marks
) -> Iterator[str]:
    for path, value in after.items():
        if path in _NOISE or path not in before:
            continue
        if path == _RESTARTED:
            if before[path] != value:
                yield _restarted(value)
        elif before[path] != value:
            yield f"{_name(path)}: {_value(before[path])} → {_after(before[path], value)}"
        elif hash(path) in old and hash(path) in new and old[hash(path)] != new[hash(path)]:
            yield f"{_name(path)}: {_value(value)} → another value, masked too"


def _one_sided(sign: str, here: Mapping[str, object], there: Mapping[str, object]) -> Iterator[str]:
    """What only one side has; a whole container, volume or variable as one line."""
    prefixes = {path[: found.end()] for path in there for found in _ITEM.finditer(path)}
    grouped: dict[str, dict[str, object]] = {}
    for path, value in here.items():
        if path in there or path in _NOISE:
            continue
        tops = (path[: found.end()] for found in _ITEM.finditer(path))
        top = next((each for each in tops if each not in prefixes), path)
        grouped.setdefault(top, {})[path[len(top) :].lstrip(".")] = value
    for top, parts in grouped.items():
        if top == _RESTARTED:
            if sign == "+":
                yield _restarted(parts[""])
            continue
        yield f"{sign} {_name(top)}: {_parts(parts)}"


def _after(old: object, new: object) -> str:
    """The new value; of an image in the same place its tag alone, as ``:1.4.2``."""
    if isinstance(old, str) and isinstance(new, str):
        repository, colon, tag = new.rpartition(":")
        same = old.rpartition(":")[0] == repository
        if colon and same and "/" in repository and tag and "/" not in tag and " " not in new:
            return _value(f":{tag}")
    return _value(new)


def _restarted(value: object) -> str:
    return f"restarted by kubectl rollout restart at {_value(value)}"


def _parts(parts: Mapping[str, object]) -> str:
    if "" in parts:
        return _value(parts[""])
    if "image" in parts:
        return f"image {_value(parts['image'])}"
    told = [f"{key} {_value(value)}" for key, value in parts.items() if key != "name"]
    if not told:
        return "added" if not parts else _value(next(iter(parts.values())))
    more = f" and {len(told) - _MOST_PARTS} more" if len(told) > _MOST_PARTS else ""
    return ", ".join(told[:_MOST_PARTS]) + more


def _name(path: str) -> str:
    return path.removeprefix("spec.")


def _rank(line: str) -> tuple[int, str]:
    """Images that changed first, then the rest by path: a new image is what people look for."""
    return (0 if ".image:" in line and "→" in line else 1, line.lstrip("+- "))


def _flat(value: object, path: str, depth: int) -> Iterator[tuple[str, object]]:
    if depth > _DEEPEST:
        yield path, "…"
    elif isinstance(value, Mapping):
        named = dig_str(value, "name")
        if named and set(value) == {"name", "value"} and _is_plain(value["value"]):
            yield path, value["value"]
            return
        for key, each in value.items():
            yield from _flat(each, f"{path}.{key}" if path else str(key), depth + 1)
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        keys = [_key(each) for each in value]
        distinct = all(keys) and len(set(keys)) == len(keys)
        if not distinct and all(_is_plain(each) for each in value):
            yield path, " ".join(str(each) for each in value)
            return
        for index, each in enumerate(value):
            yield from _flat(each, f"{path}[{keys[index] if distinct else index}]", depth + 1)
    elif value is not None:
        yield path, value


def _is_plain(value: object) -> bool:
    return not isinstance(value, Mapping | list)


def _key(item: object) -> str:
    for key in _KEYS:
        value = dig_map(item).get(key)
        if isinstance(value, str | int) and not isinstance(value, bool):
            return str(value)
    return ""


def _value(value: object) -> str:
    text: Any = ("true" if value else "false") if isinstance(value, bool) else value
    return quote(str(text), most=_LONGEST_VALUE)
