"""Why a container was ended or ends: memory, a probe, or by itself. Each ending has one cause."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from kube_mcp.diagnosis.events import Event, events_about
from kube_mcp.diagnosis.finding import Evidence
from kube_mcp.diagnosis.phrases import quote
from kube_mcp.diagnosis.pods import (
    Container,
    containers,
    is_going,
    is_over,
    older_than,
    phase,
    unwell_pods,
    within,
)
from kube_mcp.diagnosis.telltales import from_the_point
from kube_mcp.graph.owners import workload_of
from kube_mcp.objects import Obj, dig, dig_int, dig_str
from kube_mcp.scene import Scene, ref_to
from kube_mcp.words.times import parse_time

#: Endings with which the runtime says that it could not start the container: nothing of it ran.
NEVER_RAN = frozenset({"ContainerCannotRun", "StartError"})

#: After ten minutes without a crash the kubelet forgets its back-off; so do we.
RECENT_S = 600
_LONG_RUN_S = 1800
_DAWDLING_S = 600

# What a line that tells why a program ended tends to hold, in the languages people deploy.
_TELLING = re.compile(
    r"error|fatal|panic|exception|traceback|fail|refused|denied|not found|no such|cannot|can't"
    r"|unable|unauthorized|forbidden|timed? ?out|missing|invalid|undefined|segfault|abort"
    r"|caused by|critical|already in use|out of memory|exit",
    re.IGNORECASE,
)
_QUOTED_LINES = 3
_LONGEST_LINE = 200


def out_of_memory(container: Container) -> Mapping[str, Any]:
    """The ending that was a kill for memory, this one or the one before; else an empty map."""
    for ended in (container.terminated, container.last):
        if dig_str(ended, "reason") == "OOMKilled":
            return ended
    return {}


def killing(pod: Obj, container: Container, scene: Scene, probe: str) -> Event | None:
    """The event with which the kubelet said that it kills the container for a failed probe.

    Before a container is killed the first time there is none; the restart must have happened.
    """
    if container.restarts == 0:
        return None
    for event in events_about(pod, scene, "Killing"):
        if not _is_of(event, container):
            continue
        if f"failed {probe} probe" in event.message:
            return event
    return None


def unhealthy(pod: Obj, container: Container, scene: Scene, probe: str) -> Event | None:
    """The newest event of a failing probe: ``Readiness``, ``Liveness`` or ``Startup``."""
    for event in events_about(pod, scene, "Unhealthy", "ProbeWarning"):
        if event.message.startswith(f"{probe} probe") and _is_of(event, container):
            return event
    return None


def failed_hook(pod: Obj, container: Container, scene: Scene) -> Event | None:
    """The event that a postStart hook of the container failed, for which the kubelet kills it."""
    for event in events_about(pod, scene, "FailedPostStartHook"):
        if _is_of(event, container):
            return event
    return None


def _is_of(event: Event, container: Container) -> bool:
    """Whether the event is about this container; one that names none counts."""
    return not event.part or f"{{{container.name}}}" in event.part


def is_crashing(container: Container, pod: Obj, scene: Scene) -> bool:
    """Whether the container ends by itself again and again, right now.

    Also between two crashes, when it runs for a moment: the rule is a restart in the last ten
    minutes and at least two of them. Kills for memory and by probes are not crashes.
    """
    if is_over(pod) or is_going(pod):
        return False
    if out_of_memory(container) or killed_by_probe(pod, container, scene):
        return False
    if dig_str(container.ended, "reason") in NEVER_RAN:
        return False
    if container.reason == "CrashLoopBackOff":
        return True
    ended = container.ended
    if container.restarts < 2 or not ended:
        return False
    # A container that ends without an error and is ready again does what it is there for.
    if dig_int(ended, "exitCode") == 0 and container.ready:
        return False
    if container.running and within(parse_time(dig(ended, "finishedAt")), RECENT_S, scene.now):
        lasted_s = ran_for_s(ended)
        if container.ready and lasted_s is not None and lasted_s > _LONG_RUN_S:
            return False  # it ends now and then, after hours: no loop
        return not container.ready or container.restarts >= 3
    return bool(container.terminated) and dig_int(container.terminated, "exitCode") != 0


def killed_by_probe(pod: Obj, container: Container, scene: Scene) -> bool:
    """Whether a liveness or startup probe is why the container was last ended.

    What a program ends with when it is told to is its own choice; the usual codes are taken at
    their word, any other only where the kubelet's kill came just before the end.
    """
    if not container.ended:
        return False
    events = [
        event
        for probe in ("liveness", "startup")
        if (event := killing(pod, container, scene, probe))
    ]
    if dig_int(container.ended, "exitCode") in (0, 2, 137, 143):
        return bool(events)
    end = parse_time(dig(container.ended, "finishedAt"))
    grace_s = dig_int(pod, "spec", "terminationGracePeriodSeconds", default=30)
    return end is not None and any(
        event.last is not None
        # Both times are whole seconds.
        and -1 <= (end - event.last).total_seconds() <= grace_s + 1
        for event in events
    )


def dawdles(container: Container, pod: Obj, now: datetime) -> bool:
    """Whether it is an init container that has run for so long that it most likely waits for
    something that does not come: migrations and downloads take minutes."""
    if container.role != "init container" or not container.running or is_going(pod):
        return False
    started = parse_time(dig(container.running, "startedAt"))
    return phase(pod) == "Pending" and older_than(started, _DAWDLING_S, now)


def ran_for_s(ended: Mapping[str, Any]) -> float | None:
    """How long a finished run lasted, in seconds."""
    start, end = parse_time(dig(ended, "startedAt")), parse_time(dig(ended, "finishedAt"))
    return (end - start).total_seconds() if start and end and end >= start else None


def last_words(pod: Obj, container: Container, scene: Scene) -> tuple[Evidence, ...]:
    """The telling last lines of the container's log, where they were read."""
    tail = scene.logs.get(
        (
            dig_str(pod, "metadata", "namespace"),
            dig_str(pod, "metadata", "name"),
            container.name,
        )
    )
    if tail is None:
        return ()
    label = "previous log" if tail.previous else "log"
    return tuple((label, line) for line in telling(tail.lines))


