from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import INFO, Finding
from kube_mcp.diagnosis.phrases import evidence
from kube_mcp.diagnosis.workloads import is_deleted
from kube_mcp.objects import Obj, dig, dig_str
from kube_mcp.scene import Scene, ref_to


@check("CronJob")
def cron_job_suspended(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A CronJob is suspended, so it does not run.

    What it detects: ``spec.suspend``, with the time of its last run. A note, because it is a
    choice.

    Why it matters: a backup that somebody paused for an hour is easily forgotten.

    Where it cannot tell: whether it was meant to last.
    """
    if dig(obj, "spec", "suspend") is not True or is_deleted(obj):
        return
    last = dig_str(obj, "status", "lastScheduleTime")
    yield Finding(
        ref=ref_to(obj),
        severity=INFO,
        title=f"is suspended; it last ran {f'at {last}' if last else 'never'}",
        evidence=evidence(
            ("spec.suspend", True),
            ("spec.schedule", dig_str(obj, "spec", "schedule")),
            ("status.lastScheduleTime", last),
        ),
        next="Resume it if it should run.",
    )
