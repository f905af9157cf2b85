"""Parts that objects share, decoded, slimmed and masked once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import orjson

from kube_mcp.access.memory import Memory
from kube_mcp.errors import ServerFault
from kube_mcp.redaction.objects import mask_tree
from kube_mcp.shapes import Part

#: The longest text that is remembered. A workload's template is one or two kilobytes.
_LONGEST = 64 * 1024

# What four thousand workloads share; what is built of it takes three times as much. Keyed by the
# very text an API server has just sent to whoever asks, and holding only what is masked: nobody
# learns from it what he may not read.
_known = Memory(most_bytes=8 * 1024 * 1024)
_UNKNOWN = object()


def fill(parts: Iterable[Part]) -> None:
    """Put every part in its place, masked. Raises `ServerFault` for a text that is not JSON."""
    known = _known.get
    for holder, name, text, build in parts:
        kept = known((build, name, text), _UNKNOWN)
        if kept is _UNKNOWN:
            kept = _build(build, name, text)
        if kept:
            holder[name] = kept


def decoded(text: bytes | memoryview, what: str) -> Any:
    """The JSON of a text that is part of an answer. Raises `ServerFault`."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ServerFault(f"The API server sent {what} that is not JSON: {error}.") from error


def _build(build: Callable[[Any], Any], name: str, text: bytes) -> Any:
    kept = build(decoded(text, f"'{name}'"))
    # Under its name, because that can say what the value is.
    kept = mask_tree({name: kept})[name]
    if len(text) <= _LONGEST:
        _known.keep((build, name, text), kept, len(text))
    return kept
