"""How a tool is declared and found: put a file in this folder and it exists."""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, cast

import msgspec

from kube_mcp.errors import InputError, suggest
from kube_mcp.folders import declared
from kube_mcp.redaction.characters import clean_text
from kube_mcp.tools._schema import lean_schema

if TYPE_CHECKING:
    from kube_mcp.tools._call import Call


_SURROGATE = re.compile("[\ud800-\udfff]")

#: No argument is longer than this, cursors included. What is quoted in an answer stays bounded.
MAX_TEXT_CHARS = 2_000


class ToolArgs(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Base of every tool's arguments: a field is a parameter, its ``Meta`` is the schema text."""


@dataclass(frozen=True, slots=True)
class Need:
    """One thing a tool must be allowed to read: the source of the printed RBAC role.

    ``optional`` marks what a tool can work without (it says what is missing).
    """

    resource: str
    group: str = ""
    verbs: tuple[str, ...] = ("get", "list")
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool, ready to be listed and called.

    ``toolset`` is the unit an operator opens per scope or group. ``description`` is what the model
    reads: when to use it, and which tool comes next.
    """

    name: str
    title: str
    description: str
    toolset: str
    needs: tuple[Need, ...]
    args: type[ToolArgs]
    run: Callable[[Any, Call], Awaitable[str]]
    schema: dict[str, Any]

    def parse(self, arguments: dict[str, Any] | None) -> ToolArgs:
        """The arguments as a checked value.

        Numbers and booleans written as text are taken, because models write them so.
        Raises `InputError` naming the argument, with the nearest known name for a misspelt one.
        """
        given = {key: value for key, value in (arguments or {}).items() if value is not None}
        known = tuple(self.schema.get("properties", {}))
        for key, value in given.items():
            if key not in known:
                shown = str(key)[:60]
                raise InputError(
                    f"{self.name} has no argument '{shown}'.",
                    hint=suggest(shown, known) or f"It takes: {', '.join(known) or 'none'}.",
                )
            for text in value if isinstance(value, list | tuple) else (value,):
                if isinstance(text, str):
                    self._check_text(key, text)
        for key in self.schema.get("required", ()):
            if key not in given:
                raise InputError(f"{self.name} needs the argument '{key}'.")
        try:
            return msgspec.convert(given, type=self.args, strict=False)
        except msgspec.ValidationError as error:
            raise InputError(f"{self.name}: {_in_words(str(error))}") from error

    def _check_text(self, key: str, text: str) -> None:
        if len(text) > MAX_TEXT_CHARS:
            raise InputError(
                f"{self.name}: {key} has {len(text):,} characters, and at most "
                f"{MAX_TEXT_CHARS:,} are read."
            )
        # Nothing in a cluster is called so, and a text that shows as another fools its reader.
        if clean_text(text) != text or _SURROGATE.search(text):
            odd = next(char for char in text if clean_text(char) != char or _SURROGATE.match(char))
            raise InputError(
                f"{self.name}: {key} contains the character {odd!a}, which cannot be seen.",
                hint="Write it as plain text.",
            )


def _in_words(problem: str) -> str:
    """msgspec's ``Expected `int` <= 500 - at `$.limit``` as ``limit: expected `int` <= 500.``"""
    text, _, where = problem.partition(" - at `$")
    name = where.strip("`").lstrip(".")
    text = text[:1].lower() + text[1:]
    return f"{name}: {text}." if name else f"{text}."


A = TypeVar("A", bound=ToolArgs)


def tool(
    *, title: str, toolset: str = "core", needs: Sequence[Need] = ()
) -> Callable[[Callable[[A, Call], Awaitable[str]]], Tool]:
    """Declare the one tool of a file: name from the function, description from its docstring."""

    def declare(run: Callable[[A, Call], Awaitable[str]]) -> Tool:
        # Annotations are text here (``from __future__ import annotations``), so look the first
        # parameter's type up where the function was written.
        first = next(iter(inspect.signature(run).parameters.values()))
        args = run.__globals__[str(first.annotation)]
        return Tool(
            name=run.__name__,
            title=title,
            description=inspect.cleandoc(run.__doc__ or ""),
            toolset=toolset,
            needs=tuple(needs),
            args=args,
            run=cast("Callable[[Any, Call], Awaitable[str]]", run),
            schema=lean_schema(args),
        )

    return declare


def discover() -> tuple[Tool, ...]:
    """Every tool in this folder, by name. A file that declares none is a programming error."""
    import kube_mcp.tools as package

    return tuple(sorted(declared(package, Tool), key=lambda each: each.name))
