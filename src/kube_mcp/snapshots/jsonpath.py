"""The part of JSONPath that a CustomResourceDefinition's printer columns may use.

Kubernetes' dialect is not the one of RFC 9535 (no ``$``, ``\\.`` escapes a dot in a key, and a
filter compares with one value), so the libraries for that read these paths wrongly.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

Step = str | int | tuple[tuple[str, ...], str, Any]

_KEY = re.compile(r"\.((?:\\.|[^.\[\\])+)")
_QUOTED = re.compile(r"\[\s*(?:'((?:\\.|[^'\\])*)'|\"((?:\\.|[^\"\\])*)\")\s*\]")
_INDEX = re.compile(r"\[\s*(-?[0-9]+|\*)\s*\]")
_FILTER = re.compile(
    r"\[\?\(\s*@((?:\.(?:\\.|[^.\[\\=!<>\s)])+)+)\s*(==|!=)\s*"
    r"(?:'((?:\\.|[^'\\])*)'|\"((?:\\.|[^\"\\])*)\"|(true|false|-?[0-9.]+))\s*\)\s*\]"
)


def first(path: str, obj: object) -> Any:
    """The first value at ``path``, or None: nothing is there, or the path is not understood."""
    steps = _steps(path)
    if steps is None:
        return None
    found: list[Any] = [obj]
    for step in steps:
        found = [value for each in found for value in _take(each, step)]
    return found[0] if found else None


@lru_cache(maxsize=1024)
def _steps(path: str) -> tuple[Step, ...] | None:
    rest = path if path.startswith((".", "[")) else f".{path}"
    steps: list[Step] = []
    while rest:
        if match := _KEY.match(rest):
            key = _unescaped(match[1])
            steps.append("*" if match[1] == "*" else key)
        elif match := _QUOTED.match(rest):
            steps.append(_unescaped(match[1] if match[1] is not None else match[2]))
        elif match := _INDEX.match(rest):
            steps.append("*" if match[1] == "*" else int(match[1]))
        elif match := _FILTER.match(rest):
            keys = tuple(_unescaped(part) for part in re.findall(_KEY, match[1]))
            text = match[3] if match[3] is not None else match[4]
            steps.append((keys, match[2], _unescaped(text) if text is not None else match[5]))
        else:
            return None
        rest = rest[match.end() :]
    return tuple(steps)


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _take(value: object, step: Step) -> Sequence[Any]:
    if isinstance(value, Mapping):
        if step == "*":
            return list(value.values())
        return [value[step]] if isinstance(step, str) and step in value else []
    if not isinstance(value, Sequence) or isinstance(value, str | bytes):
        return []
    if step == "*":
        return value
    if isinstance(step, int):
        return [value[step]] if -len(value) <= step < len(value) else []
    return [each for each in value if isinstance(step, tuple) and _passes(each, *step)]


def _passes(value: object, keys: tuple[str, ...], operator: str, wanted: str) -> bool:
    found: Any = value
    for key in keys:
        if not isinstance(found, Mapping) or key not in found:
            return False
        found = found[key]
    text = str(found).lower() if isinstance(found, bool) else str(found)
    return (text == wanted) == (operator == "==")
