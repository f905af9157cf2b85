"""Events, found by the object they are about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from kube_mcp.objects import Obj, Ref, dig, dig_int, dig_map, dig_str
from kube_mcp.scene import Scene, key_for, ref_to, refer
from kube_mcp.words.times import parse_time


@dataclass(frozen=True, slots=True)
class Event:
    """One event, whichever of its three generations of time and count fields it uses."""

    about: Ref
    uid: str
    part: str
    kind: str
    reason: str
    message: str
    count: int
    first: datetime | None
    last: datetime | None
    source: str

    @property
    def is_warning(self) -> bool:
        """Whether whoever wrote it thought something was wrong."""
        return self.kind == "Warning"


def event_of(obj: Obj) -> Event:
    """An ``Event`` object, of ``v1`` or ``events.k8s.io``, as a value."""
    about = dig_map(obj, "involvedObject" if "involvedObject" in obj else "regarding")
    group, slash, _ = dig_str(about, "apiVersion").partition("/")
    last = (
        parse_time(dig(obj, "series", "lastObservedTime"))
        or parse_time(obj.get("lastTimestamp"))
        or parse_time(obj.get("eventTime"))
        or parse_time(dig(obj, "metadata", "creationTimestamp"))
    )
    return Event(
        about=refer(
            key_for(dig_str(about, "kind"), group if slash else ""),
            dig_str(about, "namespace"),
            dig_str(about, "name"),
        ),
        uid=dig_str(about, "uid"),
        part=dig_str(about, "fieldPath"),
        kind=dig_str(obj, "type"),
        reason=dig_str(obj, "reason"),
        message=dig_str(obj, "message") or dig_str(obj, "note"),
        count=dig_int(obj, "series", "count", default=dig_int(obj, "count", default=1)),
        first=parse_time(dig(obj, "firstTimestamp")) or last,
        last=last,
        source=dig_str(obj, "reportingComponent") or dig_str(obj, "source", "component"),
    )


def event_in(obj: Obj, scene: Scene) -> Event:
    """`event_of` an object of the scene, read once."""
    return scene.derived_for(obj, _event)


def _event(obj: Obj, scene: Scene) -> Event:
    return event_of(obj)


def _index(scene: Scene) -> dict[Ref, list[Event]]:
    index: dict[Ref, list[Event]] = {}
    for obj in scene.seen("Event"):
        if isinstance(obj, dict):
            event = event_in(obj, scene)
            index.setdefault(event.about, []).append(event)
    for events in index.values():
        events.sort(key=lambda each: each.last.timestamp() if each.last else 0.0, reverse=True)
    return index


def every_event(scene: Scene) -> dict[Ref, list[Event]]:
    """All events read, by the object they are about, newest first."""
    return scene.derived(_index)


def events_about(obj: Obj, scene: Scene, *reasons: str) -> Sequence[Event]:
    """The events about an object, newest first; of these reasons only, if any are given.

    Empty also where events could not be read: they expire, so nothing may be concluded from
    there being none. Events about an earlier object of the same name are left out.
    """
    found = scene.derived(_index).get(ref_to(obj))
    if not found:
        return ()
    uid = dig_str(obj, "metadata", "uid")
    return [
        each
        for each in found
        if (not reasons or each.reason in reasons) and (not uid or not each.uid or each.uid == uid)
    ]


def latest(obj: Obj, scene: Scene, *reasons: str) -> Event | None:
    """The newest event about an object, of these reasons if any are given."""
    return next(iter(events_about(obj, scene, *reasons)), None)


def warnings(obj: Obj, scene: Scene) -> Iterator[Event]:
    """The Warning events about an object, newest first."""
    return (each for each in events_about(obj, scene) if each.is_warning)


def complaint(obj: Obj, scene: Scene, *told: str) -> tuple[str, str]:
    """The newest warning about an object as evidence, unless ``told`` has said the same; else two
    empty texts. Many a controller writes the reason of a bare "not ready" there only.
    """
    for each in warnings(obj, scene):
        if each.message and not any(each.message in text for text in told):
            return f"event {each.reason} (x{each.count})", each.message
    return "", ""
