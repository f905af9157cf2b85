"""The audit trail: one JSON line a call, who read what as whom, and how it ended."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TextIO

import orjson

logger = logging.getLogger(__name__)

#: Long enough for every selector people write; a model that sends a novel is cut here.
MAX_VALUE_CHARS = 300
_MAX_NAMES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """One call, ended.

    ``operation`` is the protocol's method, ``name`` the tool, prompt or address. ``caller`` holds
    issuer, subject, username and client, and is empty where nobody signs in. ``identity`` says as
    whom the cluster was read. ``outcome`` is ``ok``, ``cancelled`` or the code of an error.
    """

    operation: str
    name: str
    caller: Mapping[str, str]
    identity: str = ""
    cluster: str = ""
    arguments: Mapping[str, Any] = field(default_factory=dict)
    kinds: Iterable[str] = ()
    namespaces: Iterable[str] = ()
    requests: int = 0
    objects: int = 0
    bytes_read: int = 0
    bytes_answered: int = 0
    outcome: str = "ok"
    error_id: str = ""
    ms: float = 0.0


class AuditLog:
    """Writes records as they come. Every text in them passes through ``mask`` first.

    ``now_s`` gives seconds since the epoch. A record that cannot be written is told to the log
    and stops nothing: reading goes on when a disk is full.
    """

    def __init__(
        self,
        write: Callable[[str], None],
        *,
        mask: Callable[[str], str],
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._write = write
        self._mask = mask
        self._now_s = now_s

    def call(self, record: CallRecord) -> None:
        """One call that has ended, however it ended."""
        line: dict[str, Any] = {
            "operation": record.operation,
            "tool" if record.operation == "tools/call" else "name": self._text(record.name),
            "caller": {key: self._text(value) for key, value in record.caller.items() if value},
            "identity": self._text(record.identity),
            "cluster": self._text(record.cluster),
            "arguments": self._safe(record.arguments),
            "kinds": _listed(record.kinds),
            "namespaces": _listed(record.namespaces),
            "requests": record.requests,
            "objects": record.objects,
            "bytesRead": record.bytes_read,
            "bytesAnswered": record.bytes_answered,
            "outcome": record.outcome,
            "errorId": record.error_id,
            "ms": round(record.ms, 1),
        }
        self._emit("call", line)

    def event(self, kind: str, fields: Mapping[str, Any]) -> None:
        """Something else for the trail, such as a token that was refused."""
        self._emit(kind, {key: self._safe(value) for key, value in fields.items()})

    def _emit(self, kind: str, line: Mapping[str, Any]) -> None:
        now = self._now_s()
        when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
        whole: dict[str, Any] = {"audit": kind, "time": f"{when}.{int(now % 1 * 1000):03d}Z"}
        whole.update((key, value) for key, value in line.items() if value not in ("", None, [], {}))
        try:
            self._write(orjson.dumps(whole, default=str).decode())
        except OSError as error:
            logger.warning("An audit line could not be written: %s", error)

    def _safe(self, value: Any, depth: int = 0) -> Any:
        if isinstance(value, str):
            return self._text(value)
        if value is None or isinstance(value, bool | int | float):
            return value
        if depth > 4:
            return "..."
        if isinstance(value, Mapping):
            # The pair is masked as one text, because `password: hunter2` is known by its name.
            return {
                self._text(str(key)): self._named(str(key), item, depth)
                for key, item in list(value.items())[:_MAX_NAMES]
            }
        if isinstance(value, list | tuple):
            return [self._safe(item, depth + 1) for item in value[:_MAX_NAMES]]
        return self._text(str(value))

    def _named(self, name: str, value: Any, depth: int) -> Any:
        if isinstance(value, str):
            pair = self._mask(f"{name}={value}")
            if pair != f"{name}={value}":
                return _cut(pair.removeprefix(f"{name}="))
            return _cut(value)
        return self._safe(value, depth + 1)

    def _text(self, value: str) -> str:
        return _cut(self._mask(value))


def to_stream(stream: TextIO) -> Callable[[str], None]:
    """Writes whole lines to ``stream`` and leaves none of them in a buffer."""

    def write(line: str) -> None:
        stream.write(f"{line}\n")
        stream.flush()

    return write


def _cut(text: str) -> str:
    if len(text) <= MAX_VALUE_CHARS:
        return text
    return f"{text[:MAX_VALUE_CHARS]}... ({len(text)} characters)"


def _listed(names: Iterable[str]) -> list[str]:
    known = sorted(names)
    if len(known) <= _MAX_NAMES:
        return known
    return [*known[:_MAX_NAMES], f"and {len(known) - _MAX_NAMES} more"]
