"""What a kubelet makes of a container's log and a request's parameters; and when it has none."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from testbed.fakes.content import Line, Log, nanoseconds, parse_time

Obj = Mapping[str, Any]


class Refused(Exception):
    """The kubelet's answer where there is no log: a status and its plain sentence."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass(frozen=True, slots=True)
class LogOptions:
    """The parameters of a log request."""

    tail_lines: int | None = None
    since_ns: int | None = None
    limit_bytes: int | None = None
    timestamps: bool = False
    follow: bool = False
    previous: bool = False
    stream: str = "All"


def options(query: Mapping[str, str], *, now: datetime.datetime) -> LogOptions:
    """Raises ``Refused`` for what a kubelet cannot read."""
    try:
        since = None
        if "sinceSeconds" in query:
            age = datetime.timedelta(seconds=int(query["sinceSeconds"]))
            since = nanoseconds(now - age)
        if "sinceTime" in query:
            since = nanoseconds(parse_time(query["sinceTime"]))
        return LogOptions(
            tail_lines=_number(query, "tailLines"),
            since_ns=since,
            limit_bytes=_number(query, "limitBytes"),
            timestamps=query.get("timestamps") == "true",
            follow=query.get("follow") == "true",
            previous=query.get("previous") == "true",
            stream=query.get("stream", "All"),
        )
    except ValueError as error:
        raise Refused(400, '{"message": "Unable to decode query."}') from error


def check_container(pod: Obj | None, name: str, container: str, *, previous: bool) -> None:
    """Raises ``Refused`` with the kubelet's own words where this container has no log to read."""
    if pod is None:
        raise Refused(404, f'pod "{name}" does not exist')
    spec, status = pod.get("spec", {}), pod.get("status", {})
    kinds = ("containers", "initContainers", "ephemeralContainers")
    if not any(c["name"] == container for kind in kinds for c in spec.get(kind, ())):
        raise Refused(404, f'container "{container}" not found in pod "{name}"')
    where = f'container "{container}" in pod "{name}"'
    found = [
        one
        for kind in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
        for one in status.get(kind, ())
        if one["name"] == container
    ]
    if not found:
        raise Refused(400, f"{where} is not available")
    state: Obj = found[0].get("state", {})
    last = found[0].get("lastState", {}).get("terminated")
    if previous:
        if not (last and last.get("containerID")):
            raise Refused(400, f"previous terminated {where} not found")
    elif "running" in state:
        return
    elif "terminated" in state:
        if not state["terminated"].get("containerID") and not (last and last.get("containerID")):
            raise Refused(400, f"{where} is terminated")
    elif last is not None:
        if not last.get("containerID"):
            raise Refused(400, f"{where} is terminated")
    else:
        raise Refused(400, f"{where} is waiting to start{_why(state.get('waiting'))}")


def reads_last_run(pod: Obj, container: str) -> bool:
    """Whether the current log is that of the last run, because the next one has not started."""
    statuses = [
        *pod["status"].get("containerStatuses", ()),
        *pod["status"].get("initContainerStatuses", ()),
    ]
    return any(s["name"] == container and "waiting" in s.get("state", {}) for s in statuses)


def render(log: Log, want: LogOptions) -> Iterator[bytes]:
    """The lines that are there now.

    As in a kubelet, the tail is counted first and lines before ``since`` are dropped from it.
    ``Limit`` cuts the output, which a follower's later lines are part of.
    """
    start = 0 if want.tail_lines is None else max(0, len(log) - want.tail_lines)
    return format_lines(log.lines(start), want)


def format_lines(lines: Iterable[Line], want: LogOptions) -> Iterator[bytes]:
    """One stream or both, from the wanted moment on, with their times where asked for."""
    for line in lines:
        if want.since_ns is not None and line.time_ns < want.since_ns:
            continue
        if want.stream != "All" and want.stream.lower() != line.stream:
            continue
        stamp = timestamp(line.time_ns) + b" " if want.timestamps else b""
        yield stamp + line.text + b"\n"


@dataclass(slots=True)
class Limit:
    """How many bytes may still be sent; None is any number. Lines are cut in the middle."""

    left: int | None

    @property
    def reached(self) -> bool:
        return self.left is not None and self.left <= 0

    def cut(self, chunk: bytes) -> bytes:
        """What may be sent of it."""
        if self.left is None:
            return chunk
        sent = chunk[: max(0, self.left)]
        self.left -= len(sent)
        return sent


def timestamp(time_ns: int) -> bytes:
    """RFC 3339 with nine digits, which is what container runtimes write."""
    seconds, rest = divmod(time_ns, 1_000_000_000)
    moment = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest:09d}Z".encode()


def _why(waiting: Obj | None) -> str:
    reason = (waiting or {}).get("reason")
    if reason is None:
        return " - no logs yet"
    if reason == "ErrImagePull":
        return ": image can't be pulled"
    if reason == "ImagePullBackOff":
        return ": trying and failing to pull image"
    return f": {reason}"


def _number(query: Mapping[str, str], name: str) -> int | None:
    return int(query[name]) if name in query else None
