"""Values that no schema allows, and where in an object they can be put."""

from __future__ import annotations

from typing import Any

ODD: list[Any] = [
    *(None, "", "x", 0, -1, 3.5, True, 10**30, "²", "9" * 30, "2026-03-01T12:00:00Z"),
    *([], {}, [None], ["a", "a"], {"a": None}, [{}], [[]], {"name": []}, {"type": {}}),
]


def paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in an object, as the keys and indexes that lead there."""
    found = [path] if path else []
    if isinstance(value, dict):
        for key, each in value.items():
            found += paths(each, (*path, key))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            found += paths(each, (*path, index))
    return found


def replace(obj: dict[str, Any], path: tuple[Any, ...], value: Any) -> None:
    """Put a value in one place of an object."""
    at: Any = obj
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
