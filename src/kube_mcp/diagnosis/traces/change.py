"""One thing that happened, and the few facts about times that every trace needs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kube_mcp.objects import Obj, Ref, dig
from kube_mcp.words.times import parse_time

#: What a controller writes within this long of an object's creation belongs to its making.
MAKING_S = 5.0


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that happened to one object.

    ``at`` is when it happened, or happened first; ``last`` when it happened for the last time,
    where it was repeated ``count`` times. ``by`` is who wrote it, where that is known. ``sort`` is
    ``rollout``, ``edit``, ``gitops``, ``helm``, ``scaling``, ``made``, ``deleted``, ``pods``,
    ``job``, ``condition``, ``restart`` or ``event``. ``bad`` marks what is trouble rather than a
    change. ``refs`` are all objects it happened to, ``ref`` among them. ``fold`` is the same for
    changes that may be told in one line.
    """

    at: datetime
    ref: Ref
    sort: str
    what: str
    by: str = ""
    details: tuple[str, ...] = ()
    bad: bool = False
    count: int = 1
    last: datetime | None = None
    refs: tuple[Ref, ...] = ()
    fold: str = ""

    @property
    def until(self) -> datetime:
        """When it happened for the last time."""
        return self.last or self.at

    @property
    def everything(self) -> tuple[Ref, ...]:
        """Every object it happened to."""
        return self.refs or (self.ref,)


def made_at(obj: Obj) -> datetime | None:
    """When the object was created."""
    return parse_time(dig(obj, "metadata", "creationTimestamp"))


def seconds_between(one: datetime | None, other: datetime | None) -> float:
    """How far apart two moments are; endless where one is not known."""
    if one is None or other is None:
        return float("inf")
    return abs((one - other).total_seconds())
