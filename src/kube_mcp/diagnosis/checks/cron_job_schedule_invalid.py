from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.cron import Impossible, impossible
from kube_mcp.diagnosis.events import latest
from kube_mcp.diagnosis.finding import CRITICAL, INFO, WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence, quote
from kube_mcp.diagnosis.pods import created
from kube_mcp.diagnosis.workloads import is_deleted
from kube_mcp.graph.owners import children
from kube_mcp.objects import Obj, dig, dig_str
from kube_mcp.scene import Scene, ref_to


@check("CronJob", needs=["Event"], optional=["Job"])
def cron_job_schedule_invalid(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A CronJob's schedule or time zone cannot be understood, or never comes, so it never runs.

    What it detects: the controller's events UnparseableSchedule, InvalidSchedule and
    UnknownTimeZone; the first and the last can happen to a schedule the API server once accepted.
    And a schedule whose days none of its months has, such as the 30th of February; a note where
    its Jobs are started by hand, which some write such a schedule for.

    Why it matters: it never runs, and nothing fails.

    Where it cannot tell: what cannot be understood is known from events only, which expire after
    an hour.
    """
    if is_deleted(obj):
        return
    schedule = dig_str(obj, "spec", "schedule")
    never = impossible(schedule)
    if never is not None:
        if dig(obj, "spec", "suspend") is not True:
            yield _never(obj, schedule, never, scene)
        return
    event = latest(
        obj,
        scene,
        "UnparseableSchedule",
        "UnParseableCronJobSchedule",
        "InvalidSchedule",
        "UnknownTimeZone",
    )
    if event is None:
        return
    yield Finding(
        ref=ref_to(obj),
        severity=CRITICAL,
        title=f"cannot be scheduled: {quote(event.message)}",
        evidence=evidence(
            (f"event {event.reason}", event.message),
            ("spec.schedule", schedule),
            ("spec.timeZone", dig_str(obj, "spec", "timeZone")),
        ),
        since=event.first,
        next="Correct spec.schedule or spec.timeZone.",
    )


def _never(obj: Obj, schedule: str, never: Impossible, scene: Scene) -> Finding:
    ran = dig_str(obj, "status", "lastScheduleTime")
    # Whatever it made without ever having been due, somebody asked for.
    by_hand = not ran and bool(children(obj, scene))
    event = latest(obj, scene, "InvalidSchedule")
    begin = "is started by hand" if by_hand else "never runs"
    return Finding(
        ref=ref_to(obj),
        severity=INFO if by_hand else WARNING,
        title=f"{begin}: '{quote(schedule, most=60)}' never comes, because {never.why}",
        evidence=evidence(
            ("spec.schedule", schedule),
            ("status.lastScheduleTime", ran),
            (f"event {event.reason}", event.message) if event else ("", ""),
        ),
        since=created(obj),
        next="Set spec.suspend, which says so plainly."
        if by_hand
        else f"Write '{quote(never.instead, most=60)}', or set spec.suspend if it is only started "
        "by hand.",
    )
