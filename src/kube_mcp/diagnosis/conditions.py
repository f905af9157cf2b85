"""Conditions: reading one by its type, and which status of which type is the bad one."""

from __future__ import annotations

import re
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
        "ConfigUnsupported",
        "Degraded",
        "Failed",
        "Failing",
        "InvalidSpec",
        "NotReady",
        "Stalled",
        "SyncError",
    }
)

# Reasons with which a False that would be bad says "I have only just begun". Like the next ones
# they are words of controllers in use, in lower case.
_BEGUN = frozenset(
    {"creating", "inprogress", "notstarted", "pending", "progressing", "reconciling", "waiting"}
)

# Reasons that say "on purpose", or that it is over.
_CHOSEN = frozenset({"completed", "disabled", "paused", "scaledtozero", "standby", "suspended"})
# Somebody stopped it: Cancelled, TaskRunCancelled, StoppedRunFinally.
_STOPPED = re.compile(r"(^|[a-z])Cancell?ed|^Stopped", re.IGNORECASE)

# A reason that says it failed, as ContinuousArchivingFailing; not NoErrors, nor NotFailed.
_FAILED = re.compile(r"^(?!No[A-Z]|Not[A-Z]|Without).*(Failed|Failing|Failure|Error|Errors)$")
# A type that names something bad is well when it is False, whatever the reason is called.
_BAD = re.compile("fail|error|unhealthy|degraded|problem|warning|invalid", re.IGNORECASE)


def conditions(obj: Obj) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The object's conditions with their place in the list."""
    for index, each in enumerate(dig_list(obj, "status", "conditions")):
        if isinstance(each, Mapping):
            yield index, each


def condition(obj: Obj, kind: str) -> Mapping[str, Any]:
    """The condition of one type, or an empty map."""
    for each in dig_list(obj, "status", "conditions"):
        if (type(each) is dict or isinstance(each, Mapping)) and each.get("type") == kind:
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

    An unknown type is bad only where it is False with a reason that says it failed; Unknown never
    is, nor a False that is under way.
    """
    kind, status = dig_str(found, "type"), found.get("status")
    if kind in BAD_WHEN_TRUE:
        return status == "True"
    if kind in GOOD_WHEN_TRUE:
        reason = dig_str(found, "reason")
        return status == "False" and not (reason.lower() in _BEGUN or _is_chosen(reason))
    return (
        status == "False"
        and bool(_FAILED.search(dig_str(found, "reason")))
        and not _BAD.search(kind)
    )


def _is_chosen(reason: str) -> bool:
    return reason.lower() in _CHOSEN or bool(_STOPPED.search(reason))


def never_came(found: Mapping[str, Any]) -> bool:
    """Whether what should become True is on its way: Unknown with a word about it, or False as
    something that has only begun.

    Right after an object was made that is as it should be; how long it may take is the reader's
    to judge. Controllers that do not use a type leave it Unknown without a word.
    """
    if dig_str(found, "type") not in GOOD_WHEN_TRUE:
        return False
    if found.get("status") == "False":
        return dig_str(found, "reason").lower() in _BEGUN
    return found.get("status") == "Unknown" and bool(dig_str(found, "message"))


def is_off(obj: Obj) -> bool:
    """Whether somebody switched the object off, or made it wait, in one of the ways that kinds offer
    for it."""
    spec = dig(obj, "spec")
    return (
        any(dig(spec, key) is True for key in ("suspend", "suspended", "paused"))
        or any(dig(spec, key) is False for key in ("running", "enabled"))
        or dig(spec, "replicas") == 0
        or dig_str(spec, "runStrategy") == "Halted"
        or any(status_is(obj, kind, "True") for kind in ("Paused", "Suspended"))
    )


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
