from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.conditions import condition, since
from kube_mcp.diagnosis.crashes import last_words, out_of_memory
from kube_mcp.diagnosis.exits import exit_meaning
from kube_mcp.diagnosis.finding import WARNING, Evidence, Finding
from kube_mcp.diagnosis.phrases import evidence, quote
from kube_mcp.diagnosis.pods import containers, within
from kube_mcp.diagnosis.starving import starved
from kube_mcp.diagnosis.telltales import advice
from kube_mcp.diagnosis.workloads import is_deleted
from kube_mcp.graph.owners import children, controller_of, pods_of
from kube_mcp.objects import Obj, Ref, dig, dig_int, dig_str
from kube_mcp.scene import Scene, ref_to
from kube_mcp.words.times import parse_time

# A Job that failed longer ago has been seen by then, or nobody will.
_RECENT_S = 3 * 24 * 3600


@check("Job", optional=["Event", "Pod"])
def job_failed(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A Job has failed: it will not be tried again.

    What it detects: the Failed condition of a Job of the last three days (too many attempts,
    deadline passed, a pod failure policy), with the exit code of its last pod where that is left;
    and indexes that a Job still at work has given up on: it will fail when the others are done.
    A CronJob's failed run counts only while no later run has succeeded.

    Why it matters: its work is not done, and nothing makes another attempt.

    Where it cannot tell: the pods of a failed Job are often gone, and their logs with them.
    """
    found = condition(obj, "Failed")
    if is_deleted(obj):
        return
    if found.get("status") != "True":
        yield from _given_up(obj, scene)
        return
    moment = since(found)
    if not within(moment, _RECENT_S, scene.now):
        return
    owner = controller_of(obj)
    if owner is not None and any(
        condition(other, "Complete").get("status") == "True"
        and (done := parse_time(dig(other, "status", "completionTime")))
        and moment
        and done > moment
        for other in children(owner, scene)
    ):
        return
    reason = dig_str(found, "reason")
    words = _words(obj, scene)
    yield Finding(
        ref=ref_to(obj),
        workload=owner,
        severity=WARNING,
        title=f"failed with {reason}: {quote(dig_str(found, 'message'), most=160)}"
        f"{_ending(obj, scene)}",
        evidence=evidence(
            ("status.conditions[Failed].reason", reason),
            ("status.conditions[Failed].message", dig_str(found, "message")),
            ("status.failed", dig_int(obj, "status", "failed")),
            ("status.failedIndexes", dig_str(obj, "status", "failedIndexes")),
            ("spec.backoffLimit", dig(obj, "spec", "backoffLimit"))
            if reason == "BackoffLimitExceeded"
            else ("", ""),
            *words,
        ),
        since=moment,
        blames=tuple(_causes(obj, scene)),
        next="Raise activeDeadlineSeconds, or find out why it takes so long."
        if reason == "DeadlineExceeded"
        else advice(words, "it")
        or "Read the log of its last pod for the error, then run it again.",
    )


def _given_up(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """Indexes that were tried as often as they may be, of a Job that goes on with the others."""
    lost = dig_str(obj, "status", "failedIndexes")
    if not lost or condition(obj, "Complete").get("status") == "True":
        return
    limit = dig(obj, "spec", "backoffLimitPerIndex")
    words = _words(obj, scene)
    yield Finding(
        ref=ref_to(obj),
        workload=controller_of(obj),
        severity=WARNING,
        title=f"has given up on its indexes {quote(lost, most=60)}, so it will fail once the others "
        f"are done{_ending(obj, scene)}",
        evidence=evidence(
            ("status.failedIndexes", lost),
            ("status.completedIndexes", dig_str(obj, "status", "completedIndexes")),
            ("spec.backoffLimitPerIndex", limit),
            ("spec.maxFailedIndexes", dig(obj, "spec", "maxFailedIndexes")),
            *words,
        ),
        blames=tuple(_causes(obj, scene)),
        next=advice(words, "it")
        or "Read the log of a pod of these indexes for the error, then run them again.",
    )


def _ending(obj: Obj, scene: Scene) -> str:
    for pod in pods_of(obj, scene):
        for each in containers(pod, scene):
            if each.ended and dig_int(each.ended, "exitCode") != 0:
                return f"; {each.name} ended with {exit_meaning(each.ended)}"
    return ""


def _causes(obj: Obj, scene: Scene) -> Iterator[Ref]:
    """Pods of it that used too much memory, and nodes that ran out of it under its pods."""
    for pod in pods_of(obj, scene):
        for each in containers(pod, scene):
            if out_of_memory(each):
                yield ref_to(pod)
            yield from starved(pod, each, scene)


def _words(obj: Obj, scene: Scene) -> list[Evidence]:
    return [
        line
        for pod in pods_of(obj, scene)
        for each in containers(pod, scene)
        for line in last_words(pod, each, scene)
    ][:3]
