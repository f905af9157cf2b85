"""What was read of a cluster at one moment, indexed, and what could not be read, and why.

Silence is impossible: asking for a kind that could not be read raises, so a check can never take
"I may not look" for "there is nothing".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from kube_mcp.objects import Obj, Ref, dig_str


class Unreadable(LookupError):
    """A kind was asked for that could not be read, or was never asked of the cluster."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(f"{kind}: {reason}")
        self.kind = kind
        self.reason = reason


@dataclass(frozen=True, slots=True)
class LogTail:
    """The last lines of one container's log, oldest first; ``previous`` is the run before."""

    lines: tuple[str, ...]
    previous: bool


@dataclass
class Scene:
    """One reading of a cluster, a namespace, or what surrounds one object.

    ``kinds`` maps a kind's key (``Pod``; ``Kustomization.kustomize.toolkit.fluxcd.io`` for kinds
    outside the built-in groups) to its objects. ``unreadable`` maps a kind's key to why it is
    missing, as half a sentence ("may not list pods in shop"). ``absent`` are kinds that this
    cluster does not serve: that is an answer, not a gap. ``namespace`` is empty for a cluster.
    ``logs`` are keyed by (namespace, pod, container).
    """

    now: datetime
    namespace: str = ""
    kinds: Mapping[str, Sequence[Obj]] = field(default_factory=dict)
    unreadable: Mapping[str, str] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    logs: Mapping[tuple[str, str, str], LogTail] = field(default_factory=dict)
    _by_name: dict[str, dict[tuple[str, str], Obj]] = field(default_factory=dict, repr=False)

    def can_see(self, kind: str) -> bool:
        """Whether `all` has an answer for this kind."""
        return kind in self.kinds or kind in self.absent

    def why_not(self, kind: str) -> str:
        """Why `can_see` is false, as half a sentence."""
        return self.unreadable.get(kind, "was not read")

    def all(self, kind: str) -> Sequence[Obj]:
        """Every object of the kind, in the order read. Raises `Unreadable`."""
        if kind in self.kinds:
            return self.kinds[kind]
        if kind in self.absent:
            return ()
        raise Unreadable(kind, self.why_not(kind))

    def inside(self, kind: str, namespace: str) -> Iterable[Obj]:
        """Every object of the kind in one namespace. Raises `Unreadable`."""
        return (obj for obj in self.all(kind) if dig_str(obj, "metadata", "namespace") == namespace)

    def get(self, kind: str, namespace: str, name: str) -> Obj | None:
        """The object, or None if there is none of that name. Raises `Unreadable`."""
        index = self._by_name.get(kind)
        if index is None:
            index = {
                (dig_str(obj, "metadata", "namespace"), dig_str(obj, "metadata", "name")): obj
                for obj in self.all(kind)
            }
            self._by_name[kind] = index
        return index.get((namespace, name))

    def find(self, ref: Ref) -> Obj | None:
        """`get` by reference. Raises `Unreadable`."""
        return self.get(ref.kind, ref.namespace, ref.name)
