"""The file is the registration: what a folder of modules declares, without a list to keep."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from types import ModuleType
from typing import TypeVar

T = TypeVar("T")


def modules(package: ModuleType) -> Iterator[ModuleType]:
    """Every module of a package but those whose name begins with ``_``."""
    for found in pkgutil.iter_modules(package.__path__):
        if not found.name.startswith("_"):
            yield importlib.import_module(f"{package.__name__}.{found.name}")


def declared(package: ModuleType, what: type[T]) -> list[T]:
    """The one thing each file declares under its own name.

    Raises `TypeError` for a file that declares none: that is a mistake in the program.
    """
    found: list[T] = []
    for module in modules(package):
        name = module.__name__.rpartition(".")[2]
        thing = getattr(module, name, None)
        if not isinstance(thing, what):
            raise TypeError(f"{module.__name__} declares no {what.__name__} called '{name}'")
        found.append(thing)
    return found
