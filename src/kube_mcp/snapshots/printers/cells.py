"""What the printers share: columns, ages, selectors as text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kube_mcp.objects import Obj, dig, dig_list, dig_map, dig_str
from kube_mcp.words.times import human, parse_time

NONE = "<none>"
UNSET = "<unset>"

Cell = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Column:
    """One column; ``priority`` 1 is shown by ``-o wide`` only."""

    name: str
    type: str = "string"
    format: str = ""
    priority: int = 0
    description: str = ""


@dataclass(frozen=True, slots=True)
class Printer:
    """A kind's columns, and the cells of one object as seen at a moment."""

    columns: tuple[Column, ...]
    cells: Callable[[Obj, datetime], list[Cell]]


NAME = Column("Name", format="name")
AGE = Column("Age")


def columns(text: str) -> tuple[Column, ...]:
    """Columns written as ``Name, Ready, Desired:integer, IP*``: a star is a wide column."""
    found = []
    for word in text.split(","):
        name, _, kind = word.strip().rstrip("*").partition(":")
        wide = 1 if word.strip().endswith("*") else 0
        found.append(Column(name, kind or "string", "name" if name == "Name" else "", wide))
    return tuple(found)


def name(obj: Obj) -> str:
    """The object's name."""
    return dig_str(obj, "metadata", "name")


def since(value: object, now: datetime) -> str:
    """How long ago, as the API server prints it."""
    then = parse_time(value)
    if then is None:
        return "<unknown>"
    return span((now - then).total_seconds())


def span(seconds: float) -> str:
    """A span of time as the API server prints it; clocks may be a second apart."""
    return "<invalid>" if seconds <= -2 else human(max(0.0, seconds))


def age(obj: Obj, now: datetime) -> str:
    """How old the object is."""
    return since(dig(obj, "metadata", "creationTimestamp"), now)


def labels(value: object) -> str:
    """A plain map as text, in the order of its keys."""
    pairs = dig_map(value)
    return ",".join(f"{key}={pairs[key]}" for key in sorted(pairs)) or NONE


def selector(value: object) -> str:
    """A label selector as text, in the order of its keys."""
    terms = [(key, f"{key}={value}") for key, value in dig_map(value, "matchLabels").items()]
    for entry in dig_list(value, "matchExpressions"):
        key, values = dig_str(entry, "key"), ",".join(sorted(map(str, dig_list(entry, "values"))))
        match dig_str(entry, "operator"):
            case "In":
                terms.append((key, f"{key} in ({values})"))
            case "NotIn":
                terms.append((key, f"{key} notin ({values})"))
            case "Exists":
                terms.append((key, key))
            case "DoesNotExist":
                terms.append((key, f"!{key}"))
    return ",".join(text for _, text in sorted(terms)) or NONE


def containers(spec: object) -> tuple[str, str]:
    """The names and the images of a pod spec's containers."""
    found = dig_list(spec, "containers")
    names = ",".join(dig_str(one, "name") for one in found)
    return names, ",".join(dig_str(one, "image") for one in found)


def condition_is_true(obj: Obj, kind: str) -> bool:
    """Whether ``status.conditions`` has ``kind`` with status True."""
    return any(
        dig_str(one, "type") == kind and dig_str(one, "status") == "True"
        for one in dig_list(obj, "status", "conditions")
    )


def more(found: list[str], count: int, most: int, *, empty: str) -> str:
    """``a,b,c + 2 more...``"""
    if count > most:
        return f"{','.join(found[:most])} + {count - most} more..."
    return ",".join(found) or empty


def text(value: object, default: str) -> str:
    """Text, or what stands for a field that is not set."""
    return value if isinstance(value, str) else default


def boolean(value: object, default: bool) -> bool:
    """A bool, or the field's default."""
    return value if isinstance(value, bool) else default


def load_balancer(ingress: Iterable[Any]) -> str:
    """Addresses of a load balancer, sorted, each once."""
    found = {dig_str(one, "ip") or dig_str(one, "hostname") for one in ingress}
    return ",".join(sorted(found - {""}))


def name_and_age(obj: Obj, now: datetime) -> list[Cell]:
    """Cells of a kind of which no more is shown."""
    return [name(obj), age(obj, now)]


def mapping_size(obj: Mapping[str, Any], *fields: str) -> int:
    """How many keys these fields of the object have together."""
    return sum(len(dig_map(obj, field)) for field in fields)


def name_and_creation(obj: Obj, now: datetime) -> list[Cell]:
    """Cells of a kind for which the API server has no printer: a moment instead of an age."""
    return [name(obj), dig_str(obj, "metadata", "creationTimestamp")]


#: Kinds for which the API server has no printer of its own.
CREATED_AT = Printer((NAME, Column("Created At", "date")), name_and_creation)
NAME_AND_AGE = Printer((NAME, AGE), name_and_age)
