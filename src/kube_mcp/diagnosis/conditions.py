"""Conditions: reading one by its type, and which status of which type is the bad one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from kube_mcp.objects import Obj, dig, dig_int, dig_list, dig_str
from kube_mcp.words.times import parse_time

#: Types for which False is bad, in any kind that follows the API conventions. What is in neither
#: list is not judged: `False` on an unknown type may be the healthy state.
GOOD_WHEN_TRUE = frozenset(
    {
        "Accepted",
        "Available",
        "Healthy",
        "Initialized",
        "Programmed",
        "Ready",
        "Reconciled",
        "ResolvedRefs",
        "Succeeded",
        "Synced",
        "Valid",
    }
)

#: Types for which True is bad.
BAD_WHEN_TRUE = frozenset(
    {
        "Degraded",
        "Failed",
        "Failing",
        "InvalidSpec",
        "Stalled",
        "SyncError",
    }
)

#: Reasons with which a False that would be bad says "I have only just begun", or "on purpose".
#: They are words of controllers in use, in lower case.
UNDER_WAY = frozenset(
    {
        "completed",
        "creating",
        "disabled",
        "inprogress",
        "notstarted",
        "paused",
        "pending",
        "progressing",
        "reconciling",
        "scaledtozero",
        "standby",
        "suspended",
        "waiting",
    }
)


def conditions(obj: Obj) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The object's conditions with their place in the list."""
    for index, each in enumerate(dig_list(obj, "status", "conditions")):
        if isinstance(each, Mapping):
            yield index, each


def condition(obj: Obj, kind: str) -> Mapping[str, Any]:
    """The condition of one type, or an empty map."""
    for _, each in conditions(obj):
        if each.get("type") == kind:
            return each
    return {}


def status_is(obj: Obj, kind: str, status: str) -> bool:
    """Whether the object has a condition of the type with that status."""
    return condition(obj, kind).get("status") == status


def since(found: Mapping[str, Any]) -> datetime | None:
    """When the condition took its present status."""
    return parse_time(dig(found, "lastTransitionTime"))


def is_bad(found: Mapping[str, Any]) -> bool:
    """Whether a condition says that something is wrong, by the polarity of its type.

    An unknown type is never bad; neither is Unknown, nor a False that is under way.
    """
    kind, status = dig_str(found, "type"), found.get("status")
    if kind in BAD_WHEN_TRUE:
        return status == "True"
    if kind in GOOD_WHEN_TRUE:
        return status == "False" and dig_str(found, "reason").lower() not in UNDER_WAY
    return False


def is_stale(obj: Obj, found: Mapping[str, Any]) -> bool:
    """Whether the condition speaks of an older generation of the object than the present one."""
    observed = dig_int(found, "observedGeneration", default=0) or dig_int(
        obj, "status", "observedGeneration", default=0
    )
    return 0 < observed < dig_int(obj, "metadata", "generation")


def looks_well(obj: Obj) -> bool:
    """Whether an object's own status says that it is as it should be."""
    if dig_str(obj, "status", "phase") in ("Bound", "Succeeded"):
        return True
    return any(
        status_is(obj, kind, "True")
        for kind in ("Ready", "Available", "Complete", "ScalingActive", "Synced", "Established")
    )


def said(found: Mapping[str, Any]) -> str:
    """The condition's reason and message as one text."""
    reason, message = dig_str(found, "reason"), dig_str(found, "message")
    return f"{reason}: {message}" if reason and message else reason or message
