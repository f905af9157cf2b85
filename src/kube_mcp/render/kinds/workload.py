"""Deployments, ReplicaSets, StatefulSets, DaemonSets, Jobs and CronJobs."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from kube_mcp.objects import Obj, dig, dig_int, dig_map, dig_str
from kube_mcp.render.kinds.pod import pod_spec_lines
from kube_mcp.words.selectors import text_of
from kube_mcp.words.times import age, parse_time


def replicas_lines(obj: Obj, now: datetime) -> Iterator[str]:
    """Wanted, present, updated, ready and available, the strategy, and the pod template."""
    spec, status = dig_map(obj, "spec"), dig_map(obj, "status")
    if "desiredNumberScheduled" in status:
        wanted = dig_int(status, "desiredNumberScheduled")
        yield (
            f"nodes: {wanted} wanted, {dig_int(status, 'currentNumberScheduled')} scheduled, "
            f"{dig_int(status, 'updatedNumberScheduled')} updated, "
            f"{dig_int(status, 'numberReady')} ready, {dig_int(status, 'numberAvailable')} "
            f"available, {dig_int(status, 'numberMisscheduled')} misscheduled"
        )
    else:
        yield (
            f"replicas: {dig_int(spec, 'replicas', default=1)} wanted, "
            f"{dig_int(status, 'replicas')} present, {dig_int(status, 'updatedReplicas')} updated, "
            f"{dig_int(status, 'readyReplicas')} ready, "
            f"{dig_int(status, 'availableReplicas')} available"
        )
    facts = []
    strategy = dig_map(spec, "strategy") or dig_map(spec, "updateStrategy")
    if kind := dig_str(strategy, "type"):
        rolling = dig_map(strategy, "rollingUpdate")
        detail = ", ".join(f"{key} {value}" for key, value in rolling.items())
        facts.append(f"strategy {kind}" + (f" ({detail})" if detail else ""))
    if dig(spec, "paused") is True:
        facts.append("PAUSED")
    if service := dig_str(spec, "serviceName"):
        facts.append(f"service {service}")
    generation = dig_int(obj, "metadata", "generation")
    observed = dig_int(status, "observedGeneration", default=generation)
    if observed < generation:
        facts.append(f"controller has seen generation {observed} of {generation}")
    if selector := text_of(dig_map(spec, "selector")):
        facts.append(f"selector {selector}")
    if facts:
        yield ", ".join(facts)
    yield "pod template:"
    for line in pod_spec_lines(dig_map(spec, "template", "spec"), {}, now):
        yield f"  {line}"


def job_lines(obj: Obj, now: datetime) -> Iterator[str]:
    """Completions, active, succeeded and failed pods, the limits, and the pod template."""
    spec, status = dig_map(obj, "spec"), dig_map(obj, "status")
    yield (
        f"completions: {dig_int(status, 'succeeded')} of "
        f"{dig_int(spec, 'completions', default=1)}, {dig_int(status, 'active')} active, "
        f"{dig_int(status, 'failed')} failed (backoffLimit "
        f"{dig_int(spec, 'backoffLimit', default=6)})"
    )
    facts = []
    if dig(spec, "suspend") is True:
        facts.append("SUSPENDED")
    if started := parse_time(status.get("startTime")):
        facts.append(f"started {age(started, now)} ago")
    if ended := parse_time(status.get("completionTime")):
        facts.append(f"completed {age(ended, now)} ago")
    if deadline := dig_int(spec, "activeDeadlineSeconds"):
        facts.append(f"deadline {deadline}s")
    if facts:
        yield ", ".join(facts)
    yield "pod template:"
    for line in pod_spec_lines(dig_map(spec, "template", "spec"), {}, now):
        yield f"  {line}"


def cron_job_lines(obj: Obj, now: datetime) -> Iterator[str]:
    """Schedule, policy, last runs, and the pod template."""
    spec, status = dig_map(obj, "spec"), dig_map(obj, "status")
    zone = dig_str(spec, "timeZone")
    facts = [f"schedule '{dig_str(spec, 'schedule')}'" + (f" in {zone}" if zone else "")]
    facts.append(f"concurrency {dig_str(spec, 'concurrencyPolicy') or 'Allow'}")
    if dig(spec, "suspend") is True:
        facts.append("SUSPENDED")
    for key, word in (
        ("lastScheduleTime", "last scheduled"),
        ("lastSuccessfulTime", "last success"),
    ):
        moment = parse_time(status.get(key))
        facts.append(f"{word} {age(moment, now)} ago" if moment else f"{word}: never")
    facts.append(f"{len(status.get('active') or ())} active")
    yield ", ".join(facts)
    yield "pod template:"
    template = dig_map(spec, "jobTemplate", "spec", "template", "spec")
    for line in pod_spec_lines(template, {}, now):
        yield f"  {line}"
