"""Events have two faces: ``v1`` and ``events.k8s.io/v1`` are one collection, spelt differently."""

from __future__ import annotations

from typing import Any

from kube_mcp.objects import Obj

GROUP = "events.k8s.io"

# Core field, the same thing in events.k8s.io.
_RENAMED = (
    ("involvedObject", "regarding"),
    ("message", "note"),
    ("source", "deprecatedSource"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("count", "deprecatedCount"),
    ("reportingComponent", "reportingController"),
)


def to_core(event: Obj) -> Obj:
    """An ``events.k8s.io/v1`` event as the core API shows it."""
    return _renamed(event, {new: old for old, new in _RENAMED}, "v1")


def from_core(event: Obj) -> Obj:
    """A core event as ``events.k8s.io/v1`` shows it."""
    return _renamed(event, dict(_RENAMED), f"{GROUP}/v1")


def _renamed(event: Obj, names: dict[str, str], api_version: str) -> Obj:
    out: dict[str, Any] = {names.get(key, key): value for key, value in event.items()}
    out["apiVersion"] = api_version
    return out
