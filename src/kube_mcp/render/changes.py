"""A timeline as text: newest first, trouble marked, the differences of rollouts below them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from kube_mcp.diagnosis.changes import Change
from kube_mcp.diagnosis.differences import differences
from kube_mcp.diagnosis.history import Revision
from kube_mcp.diagnosis.phrases import listed
from kube_mcp.words.times import age, format_time, human

_DETAILS = 6
_LONGEST_LINE = 300


def changes_text(
    found: Sequence[Change],
    *,
    now: datetime,
    since: timedelta,
    gaps: Sequence[str] = (),
    max_bytes: int,
) -> str:
    """The timeline within ``max_bytes`` of UTF-8, newest first.

    ``gaps`` are what could not be read, told at the end. Lines with ``!`` are trouble, the others
    what was done; what stands right below the first trouble is what came before it.
    """
    span = human(since.total_seconds())
    tail = [f"Not read: {gap}." for gap in gaps]
    if not found:
        unless = ", as far as it could be read" if gaps else ""
        return "\n".join([f"Nothing has changed in the last {span}{unless}.", *tail])
    bad = sum(each.bad for each in found)
    head = f"{len(found)} changes in the last {span}, newest first; {bad} of them trouble (!)."
    room = max_bytes - len(head.encode()) - sum(len(line.encode()) + 1 for line in tail) - 90
    lines: list[str] = []
    shown = 0
    for each in found:
        block = _block(each, now)
        size = sum(len(line.encode()) + 1 for line in block)
        if size > room:
            # A rollout without its details is worth more than none.
            block = block[:1]
            size = len(block[0].encode()) + 1
        if size > room:
            break
        lines += block
        room -= size
        shown += 1
    left = len(found) - shown
    if left:
        lines.append(
            f"{left} older changes left out for size, from {format_time(found[shown].at)} back."
        )
    return "\n".join([head, *lines, *tail])


def _block(change: Change, now: datetime) -> list[str]:
    mark = "!" if change.bad else " "
    by = f" by {change.by}" if change.by and change.sort != "event" else ""
    times = f" (x{change.count})" if change.count > 1 else ""
    line = (
        f"{mark} {format_time(change.at)} ({age(change.at, now)} ago) {change.ref.full}: "
        f"{change.what}{by}{times}"
    )
    lines = [_cut(line)]
    lines += [_cut(f"      {detail}") for detail in change.details[:_DETAILS]]
    if len(change.details) > _DETAILS:
        lines.append(f"      and {len(change.details) - _DETAILS} more differences")
    return lines


def revisions_text(found: Sequence[Revision], *, now: datetime, max_bytes: int) -> str:
    """A workload's revisions, newest first, each with what it changed."""
    if not found:
        return "No revision is kept."
    lines: list[str] = []
    for index, each in enumerate(found):
        pods = f", {each.pods} pods now" if each.pods else ""
        cause = f", {each.cause}" if each.cause else ""
        when = (
            f"{format_time(each.at)} ({age(each.at, now)} ago)" if each.at else "at no known time"
        )
        lines.append(
            _cut(f"revision {each.number} {when} {each.holder}{pods}{cause}: {listed(each.images)}")
        )
        if index + 1 < len(found):
            changed = differences(found[index + 1].template, each.template)
            lines += [_cut(f"      {line}") for line in changed[:12]]
            if len(changed) > 12:
                lines.append(f"      and {len(changed) - 12} more differences")
    return _fit(lines, max_bytes)


def difference_text(old: Revision, new: Revision, *, max_bytes: int) -> str:
    """What differs between any two revisions, whole as far as it fits."""
    lines = differences(old.template, new.template) or ["the templates are the same"]
    return _fit([f"revision {old.number} → {new.number}:", *map(_cut, lines)], max_bytes)


def _fit(lines: Sequence[str], max_bytes: int) -> str:
    kept: list[str] = []
    room = max_bytes - 50
    for line in lines:
        room -= len(line.encode()) + 1
        if room < 0:
            kept.append(f"({len(lines) - len(kept)} more lines left out for size)")
            break
        kept.append(line)
    return "\n".join(kept)


def _cut(line: str) -> str:
    return line if len(line) <= _LONGEST_LINE else f"{line[: _LONGEST_LINE - 1]}…"
