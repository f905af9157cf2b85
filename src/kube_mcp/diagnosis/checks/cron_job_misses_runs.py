from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.cron import impossible, longest_gap_s
from kube_mcp.diagnosis.events import latest
from kube_mcp.diagnosis.finding import CERTAIN, LIKELY, WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence, listed, quote
from kube_mcp.diagnosis.pods import created, older_than
from kube_mcp.diagnosis.refusals import WEBHOOKS, causes, quota_of, refusal, short
from kube_mcp.diagnosis.workloads import is_deleted
from kube_mcp.graph.owners import pods_of
from kube_mcp.objects import Obj, Ref, dig, dig_int, dig_list, dig_str
from kube_mcp.scene import Scene, ref_to, refer
from kube_mcp.words.times import age, parse_time

# The controller looks every ten seconds; a busy one is minutes late, not more.
_LATE_S = 600
# The controller looks every ten seconds, so a shorter deadline may always have passed by then.
_SHORTEST_DEADLINE_S = 10


@check("CronJob", optional=["Event", "Pod", "ResourceQuota", *WEBHOOKS])
def cron_job_misses_runs(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A CronJob has not run for longer than its schedule allows.

    What it detects: a last run (or, before the first, the creation) longer ago than the longest
    gap in the schedule, and runs that were missed or cannot be scheduled by the controller's own
    account, with the runs still in progress that forbid a new one, or the API server's refusal of
    its Jobs. What keeps such a run from ending, a quota that is full, or a webhook that does not answer, explains that.

    Why it matters: what it does has not been done since.

    Where it cannot tell: a schedule in another form than five fields or a known @name is left to
    the controller's events.
    """
    if dig(obj, "spec", "suspend") is True or is_deleted(obj):
        return
    last = parse_time(dig(obj, "status", "lastScheduleTime"))
    begun = last or created(obj)
    schedule = dig_str(obj, "spec", "schedule")
    if impossible(schedule) is not None:
        return  # nothing was missed: it never comes, which is a finding of its own
    gap_s = longest_gap_s(schedule)
    event = latest(obj, scene, "FailedNeedsStart", "TooManyMissedTimes", "MissSchedule")
    refused = refusal(obj, scene)
    late = gap_s is not None and begun and older_than(begun, gap_s + _LATE_S, scene.now)
    if not late and event is None and refused is None:
        return
    active = [dig_str(each, "name") for each in dig_list(obj, "status", "active")]
    forbids = dig_str(obj, "spec", "concurrencyPolicy") == "Forbid" and bool(active)
    why = ""
    if refused:
        why = f": its Jobs are refused: {quote(short(refused.message), most=200)}"
    elif forbids:
        why = f": its run {listed(active)} is still going, and overlap is forbidden"
    yield Finding(
        ref=ref_to(obj),
        severity=WARNING,
        confidence=CERTAIN if refused else LIKELY,
        title=f"should run at '{schedule}' and "
        f"{f'last ran {age(last, scene.now)} ago' if last else 'has never run'}{why}",
        evidence=evidence(
            ("spec.schedule", schedule),
            ("spec.timeZone", dig_str(obj, "spec", "timeZone")),
            ("status.lastScheduleTime", dig_str(obj, "status", "lastScheduleTime")),
            ("spec.startingDeadlineSeconds", dig(obj, "spec", "startingDeadlineSeconds")),
            ("spec.concurrencyPolicy", dig_str(obj, "spec", "concurrencyPolicy")),
            ("status.active", listed(active) if active else None),
            (f"event {event.reason}", event.message) if event else ("", ""),
            (refused.path, refused.message) if refused else ("", ""),
        ),
        since=begun,
        blames=tuple(causes(refused.message, dig_str(obj, "metadata", "namespace"), scene))
        if refused
        else tuple(_runs(obj, active, scene))
        if forbids
        else (),
        next=_unblock(refused.message)
        if refused
        else f"Look at the run {active[0]}, which does not end."
        if forbids
        else f"Raise startingDeadlineSeconds to {_SHORTEST_DEADLINE_S} or more."
        if 0 < dig_int(obj, "spec", "startingDeadlineSeconds") < _SHORTEST_DEADLINE_S
        else "Look at the CronJob's events, and at kube-controller-manager.",
    )


def _runs(obj: Obj, active: list[str], scene: Scene) -> Iterator[Ref]:
    """The runs in progress and their pods: what keeps those from ending explains it."""
    for name in active:
        run = refer("Job", dig_str(obj, "metadata", "namespace"), name)
        yield run
        yield from (ref_to(pod) for pod in pods_of(run, scene))


def _unblock(message: str) -> str:
    if quota := quota_of(message):
        return (
            f"Raise the quota {quota}, or delete what others, or its own finished Jobs, use of it."
        )
    return "Act on what the API server answers; its Jobs are refused as the template is."
