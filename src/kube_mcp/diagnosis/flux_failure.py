"""Why a Flux object is not ready."""

from __future__ import annotations

from kube_mcp.diagnosis.conditions import condition
from kube_mcp.objects import Obj, dig_str


def failure(obj: Obj) -> tuple[str, str, str, object]:
    """(condition type, reason, message, since) of why a Flux object is not ready; empty if it is.

    Ready False is the verdict; Stalled and FetchFailed say the same where Ready is being redone.
    """
    for kind, bad in (("Ready", "False"), ("Stalled", "True"), ("FetchFailed", "True")):
        found = condition(obj, kind)
        reason = dig_str(found, "reason")
        if found.get("status") == bad and reason not in ("Progressing", "ProgressingWithRetry"):
            return kind, reason, dig_str(found, "message"), found.get("lastTransitionTime")
    return "", "", "", None
