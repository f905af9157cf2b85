from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.conditions import looks_well
from kube_mcp.diagnosis.events import Event, event_in, every_event
from kube_mcp.diagnosis.finding import POSSIBLE, WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence, quote
from kube_mcp.diagnosis.pods import STARTING_S, created, is_over, is_ready, older_than, within
from kube_mcp.graph.owners import controller_of, workload_of
from kube_mcp.objects import Obj
from kube_mcp.scene import Scene, key_for

_RECENT_S = 1800
# Once or twice is what every rollout leaves behind.
_COUNT = 3
# The moment's trouble that passes by itself, or that a check reads on its own terms.
_PASSING = frozenset(
    {
        "BackOff",
        "DNSConfigForming",
        "FailedComputeMetricsReplicas",
        "FailedGetResourceMetric",
        "FailedScheduling",
        "FailedToUpdateEndpoint",
        "FailedToUpdateEndpointSlices",
        "NodeNotReady",
        "Preempted",
        "ProbeWarning",
        "RecreatingFailedPod",
        "TaintManagerEviction",
        "Unhealthy",
    }
)


@check("Event", optional=["Pod", "ReplicaSet"])
def warning_unexplained(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """Warnings about an object keep coming, and nothing else that was found explains them.

    What it detects: the newest Warning event about an object that came three times or more, the
    last within half an hour, unless the object says itself that it is well. It is a guess of last resort: any other finding about the object, or
    the workload it belongs to, explains it.

    Why it matters: what no check knows, a controller may have said.

    Where it cannot tell: events are cluster components' words; some warn of nothing.
    """
    event = event_in(obj, scene)
    if not event.is_warning or event.reason in _PASSING or event.count < _COUNT:
        return
    if not within(event.last, _RECENT_S, scene.now) or not event.about.name:
        return
    if event is not _newest(event, scene):
        return
    about = scene.peek(
        key_for(event.about.kind, event.about.group), event.about.namespace, event.about.name
    )
    if about is not None and event.about.kind == "Pod":
        # It is well by now, or over: the warnings are of the past.
        if is_ready(about) or is_over(about):
            return
        if not older_than(created(about), STARTING_S, scene.now):
            return
    elif about is None and event.about.kind == "Pod" and scene.can_see("Pod"):
        return
    if about is not None and looks_well(about):
        return
    workload = workload_of(about, scene) if about is not None else None
    owner = controller_of(about) if about is not None else None
    yield Finding(
        ref=event.about,
        workload=workload if event.about.kind == "Pod" else None,
        severity=WARNING,
        confidence=POSSIBLE,
        symptom=True,
        title=f"{event.reason}, {event.count} times: {quote(event.message, most=200)}",
        evidence=evidence(
            (f"event {event.reason} from {event.source or 'unknown'}", event.message),
            ("count", event.count),
        ),
        since=event.first,
        blames=tuple(ref for ref in (owner, workload) if ref),
        next=f"Look at {event.about}, and ask {event.source or 'its controller'} for its log.",
    )


def _newest(event: Event, scene: Scene) -> Event:
    """The event itself, if it is the newest telling one about its object; else that one."""
    for each in every_event(scene).get(event.about, ()):
        if each.is_warning and each.reason not in _PASSING and each.count >= _COUNT:
            return event if each == event else each
    return event
