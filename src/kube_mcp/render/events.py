"""Events folded and newest first: what happened, to what, how often."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from kube_mcp.objects import Obj, dig_int, dig_map, dig_str
from kube_mcp.render.budget import shorten
from kube_mcp.words.times import age, parse_time

#: Longer messages are cut: the telling part of a scheduler's or a kubelet's message comes first.
MAX_MESSAGE_CHARS = 400

#: Objects named for one folded event; the others are counted.
MAX_NAMES = 3

_HASHES = re.compile(
    r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"
    r"|\b[0-9a-f]{8,}\b|\b\d+\b|(?<=-)[a-z0-9]{5}\b"
)


@dataclass(frozen=True, slots=True)
class EventLine:
    """One event, or several that say the same of one or more objects."""

    last: datetime | None
    first: datetime | None
    type: str
    reason: str
    kind: str
    namespace: str
    names: tuple[str, ...]
    message: str
    count: int


def event_line(event: Obj) -> EventLine:
    """One Event object, of the old or the new API, as a line. Never raises."""
    about = dig_map(event, "involvedObject") or dig_map(event, "regarding")
    series = dig_map(event, "series")
    last = (
        parse_time(series.get("lastObservedTime"))
        or parse_time(event.get("lastTimestamp"))
        or parse_time(event.get("deprecatedLastTimestamp"))
        or parse_time(event.get("eventTime"))
        or parse_time(dig_map(event, "metadata").get("creationTimestamp"))
    )
    first = (
        parse_time(event.get("firstTimestamp"))
        or parse_time(event.get("deprecatedFirstTimestamp"))
        or parse_time(event.get("eventTime"))
        or last
    )
    count = (
        dig_int(series, "count")
        or dig_int(event, "count")
        or dig_int(event, "deprecatedCount")
        or 1
    )
    return EventLine(
        last=last,
        first=first,
        type=dig_str(event, "type") or "Normal",
        reason=dig_str(event, "reason"),
        kind=dig_str(about, "kind"),
        # An event about a node is filed in a namespace, but the node lives in none.
        namespace=dig_str(about, "namespace") if about else dig_str(event, "metadata", "namespace"),
        names=(dig_str(about, "name"),),
        message=dig_str(event, "message") or dig_str(event, "note"),
        count=count,
    )


def slim_event(event: dict[str, Any]) -> dict[str, Any]:
    """An Event object without what `event_line` never reads."""
    metadata = dig_map(event, "metadata")
    out = {
        key: event[key]
        for key in (
            "kind", "apiVersion", "involvedObject", "regarding", "series", "lastTimestamp",
            "deprecatedLastTimestamp", "eventTime", "firstTimestamp", "deprecatedFirstTimestamp",
            "count", "deprecatedCount", "type", "reason", "message", "note",
        )
        if event.get(key) is not None
    }  # fmt: skip
    out["metadata"] = {
        key: metadata[key] for key in ("namespace", "name", "creationTimestamp") if key in metadata
    }
    return out


def fold(events: Iterable[EventLine]) -> list[EventLine]:
    """Events that say the same become one, newest first.

    "The same" ignores hashes, numbers and the object's own name, so that one cause seen by ten
    pods of a Deployment is one line with ten names.
    """
    folded: dict[tuple[str, ...], EventLine] = {}
    for event in events:
        message = event.message.replace(event.names[0], "…") if event.names[0] else event.message
        key = (event.namespace, event.kind, event.type, event.reason, _HASHES.sub("#", message))
        known = folded.get(key)
        if known is None:
            folded[key] = event
            continue
        newer = event if _stamp(event.last) >= _stamp(known.last) else known
        firsts = [each for each in (event.first, known.first) if each]
        names = known.names if event.names[0] in known.names else (*known.names, event.names[0])
        folded[key] = replace(
            newer,
            first=min(firsts) if firsts else None,
            names=names,
            count=known.count + event.count,
        )
    return sorted(folded.values(), key=lambda each: _stamp(each.last), reverse=True)


def _stamp(moment: datetime | None) -> float:
    return moment.timestamp() if moment else 0.0


def event_lines(events: Sequence[EventLine], *, now: datetime, with_namespace: bool) -> list[str]:
    """One line an event: age, type, reason, object, count, message."""
    lines = []
    for event in events:
        when = age(event.last, now) if event.last else "?"
        times = ""
        if event.count > 1:
            since = f" over {age(event.first, now)}" if event.first else ""
            times = f" (x{event.count}{since})"
        names = ", ".join(event.names[:MAX_NAMES])
        if len(event.names) > MAX_NAMES:
            names += f" and {len(event.names) - MAX_NAMES} more"
        where = f"{event.namespace}/" if with_namespace and event.namespace else ""
        message = shorten(event.message, MAX_MESSAGE_CHARS)
        kind = f"{event.kind} " if event.kind else ""
        lines.append(f"{when} {event.type} {event.reason} {kind}{where}{names}{times}: {message}")
    return lines
