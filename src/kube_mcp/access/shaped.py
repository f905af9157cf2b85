"""Objects read by their shape: decoded no further than is read, and not again while they stay the same."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import Any

from msgspec import Raw

from kube_mcp.access.memory import Memory
from kube_mcp.access.parts import decoded, fill
from kube_mcp.kube.client import as_kind
from kube_mcp.objects import ResourceType
from kube_mcp.redaction.objects import mask_object
from kube_mcp.shapes import Shape

# What a cluster of five thousand pods is, twice; what is made of it takes a third as much. Keyed by
# a digest of the very text an API server has just sent to whoever asks, and holding only what is
# masked: nobody learns from it what he may not read.
_known = Memory(most_bytes=128 * 1024 * 1024)


def read_shaped(
    text: Raw, resource: ResourceType, *, shape: Shape, keep: Callable[[Any], Any] | None
) -> dict[str, Any]:
    """One object of a list, slimmed and masked. It may have been given out before: do not change it.

    Raises `ServerFault` where the text is not JSON.
    """
    key = (shape, resource.api_version, sha256(text).digest())
    found: dict[str, Any] | None = _known.get(key)
    if found is None:
        found = _read(text, resource, shape, keep)
        _known.keep(key, found, len(memoryview(text)))
    return found


def _read(
    text: Raw, resource: ResourceType, shape: Shape, keep: Callable[[Any], Any] | None
) -> dict[str, Any]:
    split = shape(text)
    if split is None:
        whole = as_kind(decoded(memoryview(text), f"a {resource.kind}"), resource)
        return mask_object(keep(whole) if keep else whole, kind=resource.kind)
    own, parts = split
    mask_object(as_kind(own, resource), kind=resource.kind)
    fill(parts)
    return own
