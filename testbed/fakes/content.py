"""What the fakes know beyond what the API server says: the meaning of ``kubelet.yaml``."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from testbed.errors import ApplyFailed
from testbed.fakes.quantities import cores, parse_bytes
from testbed.objects import parse_span


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a container's log as the container runtime keeps it."""

    time_ns: int
    text: bytes
    stream: str = "stdout"


@dataclass(slots=True)
class Log:
    """The lines of one container: listed ones after generated ones, which exist only on demand."""

    listed: list[Line] = field(default_factory=list)
    template: str = ""
    generated: int = 0
    first_ns: int = 0
    step_ns: int = 1_000_000_000
    #: Lines that only a follower gets, one every 50 ms after the rest was sent.
    followed: tuple[str, ...] = ()
    #: Whether following ends after that, as it does when a container ends.
    ends: bool = False
    delay_s: float = 0

    def __len__(self) -> int:
        return self.generated + len(self.listed)

    def lines(self, start: int = 0) -> Iterator[Line]:
        """From this index on, oldest first."""
        for index in range(start, self.generated):
            yield self._generate(index)
        yield from self.listed[max(0, start - self.generated) :]

    def _generate(self, index: int) -> Line:
        text = self.template.replace("{n}", str(index + 1))
        return Line(self.first_ns + index * self.step_ns, text.encode())


@dataclass(frozen=True, slots=True)
class LogRule:
    """Which containers have this log."""

    pod: str
    container: str
    previous: bool
    log: Log


@dataclass(frozen=True, slots=True)
class UsageRule:
    """What containers use; ``missing`` is what the metrics API says of a pod it has not seen."""

    pod: str
    container: str
    cpu_nano: int
    memory_bytes: int
    missing: bool


@dataclass(slots=True)
class Content:
    """One ``kubelet.yaml``, understood."""

    logs: list[LogRule] = field(default_factory=list)
    usage: list[UsageRule] = field(default_factory=list)
    nodes: dict[str, tuple[int, int]] = field(default_factory=dict)
    node_logs: dict[str, dict[str, str]] = field(default_factory=dict)
    #: Nodes whose kubelet does not take connections.
    unreachable: frozenset[str] = frozenset()

    def log(self, pod: str, container: str, *, previous: bool) -> Log | None:
        """The first rule that fits."""
        for rule in self.logs:
            if (
                rule.previous == previous
                and fnmatchcase(pod, rule.pod)
                and fnmatchcase(container, rule.container)
            ):
                return rule.log
        return None

    def usage_of(self, pod: str, container: str) -> UsageRule | None:
        for rule in self.usage:
            if fnmatchcase(pod, rule.pod) and fnmatchcase(container, rule.container):
                return rule
        return None


_KEYS = {"logs", "metrics", "nodeLogs", "unreachable"}
_LOG_KEYS = {
    "pod", "container", "previous", "lines", "repeat", "every", "end", "follow", "ends", "delay",
}  # fmt: skip


def parse(document: Mapping[str, Any] | None, *, now: datetime.datetime) -> Content:
    """Raises ``ApplyFailed`` naming the key that is not known: a typo must not be an empty log."""
    document = document or {}
    _known(document, _KEYS, "kubelet.yaml")
    metrics = document.get("metrics", {})
    _known(metrics, {"nodes", "pods"}, "metrics")
    return Content(
        logs=[_log_rule(entry, now) for entry in document.get("logs", ())],
        usage=[_usage_rule(entry) for entry in metrics.get("pods", ())],
        nodes={
            name: (cores(use["cpu"]), parse_bytes(use["memory"]))
            for name, use in metrics.get("nodes", {}).items()
        },
        node_logs={
            node: {path: _text(value) for path, value in files.items()}
            for node, files in document.get("nodeLogs", {}).items()
        },
        unreachable=frozenset(document.get("unreachable", ())),
    )


def _log_rule(entry: Mapping[str, Any], now: datetime.datetime) -> LogRule:
    _known(entry, _LOG_KEYS, "a log")
    step = parse_span(entry.get("every", "1s"))
    end = parse_time(entry["end"]) if "end" in entry else now
    listed = list(entry.get("lines", ()))
    log = Log(
        listed=_listed(listed, end, step),
        step_ns=_nanoseconds(step),
        followed=tuple(entry.get("follow", ())),
        ends=bool(entry.get("ends", "follow" in entry)),
        delay_s=parse_span(entry["delay"]).total_seconds() if "delay" in entry else 0,
    )
    if "repeat" in entry:
        _generate(log, entry["repeat"], end - step * len(listed))
    return LogRule(
        entry.get("pod", "*"), entry.get("container", "*"), bool(entry.get("previous")), log
    )


def _listed(entries: Sequence[Any], end: datetime.datetime, step: datetime.timedelta) -> list[Line]:
    """Lines without a time of their own lie one step apart, the last one at the end."""
    lines = []
    for index, entry in enumerate(entries):
        fields = entry if isinstance(entry, Mapping) else {"text": entry}
        _known(fields, {"text", "at", "stream"}, "a line")
        moment = end - step * (len(entries) - 1 - index)
        if "at" in fields:
            moment = parse_time(fields["at"])
        text = str(fields["text"]).encode()
        lines.append(Line(nanoseconds(moment), text, fields.get("stream", "stdout")))
    return lines


def _generate(log: Log, repeat: Mapping[str, Any], end: datetime.datetime) -> None:
    _known(repeat, {"lines", "bytes", "text"}, "repeat")
    log.template = str(repeat["text"])
    if "lines" in repeat:
        log.generated = int(repeat["lines"])
    else:
        # The number in a line grows; that it is as long as the last one's is near enough.
        guess = parse_bytes(repeat["bytes"]) // (len(log.template.encode()) + 1) or 1
        width = len(log.template.replace("{n}", str(guess)).encode()) + 1
        log.generated = parse_bytes(repeat["bytes"]) // width or 1
    log.first_ns = nanoseconds(end) - (log.generated - 1) * log.step_ns


def _usage_rule(entry: Mapping[str, Any]) -> UsageRule:
    _known(entry, {"pod", "container", "cpu", "memory", "missing"}, "metrics.pods")
    return UsageRule(
        entry.get("pod", "*"),
        entry.get("container", "*"),
        cores(entry.get("cpu", "0")),
        parse_bytes(entry.get("memory", "0")),
        bool(entry.get("missing")),
    )


def parse_time(text: str) -> datetime.datetime:
    """RFC 3339."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def nanoseconds(moment: datetime.datetime) -> int:
    """Since 1970, exactly."""
    whole = moment - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    return _nanoseconds(whole)


def _nanoseconds(span: datetime.timedelta) -> int:
    return (span.days * 86400 + span.seconds) * 1_000_000_000 + span.microseconds * 1000


def _text(value: Any) -> str:
    return "".join(f"{line}\n" for line in value) if isinstance(value, list) else str(value)


def _known(entry: Mapping[str, Any], keys: set[str], where: str) -> None:
    if unknown := set(entry) - keys:
        raise ApplyFailed(
            f"'{sorted(unknown)[0]}' is not a key of {where}; it knows {', '.join(sorted(keys))}."
        )
