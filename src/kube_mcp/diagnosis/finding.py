"""What a check says: one fact about one object, with its evidence and what to do next."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import IntEnum

from kube_mcp.objects import Ref


class Severity(IntEnum):
    """How bad it is, whoever is sure of it or not."""

    INFO = 1
    WARNING = 2
    CRITICAL = 3

    def __str__(self) -> str:
        return self.name.lower()


class Confidence(IntEnum):
    """How sure the check is: fields that say it outright, a strong sign, or a guess."""

    POSSIBLE = 1
    LIKELY = 2
    CERTAIN = 3

    def __str__(self) -> str:
        return self.name.lower()


INFO, WARNING, CRITICAL = Severity.INFO, Severity.WARNING, Severity.CRITICAL
POSSIBLE, LIKELY, CERTAIN = Confidence.POSSIBLE, Confidence.LIKELY, Confidence.CERTAIN

#: A field's path and the value found there. Both are text, so that nothing of the object is kept.
Evidence = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact about one object.

    ``title`` states the fact with its values; ``evidence`` proves it; ``next`` is one imperative
    sentence. ``since`` is when it began, where the cluster says so.

    ``part`` tells findings of one object apart (a container's name) and is the unit that is
    counted when the pods of one workload share a fate. ``workload`` is what those pods belong to.

    Links between findings are by object. ``blames`` are objects whose own finding would explain
    this one; ``explains`` are objects whose findings this one explains. A ``symptom`` says that
    something does not work without saying why, so any other finding about the same object
    explains it. ``victims`` are the objects that suffer, for the blast radius. ``shared`` names a
    cause outside of the objects read (a registry, a network plugin): findings of one check that
    name the same are one trouble with many victims.
    """

    ref: Ref
    title: str
    next: str
    evidence: tuple[Evidence, ...] = ()
    severity: Severity = WARNING
    confidence: Confidence = CERTAIN
    code: str = ""
    part: str = ""
    workload: Ref | None = None
    since: datetime | None = None
    symptom: bool = False
    blames: tuple[Ref, ...] = ()
    explains: tuple[Ref, ...] = ()
    victims: tuple[Ref, ...] = ()
    shared: str = ""

    @property
    def subject(self) -> Ref:
        """Whom to name first: the workload of a pod, else the object itself."""
        return self.workload or self.ref


@dataclass(frozen=True, slots=True)
class Folded:
    """Findings of one check that share a subject, told as one: ``first`` is the example.

    ``refs`` are all objects it was found on, the example's own first.
    """

    first: Finding
    refs: tuple[Ref, ...]
    blames: frozenset[Ref]
    explains: frozenset[Ref]
    victims: frozenset[Ref]
    since: datetime | None

    @property
    def code(self) -> str:
        """The finding's code."""
        return self.first.code

    @property
    def subject(self) -> Ref:
        """Whom to name first."""
        return self.first.subject


@dataclass(frozen=True, slots=True)
class Root:
    """A finding that nothing else explains, with everything that follows from it.

    ``consequences`` are in order of distance from the cause. ``severity`` is the worst of the
    whole chain: a suspended source is harmless until something waits for it.
    """

    finding: Folded
    severity: Severity
    consequences: tuple[Folded, ...] = ()
    reach: int = 0


@dataclass(frozen=True, slots=True)
class Skipped:
    """Checks that said nothing because they could not look, with half a sentence why."""

    reason: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Everything one run has to say.

    ``roots`` is what is wrong, worst first. ``notes`` are states that somebody chose (suspended,
    cordoned, paused) and that nothing suffers from: worth a word, not a finding. ``checked``
    counts the objects looked at, by kind's key. ``about`` is set where only what concerns one
    object was kept.
    """

    now: datetime
    namespace: str
    roots: tuple[Root, ...]
    notes: tuple[Root, ...]
    skipped: tuple[Skipped, ...]
    checked: dict[str, int] = field(default_factory=dict)
    checks_run: int = 0
    about: Ref | None = None
