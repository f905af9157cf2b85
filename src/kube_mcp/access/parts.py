"""Parts that objects share, decoded, slimmed and masked once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import orjson

from kube_mcp.errors import ServerFault
from kube_mcp.redaction.objects import mask_tree
from kube_mcp.shapes import Part

#: How much JSON is remembered, and the longest single text. A workload's template is one or two
#: kilobytes, so this is what two thousand workloads share; what was built of it takes three times
#: as much.
_MOST_BYTES = 4 * 1024 * 1024
_LONGEST = 64 * 1024

# Keyed by the very text an API server has just sent to whoever asks, and holding only what is
# masked: nobody learns from it what he may not read.
_known: dict[tuple[Callable[[Any], Any], str, bytes], Any] = {}
_known_bytes = 0


def fill(parts: Iterable[Part]) -> None:
    """Put every part in its place, masked. Raises `ServerFault` for a text that is not JSON."""
    known = _known.get
    for holder, name, text, build in parts:
        kept = known((build, name, text), _known)
        if kept is _known:
            kept = _build(build, name, text)
        if kept:
            holder[name] = kept


def _build(build: Callable[[Any], Any], name: str, text: bytes) -> Any:
    global _known_bytes
    try:
        kept = build(orjson.loads(text))
    except orjson.JSONDecodeError as error:
        raise ServerFault(f"The API server sent '{name}' that is not JSON: {error}.") from error
    # Under its name, because that can say what the value is.
    kept = mask_tree({name: kept})[name]
    if len(text) <= _LONGEST:
        if _known_bytes + len(text) > _MOST_BYTES:
            _known.clear()
            _known_bytes = 0
        _known[(build, name, text)] = kept
        _known_bytes += len(text)
    return kept
