"""Why the API server refuses the pods that a controller wants to create."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from kube_mcp.diagnosis.conditions import condition, since
from kube_mcp.diagnosis.events import latest
from kube_mcp.diagnosis.pods import within
from kube_mcp.objects import Obj, dig_int, dig_str
from kube_mcp.scene import Scene, key_of

#: Kinds whose controllers create pods and say so when they may not.
CREATORS = ("ReplicaSet", "StatefulSet", "DaemonSet", "Job", "ReplicationController")

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


def _known(scene: Scene) -> dict[int, tuple[Obj, Refusal | None]]:
    """By the identity of the controller, which is kept beside it so that none is used twice."""
    return {}


def refusal(obj: Obj, scene: Scene) -> Refusal | None:
    """Why pods of this controller are not created; None where they are, or were since."""
    known = scene.derived(_known)
    if id(obj) not in known:
        known[id(obj)] = (obj, _refusal(obj, scene))
    return known[id(obj)][1]


def _refusal(obj: Obj, scene: Scene) -> Refusal | None:
    found = condition(obj, "ReplicaFailure")
    if found.get("status") == "True":
        message = dig_str(found, "message")
        return Refusal(
            _kind(message), message, "status.conditions[ReplicaFailure].message", since(found)
        )
    event = latest(obj, scene, "FailedCreate")
    if event is None or not within(event.last, _EVENT_S, scene.now) or _is_served(obj):
        return None
    return Refusal(_kind(event.message), event.message, "event FailedCreate", event.first)


def _kind(message: str) -> str:
    return next((kind for kind, pattern in _KINDS if pattern.search(message)), "other")


def _is_served(obj: Obj) -> bool:
    """Whether it has all the pods it wants by now."""
    match key_of(obj):
        case "DaemonSet":
            wanted = dig_int(obj, "status", "desiredNumberScheduled")
            return dig_int(obj, "status", "currentNumberScheduled") >= wanted > 0
        case "Job":
            done = dig_int(obj, "status", "succeeded") + dig_int(obj, "status", "active")
            return done >= dig_int(obj, "spec", "parallelism", default=1)
        case _:
            wanted = dig_int(obj, "spec", "replicas", default=1)
            return dig_int(obj, "status", "replicas") >= wanted


def short(message: str) -> str:
    """The refusal without the preamble that every one of them has."""
    text = re.sub(
        r"^(\(combined from similar events\): )?"
        r"(Error creating: |create (Pod|Claim) .*? in StatefulSet \S+ failed error: )",
        "",
        message,
        flags=re.IGNORECASE,
    )
    return re.sub(r'^(pods|persistentvolumeclaims) "[^"]*" is forbidden: ', "", text)
