from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.events import latest
from kube_mcp.diagnosis.finding import CRITICAL, Finding
from kube_mcp.diagnosis.phrases import evidence, quote
from kube_mcp.diagnosis.workloads import is_deleted
from kube_mcp.objects import Obj, dig_str
from kube_mcp.scene import Scene, ref_to


@check("CronJob", needs=["Event"])
def cron_job_schedule_invalid(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A CronJob's schedule or time zone cannot be understood, so it never runs.

    What it detects: the controller's events UnparseableSchedule and UnknownTimeZone; both can
    happen to a schedule the API server once accepted.

    Why it matters: it never runs, and nothing fails.

    Where it cannot tell: nothing once the events have expired, after an hour.
    """
    event = latest(
        obj, scene, "UnparseableSchedule", "UnparseableCronJobSchedule", "UnknownTimeZone"
    )
    if event is None or is_deleted(obj):
        return
    yield Finding(
        ref=ref_to(obj),
        severity=CRITICAL,
        title=f"cannot be scheduled: {quote(event.message)}",
        evidence=evidence(
            (f"event {event.reason}", event.message),
            ("spec.schedule", dig_str(obj, "spec", "schedule")),
            ("spec.timeZone", dig_str(obj, "spec", "timeZone")),
        ),
        since=event.first,
        next="Correct spec.schedule or spec.timeZone.",
    )
