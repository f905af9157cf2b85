"""Why the API server refuses the pods, or the Jobs, that a controller wants to create."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from kube_mcp.diagnosis.conditions import condition, since
from kube_mcp.diagnosis.events import Event, latest
from kube_mcp.diagnosis.pods import within
from kube_mcp.objects import Obj, Ref, dig, dig_int, dig_list, dig_str
from kube_mcp.scene import Scene, key_of, ref_to, refer
from kube_mcp.words.times import parse_time

#: Kinds whose controllers create pods and say so when they may not.
CREATORS = ("ReplicaSet", "StatefulSet", "DaemonSet", "Job", "ReplicationController")

#: Kinds that hold admission webhooks.
WEBHOOKS = ("ValidatingWebhookConfiguration", "MutatingWebhookConfiguration")

# A controller tries again at least every sixteen minutes while it still wants the pod.
_EVENT_S = 30 * 60

# The first match counts; the words are the API server's and its admission plugins'.
_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("quota", re.compile(r"exceeded quota|failed quota|insufficient quota")),
    ("pod-security", re.compile(r"violates PodSecurity|unable to validate against any security")),
    (
        "webhook",
        re.compile(r"failed calling webhook|admission webhook .* denied|denied the request"),
    ),
    (
        "service-account",
        re.compile(r"service account \S+ was not found|serviceaccount .*not found"),
    ),
    (
        "limit-range",
        re.compile(
            r"(maximum|minimum) \S+ usage per|max limit to request ratio|limit to request ratio"
            r"|no (request|limit) is specified",
            re.IGNORECASE,
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Refusal:
    """One refusal: what the API server answered, where that stands, and of what kind it is."""

    kind: str
    message: str
    path: str
    since: datetime | None


def refusal(obj: Obj, scene: Scene) -> Refusal | None:
    """Why pods of this controller are not created; None where they are, or were since."""
    return scene.derived_for(obj, _refusal)


def _refusal(obj: Obj, scene: Scene) -> Refusal | None:
    found = condition(obj, "ReplicaFailure")
    if found.get("status") == "True":
        message = dig_str(found, "message")
        return Refusal(
            _kind(message), message, "status.conditions[ReplicaFailure].message", since(found)
        )
    event = latest(obj, scene, "FailedCreate")
    if event is None or not within(event.last, _EVENT_S, scene.now) or _is_served(obj, event):
        return None
    return Refusal(_kind(event.message), event.message, "event FailedCreate", event.first)


def _kind(message: str) -> str:
    return next((kind for kind, pattern in _KINDS if pattern.search(message)), "other")


def _is_served(obj: Obj, event: Event) -> bool:
    """Whether it has all the pods it wants by now, or has run since the refusal."""
    match key_of(obj):
        case "DaemonSet":
            wanted = dig_int(obj, "status", "desiredNumberScheduled")
            return dig_int(obj, "status", "currentNumberScheduled") >= wanted > 0
        case "CronJob":
            ran, refused = parse_time(dig(obj, "status", "lastScheduleTime")), event.last
            return ran is not None and refused is not None and ran > refused
        case "Job":
            done = dig_int(obj, "status", "succeeded") + dig_int(obj, "status", "active")
            return done >= dig_int(obj, "spec", "parallelism", default=1)
        case _:
            wanted = dig_int(obj, "spec", "replicas", default=1)
            return dig_int(obj, "status", "replicas") >= wanted


def quota_of(message: str) -> str:
    """The name of the quota that refuses, where one does for want of room; else empty."""
    found = re.search(r"exceeded quota: ([^,:\s]+)", message)
    return found[1] if found else ""


def configurations_of(webhook: str, scene: Scene) -> Iterator[Obj]:
    """The configurations that hold a webhook of this name."""
    for kind in WEBHOOKS:
        for each in scene.seen(kind):
            if any(dig_str(hook, "name") == webhook for hook in dig_list(each, "webhooks")):
                yield each


def causes(message: str, namespace: str, scene: Scene) -> Iterator[Ref]:
    """The quota that is full, or the webhook and the Service of it that do not answer."""
    if quota := quota_of(message):
        yield refer("ResourceQuota", namespace, quota)
    if "failed calling webhook" not in message:
        return
    if named := re.search(r'webhook "([^"]+)"', message):
        yield from (ref_to(each) for each in configurations_of(named[1], scene))
    if service := service_called(message):
        yield service


def service_called(message: str) -> Ref | None:
    """The Service that the API server called, or tried to, by its message."""
    found = re.search(r"https?://([a-z0-9-]+)\.([a-z0-9-]+)\.svc", message)
    return refer("Service", found[2], found[1]) if found else None


def short(message: str) -> str:
    """The refusal without the preamble that every one of them has."""
    text = re.sub(
        r"^(\(combined from similar events\): )?"
        r"(Error creating: |Error creating job: |create (Pod|Claim) .*? in StatefulSet \S+ failed error: )",
        "",
        message,
        flags=re.IGNORECASE,
    )
    return re.sub(r'^(pods|persistentvolumeclaims|jobs\.batch) "[^"]*" is forbidden: ', "", text)
