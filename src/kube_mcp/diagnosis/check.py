"""How a check is declared and found: put a file in ``checks/`` and it exists."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from kube_mcp.diagnosis.finding import Finding
from kube_mcp.folders import declared
from kube_mcp.objects import Obj
from kube_mcp.scene import Scene

#: Declared by a check that looks at every kind of custom resource which happened to be read.
ANY_CUSTOM_KIND = "*"

Looks = Callable[[Obj, Scene], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Check:
    """One check. ``code`` names the condition it finds.

    ``kinds`` are the keys of the kinds it is run over; ``needs`` are further kinds without which
    it says nothing, ``optional`` ones without which it only says less. ``among`` narrows the
    objects to those that could be of interest, once for all checks that share it.
    """

    code: str
    kinds: tuple[str, ...]
    needs: frozenset[str]
    optional: frozenset[str]
    doc: str
    look: Looks
    among: Callable[[Scene], Sequence[Obj]] | None = None

    @property
    def condition(self) -> str:
        """The condition it finds, as one sentence."""
        return self.doc.split("\n", 1)[0].strip()


def check(
    *kinds: str,
    needs: Sequence[str] = (),
    optional: Sequence[str] = (),
    among: Callable[[Scene], Sequence[Obj]] | None = None,
) -> Callable[[Looks], Check]:
    """Declare the one check of a file: code from the function's name, documentation from its text."""

    def declare(look: Looks) -> Check:
        return Check(
            code=look.__name__.replace("_", "-"),
            kinds=kinds,
            needs=frozenset(needs),
            optional=frozenset(optional),
            doc=inspect.cleandoc(look.__doc__ or ""),
            look=look,
            among=among,
        )

    return declare


@lru_cache(maxsize=1)
def all_checks() -> tuple[Check, ...]:
    """Every check in ``checks/``, by code. A file that declares none is a programming error."""
    import kube_mcp.diagnosis.checks as package

    return tuple(sorted(declared(package, Check), key=lambda each: each.code))


def needs(checks: Iterable[Check]) -> frozenset[str]:
    """The keys of every kind that these checks read, optional ones included."""
    return frozenset().union(
        *(frozenset(each.kinds) | each.needs | each.optional for each in checks)
    ) - {ANY_CUSTOM_KIND}
