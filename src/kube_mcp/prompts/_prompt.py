"""How a prompt is declared and found: put a file in this folder and it exists."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import msgspec

from kube_mcp.errors import InputError, suggest
from kube_mcp.folders import declared


class PromptArgs(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Base of a prompt's arguments: all text, each described by its ``Meta``.

    Arguments called ``namespace``, ``kind``, ``name`` or ``cluster`` are completed from the
    cluster while somebody types them.
    """


@dataclass(frozen=True, slots=True)
class PromptArgument:
    """One argument as clients see it."""

    name: str
    description: str
    required: bool


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt, ready to be listed and filled in. ``description`` is for the person choosing."""

    name: str
    title: str
    description: str
    arguments: tuple[PromptArgument, ...]
    args: type[PromptArgs]
    write: Callable[[Any], str]

    def fill_in(self, given: Mapping[str, str] | None) -> str:
        """The text for these arguments.

        Raises `InputError` naming the argument that is missing or not one of the prompt's.
        """
        # A form that was left empty sends empty strings.
        values = {key: value.strip() for key, value in (given or {}).items() if value.strip()}
        known = [argument.name for argument in self.arguments]
        for key in values:
            if key not in known:
                raise InputError(
                    f"The prompt {self.name} has no argument '{key[:80]}'.",
                    hint=suggest(key, known) or f"It takes: {', '.join(known) or 'none'}.",
                )
        for argument in self.arguments:
            if argument.required and argument.name not in values:
                raise InputError(f"The prompt {self.name} needs the argument '{argument.name}'.")
        try:
            return self.write(msgspec.convert(values, type=self.args, strict=False))
        except msgspec.ValidationError as error:
            text, _, where = str(error).partition(" - at `$.")
            raise InputError(f"{self.name}: {where.strip('`')}: {text}.") from error


A = TypeVar("A", bound=PromptArgs)


def prompt(*, title: str) -> Callable[[Callable[[A], str]], Prompt]:
    """Declare the one prompt of a file: name from the function, description from its docstring."""

    def declare(write: Callable[[A], str]) -> Prompt:
        first = next(iter(inspect.signature(write).parameters.values()))
        args = write.__globals__[str(first.annotation)]
        return Prompt(
            name=write.__name__,
            title=title,
            description=inspect.cleandoc(write.__doc__ or ""),
            arguments=tuple(_arguments(args)),
            args=args,
            write=cast("Callable[[Any], str]", write),
        )

    return declare


def _arguments(args: type[PromptArgs]) -> list[PromptArgument]:
    _, components = msgspec.json.schema_components((args,), ref_template="{name}")
    schema = components[args.__name__]
    required = schema.get("required", ())
    return [
        PromptArgument(name, str(field.get("description", "")), name in required)
        for name, field in schema["properties"].items()
    ]


def discover() -> tuple[Prompt, ...]:
    """Every prompt in this folder, by name. A file that declares none is a programming error."""
    import kube_mcp.prompts as package

    return tuple(sorted(declared(package, Prompt), key=lambda each: each.name))
