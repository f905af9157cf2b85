"""The probes as a page for people, and as a document for scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson

from kube_mcp.doctor.probe import Outcome, Probe
from kube_mcp.render.budget import count

_MARKS: Mapping[Outcome, str] = {
    "ok": "ok  ",
    "warning": "warn",
    "failed": "FAIL",
    "skipped": "skip",
}


def report_text(probes: Sequence[Probe]) -> str:
    """One line a probe, what to do below it, and a closing line that counts."""
    lines = []
    for probe in probes:
        first, *rest = probe.detail.split("\n")
        lines.append(f"{_MARKS[probe.outcome]}  {probe.name}: {first}")
        lines += [f"      {line}" for line in rest]
        if probe.next and probe.outcome != "ok":
            start, *more = probe.next.split("\n")
            lines.append(f"      -> {start}")
            lines += [f"         {line}" for line in more]
    counts = {name: sum(1 for p in probes if p.outcome == name) for name in _MARKS}
    lines.append(
        f"{counts['ok']} ok, {count(counts['warning'], 'warning')}, {counts['failed']} failed, "
        f"{counts['skipped']} skipped"
    )
    return "\n".join(lines)


def report_json(probes: Sequence[Probe]) -> str:
    """The same as one JSON document, for scripts."""
    return orjson.dumps(
        {
            "ok": not any(probe.failed for probe in probes),
            "probes": [
                {"name": p.name, "outcome": p.outcome, "detail": p.detail, "next": p.next}
                for p in probes
            ],
        },
        option=orjson.OPT_INDENT_2,
    ).decode()