def telling(lines: Sequence[str]) -> list[str]:
    """The last lines that name an error, in order; the very last ones where none does."""
    kept = [
        # Cut in its middle, a long line might lose the very words that tell.
        quote(line if len(line) <= _LONGEST_LINE else from_the_point(line), most=_LONGEST_LINE)
        for line in lines
        if line.strip()
    ]
    # Once reclaimed, the kubelet answers with this text where the log would be.
    kept = [line for line in kept if not line.startswith("unable to retrieve container logs")]
    pointed = [line for line in kept if _TELLING.search(line)]
    return list(dict.fromkeys(pointed or kept))[-_QUOTED_LINES:]


def wants_logs(scene: Scene, *, most: int = 8) -> list[tuple[str, str, str, bool]]:
    """The logs worth a second reading: (namespace, pod, container, previous), one per workload.

    At most ``most``, those that crashed last first. ``previous`` says that the run before is
    meant, because the present one has not failed yet.
    """
    found: dict[tuple[object, str], tuple[float, tuple[str, str, str, bool]]] = {}
    for pod in scene.derived(unwell_pods) if scene.can_see("Pod") else ():
        for each in containers(pod, scene):
            if not _failed(each, pod, scene):
                continue
            moment = _moment(each)
            key = (workload_of(pod, scene) or ref_to(pod), each.name)
            entry = (
                dig_str(pod, "metadata", "namespace"),
                dig_str(pod, "metadata", "name"),
                each.name,
                not each.terminated and bool(each.last) and not dawdles(each, pod, scene.now),
            )
            if key not in found or found[key][0] < moment:
                found[key] = (moment, entry)
    newest = sorted(found.values(), key=lambda each: (-each[0], each[1]))
    return [entry for _, entry in newest[:most]]


def _failed(container: Container, pod: Obj, scene: Scene) -> bool:
    if container.terminated and dig_int(container.terminated, "exitCode") != 0:
        return not is_going(pod)
    if dawdles(container, pod, scene.now):
        return True
    return container.restarts > 0 and (
        container.reason == "CrashLoopBackOff"
        or is_crashing(container, pod, scene)
        or killed_by_probe(pod, container, scene)
    )


def _moment(container: Container) -> float:
    finished = parse_time(dig(container.ended, "finishedAt"))
    finished = finished or parse_time(dig(container.running, "startedAt"))
    return finished.timestamp() if finished else 0.0
