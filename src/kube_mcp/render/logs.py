"""Log lines merged, folded and summed up, newest kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kube_mcp.render.budget import shorten

#: What differs between two lines that mean the same: numbers, ids, addresses, times, quoted text.
_VARIABLE = re.compile(
    r"\d{4}-\d\d-\d\d[T ][\d:.,]+(?:Z|[+-]\d\d:?\d\d)?"  # a time
    r"|\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"  # a UUID
    r"|\b0x[0-9a-fA-F]+\b|\b[0-9a-fA-F]{12,64}\b"
    r"|\d+(?:[.:]\d+)*"
)

#: Longer lines are cut in the answer; a stack trace has many lines, not one long one.
MAX_LINE_CHARS = 1500

#: Patterns named in a summary of what was not shown.
MAX_PATTERNS = 10


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line with its source (``web-1/app``) and the kubelet's timestamp, empty if it gave none."""

    stamp: str
    source: str
    text: str


@dataclass(frozen=True, slots=True)
class Run:
    """Lines in a row that differ only in numbers and ids; ``sources`` is who wrote them."""

    first: LogLine
    last: LogLine
    count: int
    sources: frozenset[str]


def merge(lines: Iterable[LogLine]) -> list[LogLine]:
    """All lines in time order; lines without a stamp keep their place after the line before them."""
    stamped = []
    before: dict[str, str] = {}
    for line in lines:
        stamp = line.stamp or before.get(line.source, "")
        before[line.source] = stamp
        stamped.append((stamp, line))
    stamped.sort(key=lambda pair: pair[0])  # stable: equal stamps keep their order
    return [line for _, line in stamped]


def template(text: str) -> str:
    """The line without what varies from one time to the next."""
    return _VARIABLE.sub("#", text[:400])


def fold(lines: Iterable[LogLine]) -> list[Run]:
    """Neighbouring lines that say the same become one run, also where several pods say it."""
    runs: list[Run] = []
    last_shape = ""
    for line in lines:
        shape = template(line.text)
        if runs and shape == last_shape and shape:
            run = runs[-1]
            runs[-1] = Run(run.first, line, run.count + 1, run.sources | {line.source})
        else:
            runs.append(single(line))
            last_shape = shape
    return runs


def single(line: LogLine) -> Run:
    """A run of one line."""
    return Run(line, line, 1, frozenset((line.source,)))


def run_lines(runs: Sequence[Run], *, names: Mapping[str, str]) -> list[str]:
    """One line of text a run; a folded one says how many it stands for and until when.

    ``names`` is what each source is called; a source that is not in it goes unnamed.
    """
    out = []
    for run in runs:
        when = f"{clock(run.first.stamp)} " if run.first.stamp else ""
        named = names.get(run.last.source, "")
        others = f" and {len(run.sources) - 1} more" if len(run.sources) > 1 else ""
        source = f"[{named}{others}] " if named else ""
        text = run.last.text
        if len(text) > MAX_LINE_CHARS:
            text = f"{text[:MAX_LINE_CHARS]}…(+{len(text) - MAX_LINE_CHARS:,} characters)"
        again = ""
        if run.count > 1:
            until = f" until {clock(run.last.stamp)}" if run.last.stamp else ""
            again = f"  (x{run.count:,} similar{until}, the last is shown)"
        out.append(f"{when}{source}{text}{again}")
    return out


def clock(stamp: str) -> str:
    """``2026-11-23T10:00:00.123456789Z`` as ``10:00:00.123``: the head line carries the date."""
    return stamp[11:23].rstrip("Z") if len(stamp) >= 19 else stamp


def patterns(runs: Sequence[Run]) -> list[str]:
    """What lines that are not shown said, most frequent first."""
    counts: dict[str, tuple[int, Run]] = {}
    for run in runs:
        shape = template(run.first.text)
        known = counts.get(shape)
        counts[shape] = (run.count + (known[0] if known else 0), known[1] if known else run)
    ranked = sorted(counts.values(), key=lambda pair: -pair[0])
    out = [f"  x{n:,} {shorten(run.first.text, 160)}" for n, run in ranked[:MAX_PATTERNS]]
    if len(ranked) > MAX_PATTERNS:
        out.append(f"  and {len(ranked) - MAX_PATTERNS:,} other patterns")
    return out
