"""Field paths such as ``.spec.containers[*].image``: parsed once, read from many objects."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kube_mcp.errors import InputError
from kube_mcp.objects import dig_map
from kube_mcp.render.yaml import yaml_text

#: Pod specs live at different depths in different kinds; images are asked for in all of them.
_POD_SPECS: tuple[tuple[str, ...], ...] = (
    ("spec",),
    ("spec", "template", "spec"),
    ("spec", "jobTemplate", "spec", "template", "spec"),
)
_CONTAINERS = ("initContainers", "containers", "ephemeralContainers")

_STEP = re.compile(
    r"""\.?(?P<key>[A-Za-z_][\w\-]*)        # .key
      |\[(?P<index>-?\d{1,6}|\*)\]          # [0] or [*]
      |\['(?P<quoted>[^']{1,300})'\]        # ['key.with/anything']
      |\["(?P<double>[^"]{1,300})"\]
    """,
    re.VERBOSE,
)

#: Columns that are in no table, by the names they have here.
COMPUTED = ("images", "labels", "annotations")
#: Beside a `value`, what it is the value of.
_TELLING = ("name", "key")

Step = str | int | None


@dataclass(frozen=True, slots=True)
class Field:
    """One path, or one of the named shorthands. ``None`` as a step means every element."""

    text_form: str
    steps: tuple[Step, ...]

    def values(self, obj: object) -> list[Any]:
        """Every value at the path; none where it leads nowhere."""
        if self.text_form == "images":
            return images(obj)
        return _walk(obj, self.steps)

    def text(self, obj: object) -> str | None:
        """The values as one cell, or None where there is none."""
        found = self.values(obj)
        if not found:
            return None
        return ",".join(_scalar(each) for each in found)

    def keep(self, obj: Mapping[str, Any]) -> dict[str, Any]:
        """The part of the object around the path, two levels deep.

        Not less, and with the name of a pair: whether a value is a secret is often said by what
        stands beside it.
        """
        if self.text_form == "images":
            return {key: obj[key] for key in ("spec",) if key in obj}
        first = self.steps[0] if self.steps else None
        if not isinstance(first, str) or first not in obj:
            return {}
        second = self.steps[1] if len(self.steps) > 1 else None
        below = obj[first]
        told = {key: obj[key] for key in _TELLING if key in obj}
        if isinstance(second, str) and isinstance(below, Mapping):
            wanted = (second, *_TELLING)
            return told | {first: {key: below[key] for key in wanted if key in below}}
        return told | {first: below}


def is_field(column: str) -> bool:
    """Whether a column is read from the object rather than from the server's table."""
    return (
        column.lower() in COMPUTED
        or column.startswith((".", "label:", "annotation:"))
        or "." in column
        or "[" in column
    )


def parse_field(text: str) -> Field:
    """A column or path as a `Field`. Raises `InputError` quoting where it stops making sense."""
    lowered = text.lower()
    if lowered == "images":
        return Field("images", ())
    if lowered in {"labels", "annotations"}:
        return Field(lowered, ("metadata", lowered))
    for prefix, where in (("label:", "labels"), ("annotation:", "annotations")):
        if text.startswith(prefix):
            return Field(text, ("metadata", where, text[len(prefix) :]))
    steps: list[Step] = []
    at = 0
    rest = text.strip().removeprefix("$").strip("{}")
    while at < len(rest):
        match = _STEP.match(rest, at)
        if match is None or match.end() == at:
            raise InputError(
                f"'{text}' is not a field path: it stops making sense at '{rest[at:][:30]}'.",
                hint="Write it like .spec.nodeName, .spec.containers[*].image or "
                ".metadata.annotations['a.b/c'].",
            )
        if match["index"] is not None:
            steps.append(None if match["index"] == "*" else int(match["index"]))
        else:
            steps.append(match["key"] or match["quoted"] or match["double"])
        at = match.end()
    if not steps:
        raise InputError(f"'{text}' is not a field path.", hint="Write it like .spec.nodeName.")
    return Field(text, tuple(steps))


def images(obj: object) -> list[str]:
    """Every image of an object's pod spec, wherever that is, each once."""
    found: list[str] = []
    for path in _POD_SPECS:
        spec = dig_map(obj, *path)
        for group in _CONTAINERS:
            for container in spec.get(group) or ():
                image = container.get("image") if isinstance(container, Mapping) else None
                if isinstance(image, str) and image not in found:
                    found.append(image)
    return found


def _walk(value: object, steps: Sequence[Step]) -> list[Any]:
    found: list[Any] = [value]
    for step in steps:
        below: list[Any] = []
        for each in found:
            if isinstance(step, str):
                if isinstance(each, Mapping) and step in each:
                    below.append(each[step])
                elif isinstance(each, list):  # `.containers.image` means every container's
                    below += [one[step] for one in each if isinstance(one, Mapping) and step in one]
            elif isinstance(each, list):
                if step is None:
                    below += each
                elif -len(each) <= step < len(each):
                    below.append(each[step])
            elif step is None and isinstance(each, Mapping):
                below += each.values()
        found = below
    return [each for each in found if each is not None]


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        if all(isinstance(each, str | int | float) for each in value.values()):
            return ",".join(f"{key}={each}" for key, each in value.items())
        return yaml_text(value).strip().replace("\n", "; ")
    if isinstance(value, list):
        return ",".join(_scalar(each) for each in value)
    return str(value)
