"""Logs to stderr: one JSON object a line for machines, or one line of text for people."""

from __future__ import annotations

import logging
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any, Literal, TextIO

import orjson

#: What every record has; anything else was given with ``extra=`` and is a field of its own.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}

#: A log line is read by people; a stack of a recursive fault can be megabytes.
_MAX_TRACE_CHARS = 8_000

Level = Literal["debug", "info", "warning", "error"]


class _Lines(logging.Formatter):
    """Renders a record; every text passes through ``mask`` first."""

    def __init__(self, mask: Callable[[str], str], *, as_json: bool) -> None:
        super().__init__()
        self._mask = mask
        self._as_json = as_json

    def format(self, record: logging.LogRecord) -> str:
        message = self._mask(record.getMessage())
        trace = self._trace(record)
        fields = {
            key: self._mask(value) if isinstance(value, str) else value
            for key, value in vars(record).items()
            if key not in _STANDARD
        }
        when = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
        when = f"{when}.{int(record.msecs):03d}Z"
        if self._as_json:
            line: dict[str, Any] = {
                "time": when,
                "level": record.levelname.lower(),
                "logger": record.name,
                "message": message,
                **{key: value for key, value in fields.items() if key not in _RESERVED},
            }
            if trace:
                line["trace"] = trace
            return orjson.dumps(line, default=str).decode()
        told = "".join(f" {key}={value}" for key, value in fields.items())
        text = f"{when} {record.levelname.lower():7} {record.name}: {message}{told}"
        # A newline inside a message would look like a second record.
        text = text.replace("\r", " ").replace("\n", " | ")
        return f"{text}\n{trace}" if trace else text

    def _trace(self, record: logging.LogRecord) -> str:
        if not record.exc_info or record.exc_info[0] is None:
            return ""
        text = "".join(traceback.format_exception(*record.exc_info)).rstrip()
        if len(text) > _MAX_TRACE_CHARS:
            text = f"{text[:_MAX_TRACE_CHARS]}\n... {len(text) - _MAX_TRACE_CHARS} more characters"
        return self._mask(text)


_RESERVED = frozenset({"time", "level", "logger", "message", "trace"})


def configure(
    *,
    level: Level = "info",
    as_json: bool = True,
    mask: Callable[[str], str] = str,
    stream: TextIO | None = None,
) -> None:
    """Send every log record and every warning of the process to ``stream`` (stderr).

    Call it once, before a server is built: libraries configure logging only where nobody did.
    Nothing is ever written to stdout, which on stdio is the protocol's.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_Lines(mask, as_json=as_json))
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    logging.captureWarnings(True)
    # Told for every request and every start; of use only to somebody who debugs those libraries.
    quiet = logging.DEBUG if level == "debug" else logging.WARNING
    for chatty in ("mcp", "uvicorn", "sse_starlette", "asyncio", "aiohttp"):
        logger = logging.getLogger(chatty)
        logger.handlers.clear()
        logger.propagate = True
        logger.setLevel(quiet)
