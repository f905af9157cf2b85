"""A timeline as text: where today's trouble began, then what changed, newest first.

The text is cut to a number of bytes by leaving out what explains least, never by leaving out
without saying so.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from kube_mcp.diagnosis.changes import Timeline
from kube_mcp.diagnosis.history import Revision, changed
from kube_mcp.diagnosis.onsets import Onset
from kube_mcp.diagnosis.phrases import listed, plural
from kube_mcp.diagnosis.traces.change import Change
from kube_mcp.objects import Ref
from kube_mcp.render.untrusted import framed
from kube_mcp.words.times import age, human

_DETAILS = 6
_ONSETS = 8
_GAPS = 8
_LONGEST_LINE = 300
_LONGEST_CAUSE = 180

#: What history cannot show, in every answer: silence would be taken for "nothing was changed".
LIMITS = (
    "Not in any history: deleted objects (only their events), all but each writer's last write, "
    "revisions beyond revisionHistoryLimit, events after about an hour."
)

# What explains most is kept longest.
_WORTH = {
    "rollout": 0, "gitops": 1, "helm": 1, "edit": 2, "deleted": 2, "scaling": 3, "made": 4,
    "job": 5, "pods": 6,
}  # fmt: skip
_WORTH_OF_TROUBLE = 2
_WORTH_OF_RECOVERY = 5


def changes_text(
    found: Timeline,
    *,
    now: datetime,
    span: str,
    where: str,
    namespace: str = "",
    gaps: Sequence[str] = (),
    max_bytes: int,
) -> str:
    """The timeline within ``max_bytes`` of UTF-8.

    ``where`` says what it is about; names in ``namespace`` are told without it. ``gaps`` are what
    could not be read, told at the end. ``span`` is how far back was looked, as it was asked for.
    """
    tail = [f"Not read: {gap}." for gap in gaps[:_GAPS]]
    if len(gaps) > _GAPS:
        tail.append(f"Not read: {len(gaps) - _GAPS} more kinds.")
    tail.append(LIMITS)
    if not found.changes:
        unless = ", as far as it could be read" if gaps else ""
        return "\n".join([f"No change found in {where} in the last {span}{unless}.", *tail])
    bad = sum(each.bad for each in found.changes)
    head = (
        f"{plural(len(found.changes), 'change')} in {where} in the last {span}, newest first, "
        f"times in UTC, now {_clock(now, None)}; ! marks trouble ({bad})."
    )
    words = _Words(now, namespace)
    room = max_bytes - _size([head, *tail]) - 330
    began = [words.onset(each) for each in found.onsets[:_ONSETS]]
    if len(found.onsets) > _ONSETS:
        began.append(f"  and {len(found.onsets) - _ONSETS} more")
    if began:
        began.insert(0, "Trouble now, and the nearest change before its first sign:")
    while len(began) > 2 and _size(began) > room // 2:
        began.pop()
    lines, left = _timeline(found, words, room - _size(began))
    out = [head, *framed([*began, *lines], what="changes")]
    if left:
        sorts = ", ".join(f"{count} {sort}" for sort, count in left.most_common(6))
        out.append(
            f"Left out for size: {left.total()} ({sorts}). Ask for one object, or a shorter since."
        )
    return "\n".join([*out, *tail])


def _timeline(found: Timeline, words: _Words, room: int) -> tuple[list[str], Counter[str]]:
    """The lines that fit, in the order of time, and what was left out by sort."""
    marks = _marks(found.onsets, words)
    blocks = {id(each): words.block(each, marks.get(id(each), "")) for each in found.changes}
    by_worth = sorted(enumerate(found.changes), key=lambda item: (_worth(item[1], marks), item[0]))
    kept: set[int] = set()
    left: Counter[str] = Counter()
    for _, change in by_worth:
        block = blocks[id(change)]
        if _size(block) > room:
            # A rollout without its details is worth more than none.
            block = blocks[id(change)] = block[:1]
        if _size(block) > room:
            left[change.sort] += 1
            continue
        room -= _size(block)
        kept.add(id(change))
    lines = [line for each in found.changes if id(each) in kept for line in blocks[id(each)]]
    return lines, left


def _worth(change: Change, marks: Mapping[int, str]) -> int:
    if id(change) in marks:
        return -1
    if change.bad:
        return _WORTH_OF_TROUBLE
    return _WORTH.get(change.sort, _WORTH_OF_RECOVERY)


def _marks(found: Sequence[Onset], words: _Words) -> dict[int, str]:
    """What stands beside a line: that trouble showed there, or that it followed."""
    marks: dict[int, list[str]] = {}
    for each in found:
        if each.cause is not None:
            of = "" if each.cause.ref == each.ref else f" of {words.name(each.ref)}"
            said = f"{words.gap(each)} first sign of trouble{of}"
            marks.setdefault(id(each.cause), []).append(said)
        if each.sign.at <= each.at + timedelta(seconds=60):
            of = "" if each.sign.ref == each.ref else f" of {words.name(each.ref)}"
            marks.setdefault(id(each.sign), []).append(f"first sign of trouble{of}")
    return {key: f" <-- {listed(said, most=2)}" for key, said in marks.items()}


class _Words:
    """How moments and objects are written in one answer."""

    def __init__(self, now: datetime, namespace: str) -> None:
        self._now = now
        self._namespace = namespace

    def name(self, ref: Ref) -> str:
        """The object, without the namespace that the whole answer is about."""
        return str(ref).replace("/", " ", 1) if ref.namespace == self._namespace else ref.full

    def moment(self, at: datetime) -> str:
        """``11:49:00 (11m ago)``, with the day where it is not today."""
        ahead = at > self._now + timedelta(seconds=2)
        return f"{_clock(at, self._now)} ({age(at, self._now)}{'' if ahead else ' ago'})"

    def gap(self, onset: Onset) -> str:
        """``12s before``, or ``just before`` where clocks cannot tell."""
        return "just before the" if onset.gap_s < 1 else f"{human(onset.gap_s)} before the"

    def onset(self, onset: Onset) -> str:
        """One line: whose trouble, since when, what changed before."""
        head = f"  {self.name(onset.ref)}: since {self.moment(onset.at)}"
        cause = onset.cause
        if cause is None:
            return f"{head}; no change in this time that is near to it"
        gap = "just before" if onset.gap_s < 1 else f"{human(onset.gap_s)} before"
        whose = "" if cause.ref == onset.ref else f"{self.name(cause.ref)} "
        by = f", by {cause.by}" if cause.by else ""
        return f"{head}; {gap}: {whose}{_cut(cause.what, _LONGEST_CAUSE)}{by}"

    def block(self, change: Change, mark: str) -> list[str]:
        """The line of a change, and its details below."""
        by = f", by {change.by}" if change.by and change.sort != "event" else ""
        times = f" x{change.count:,}" if change.count > 1 and change.sort != "pods" else ""
        others = [each for each in change.everything if each != change.ref]
        names = self.name(change.ref)
        if others and change.sort not in ("made", "pods"):
            names += f" and {len(others)} more"
        lasted = (change.until - change.at).total_seconds() >= 60
        until = f", last {age(change.until, self._now)} ago" if lasted else ""
        line = (
            f"{'!' if change.bad else ' '} {self.moment(change.at)} {names}: "
            f"{_cut(change.what)}{times}{until}{by}{mark}"
        )
        details = [_cut(f"      {detail}") for detail in change.details[:_DETAILS]]
        if len(change.details) > _DETAILS:
            details.append(f"      and {len(change.details) - _DETAILS} more differences")
        return [line, *details]


def _clock(at: datetime, now: datetime | None) -> str:
    same_day = now is not None and at.date() == now.date()
    return at.strftime("%H:%M:%S" if same_day else "%Y-%m-%d %H:%M:%S")


def _size(lines: Sequence[str]) -> int:
    return sum(len(line.encode()) + 1 for line in lines)


def revisions_text(found: Sequence[Revision], *, now: datetime, max_bytes: int) -> str:
    """A workload's revisions, newest first, each with what it changed."""
    if not found:
        return "No revision is kept."
    lines: list[str] = []
    for index, each in enumerate(found):
        pods = f", {each.pods} pods now" if each.pods else ""
        cause = f", {each.cause}" if each.cause else ""
        when = (
            f"{_clock(each.at, now)} ({age(each.at, now)} ago)" if each.at else "at no known time"
        )
        lines.append(
            _cut(f"revision {each.number} {when} {each.holder}{pods}{cause}: {listed(each.images)}")
        )
        if index + 1 < len(found):
            lines_of = changed(found[index + 1], each)
            lines += [_cut(f"      {line}") for line in lines_of[:12]]
            if len(lines_of) > 12:
                lines.append(f"      and {len(lines_of) - 12} more differences")
    return _fit(lines, max_bytes)


def difference_text(old: Revision, new: Revision, *, max_bytes: int) -> str:
    """What differs between any two revisions, whole as far as it fits."""
    lines = changed(old, new) or ["the templates are the same"]
    return _fit([f"revision {old.number} → {new.number}:", *map(_cut, lines)], max_bytes)


def _fit(lines: Sequence[str], max_bytes: int) -> str:
    room = max_bytes - 150
    kept: list[str] = []
    for line in lines:
        room -= len(line.encode()) + 1
        if room < 0:
            break
        kept.append(line)
    out = framed(kept, what="revisions")
    if len(kept) < len(lines):
        out.append(f"({len(lines) - len(kept)} more lines left out for size)")
    return "\n".join(out)


def _cut(line: str, most: int = _LONGEST_LINE) -> str:
    return line if len(line) <= most else f"{line[: most - 1]}…"
