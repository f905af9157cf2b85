"""Kubernetes objects from YAML and JSON text, of which nothing may be trusted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import orjson
import yaml

from kube_mcp.objects import dig_list, dig_str

# Anchors may be repeated in good faith; a file that grows more than this when they are resolved
# is built to exhaust memory ("billion laughs").
_MOST_GROWTH = 20
_ALWAYS_ALLOWED = 10_000

# The deepest types, CustomResourceDefinitions, nest some 60 levels. libyaml builds objects by
# recursion in C: thousands of levels end the process.
_DEEPEST = 200


class Unparsable(ValueError):
    """The text is neither YAML nor JSON, or is made to be expensive."""


class _Loader(yaml.CSafeLoader):
    """Reads timestamps as the text they are: an API server's JSON has no other."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


def parse(name: str, data: bytes) -> list[Any]:
    """The documents in a file: one for ``.json``, one a line for ``.jsonl``, any for YAML.

    Raises `Unparsable`.
    """
    try:
        if name.endswith(".jsonl"):
            return [orjson.loads(line) for line in data.splitlines() if line.strip()]
        if name.endswith(".json"):
            return [orjson.loads(data)]
        _check_depth(data)
        budget = _Budget(_ALWAYS_ALLOWED + _MOST_GROWTH * len(data))
        documents = yaml.load_all(data, Loader=_Loader)
        return [_plain(one, budget) for one in documents if one is not None]
    except (ValueError, yaml.YAMLError, RecursionError) as problem:
        raise Unparsable(f"{name}: {problem}") from problem


def objects_in(document: Any) -> Iterator[dict[str, Any]]:
    """The Kubernetes objects of a document: itself, or a list's items; nothing for anything else.

    Items of an API server's own lists carry neither kind nor version; they get the list's.
    """
    if not isinstance(document, dict):
        return
    kind, version = dig_str(document, "kind"), dig_str(document, "apiVersion")
    if kind.endswith("List") and "items" in document:
        for item in dig_list(document, "items"):
            if not isinstance(item, dict):
                continue
            if kind == "List" or dig_str(item, "kind"):
                yield from objects_in(item)
            else:
                yield {"apiVersion": version, "kind": kind.removesuffix("List"), **item}
    elif kind and version and dig_str(document, "metadata", "name"):
        yield document


def _check_depth(data: bytes) -> None:
    depth = 0
    for event in yaml.parse(data, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > _DEEPEST:
                raise ValueError(f"it nests deeper than {_DEEPEST} levels")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


class _Budget:
    def __init__(self, nodes: int) -> None:
        self.left = nodes

    def spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise ValueError("its anchors expand to far more than the file holds")


def _plain(value: Any, budget: _Budget) -> Any:
    """The value with text keys and no shared parts, as JSON would have it."""
    budget.spend()
    if isinstance(value, dict):
        return {_key(key): _plain(item, budget) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, budget) for item in value]
    if isinstance(value, datetime | date):
        return value.isoformat()
    if value is None or isinstance(value, str | int | float | bool):
        return value
    return str(value)


def _key(key: Any) -> str:
    if isinstance(key, bool):
        return str(key).lower()
    if key is None:
        return "null"
    return key if isinstance(key, str) else str(key)
