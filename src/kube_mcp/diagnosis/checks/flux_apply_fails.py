from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.conditions import condition, is_stale
from kube_mcp.diagnosis.finding import CRITICAL, WARNING, Finding
from kube_mcp.diagnosis.flux_failure import failure
from kube_mcp.diagnosis.phrases import evidence, quote
from kube_mcp.diagnosis.pods import older_than
from kube_mcp.graph.flux import (
    HELM_CHART,
    HELM_RELEASE,
    KUSTOMIZATION,
    SOURCES,
    applied,
    chart_of,
    dependencies,
    is_suspended,
    source_of,
)
from kube_mcp.graph.owners import children, pods_of
from kube_mcp.objects import Obj, Ref, dig, dig_int, dig_str
from kube_mcp.scene import Scene, key_of, ref_to, refer
from kube_mcp.words.times import parse_time

# Reasons that say "something else is not ready"; the finding about that explains this one.
_WAITING = {
    "DependencyNotReady": "waits for what it depends on",
    "ArtifactFailed": "has no artifact of its source",
    "SourceNotReady": "has no artifact of its source",
    "HelmChartNotReady": "has no chart",
    "HealthCheckFailed": "was applied, and what it applied is not healthy",
}
# A source is fetched and a health check ends within minutes; what waits longer is held up.
_PATIENCE_S = 120
_ADVICE = {
    "BuildFailed": "Correct what kustomize cannot build at this revision.",
    "ReconciliationFailed": "Correct the object that the API server refuses.",
    "PruneFailed": "Look at the object that cannot be deleted.",
    "InstallFailed": "Correct the chart's values, then let Flux try again.",
    "UpgradeFailed": "Correct the chart's values, then let Flux try again.",
    "TestFailed": "Look at the chart's test pods.",
}


@check(
    KUSTOMIZATION,
    HELM_RELEASE,
    optional=[*SOURCES, HELM_CHART, "Deployment", "StatefulSet", "DaemonSet", "Job", "Pod"],
)
def flux_apply_fails(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A Flux Kustomization or HelmRelease cannot be applied, or what it applied is not healthy.

    What it detects: not ready, with the reason: it does not build, the API server refuses it, an
    install or upgrade failed (how often, whether retries are used up, whether it was rolled back),
    a health check failed, or it waits for its source or for what it depends on.

    Why it matters: what is in Git is not what runs.

    Where it cannot tell: an upgrade that timed out names no object; the workloads it applied that
    are not well are taken for the cause.
    """
    if is_suspended(obj) or dig(obj, "metadata", "deletionTimestamp"):
        return
    kind, reason, message, moment = failure(obj)
    if not kind or is_stale(obj, {"observedGeneration": dig(obj, "status", "observedGeneration")}):
        return
    is_release = key_of(obj) == HELM_RELEASE
    source = source_of(obj)
    chart = chart_of(obj) if is_release else None
    waits = reason in _WAITING or "dependency" in message
    failures = dig_int(obj, "status", "failures")
    stalled = condition(obj, "Stalled")
    exhausted = (
        "RetriesExceeded" in (reason, dig_str(stalled, "reason")) or "retries exhausted" in message
    )
    what = _WAITING.get(reason, "cannot be applied")
    timed_out = any(word in message for word in ("timed out", "timeout", "deadline", "not ready"))
    patient = waits and reason != "HealthCheckFailed"
    if patient and not older_than(parse_time(moment), _PATIENCE_S, scene.now):
        # Each of a chain waits for the one before while all of them are at work.
        return
    first = _first([*dependencies(obj)] if "dependency" in message else [])
    blames: list[Ref] = [
        *((source[1],) if source else ()),
        *((chart,) if chart else ()),
        *dependencies(obj),
        *_unwell(obj, scene, timed_out or reason == "HealthCheckFailed"),
    ]
    yield Finding(
        ref=ref_to(obj),
        severity=WARNING if waits else CRITICAL,
        symptom=waits,
        title=f"{what}{' (retries are used up)' if exhausted else ''}: {quote(message, most=200)}",
        evidence=evidence(
            (f"status.conditions[{kind}].reason", reason),
            (f"status.conditions[{kind}].message", message),
            ("status.conditions[Stalled].message", dig_str(stalled, "message"))
            if kind != "Stalled"
            else ("", ""),
            ("status.lastAppliedRevision", dig_str(obj, "status", "lastAppliedRevision")),
            ("status.lastAttemptedRevision", dig_str(obj, "status", "lastAttemptedRevision")),
            ("status.failures", failures or None),
            (source[0], source[1].full) if source else ("", ""),
        ),
        since=parse_time(moment),
        blames=tuple(blames),
        next=_ADVICE.get(reason, "Act on what Flux says.")
        if not waits
        else f"Look at {first or _first(blames) or 'what it waits for'} first.",
    )


def _first(refs: list[Ref]) -> str:
    return str(refs[0]) if refs else ""


def _unwell(obj: Obj, scene: Scene, by_health: bool) -> list[Ref]:
    """What it applied, with everything below, where their health is what failed."""
    if not by_health:
        return []
    found: list[Ref] = []
    for ref in applied(obj, scene):
        found.append(ref)
        found += [ref_to(each) for each in children(ref, scene)]
        found += [ref_to(pod) for pod in pods_of(ref, scene)]
    target = dig_str(obj, "spec", "targetNamespace")
    return found or ([refer("Namespace", "", target)] if target else [])
