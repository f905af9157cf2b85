"""Nodes that ran out of memory as a whole, and the containers that ended with it.

The kernel then ends whichever process is largest, whatever its container's limit, and the kubelet
writes an event ``SystemOOM`` about the node: where one process of a container uses more than the
container may, it writes none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from kube_mcp.diagnosis.crashes import killed_by_probe, out_of_memory
from kube_mcp.diagnosis.events import Event, every_event
from kube_mcp.diagnosis.finding import Evidence
from kube_mcp.diagnosis.pods import Container, containers, is_going, unwell_pods, within
from kube_mcp.objects import Obj, Ref, dig, dig_int, dig_map, dig_str
from kube_mcp.scene import Scene, refer
from kube_mcp.words.times import age, parse_time

REASON = "SystemOOM"

# The kernel's killing, the container's ending and the kubelet's event are seconds apart; on a node
# that thrashes a runtime may need minutes to notice.
_NEAR_S = 180
# A container that used more than its own limit can end on such a node too, so the two have to be
# at the same moment to be the same.
_SAME_S = 60
# So long the API server keeps events, where nobody has set it otherwise.
_RECENT_S = 3600
# A process that no container misses is killed now and then; so many within half an hour are a
# node on which nothing is safe.
_OFTEN = 3
_OFTEN_S = 1800
_VICTIM = re.compile(r"victim process: (.+?), pid")
_KILLED = 137


def kills_on(node: str, scene: Scene) -> Sequence[Event]:
    """The kernel's kills for want of memory on a node, newest first, where events were read."""
    return scene.derived(_kills).get(node, ())


def _kills(scene: Scene) -> dict[str, list[Event]]:
    # By name alone: as the node's uid the kubelet writes its name into its events.
    return {
        ref.name: found
        for ref, events in every_event(scene).items()
        if ref.kind == "Node" and (found := [each for each in events if each.reason == REASON])
    }


def victim_of(event: Event) -> str:
    """The process that was killed, as the kubelet names it; empty where it does not."""
    found = _VICTIM.search(event.message)
    return found[1].strip() if found else ""


def killed_with(pod: Obj, container: Container, scene: Scene) -> Event | None:
    """The kill on the pod's node with which the container's latest run ended, if there is one."""
    ended = container.ended
    if dig_int(ended, "exitCode") != _KILLED:
        return None
    finished = parse_time(dig(ended, "finishedAt"))
    kills = kills_on(dig_str(pod, "spec", "nodeName"), scene)
    if finished is None or not kills or killed_by_probe(pod, container, scene):
        return None
    limited = bool(dig_map(container.spec, "resources", "limits").get("memory"))
    most_s = _SAME_S if limited and out_of_memory(container) else _NEAR_S
    best = min(kills, key=lambda each: _apart_s(each, finished))
    return best if _apart_s(best, finished) <= most_s else None


def _apart_s(event: Event, moment: datetime) -> float:
    """How far a moment is from the nearest kill that an event tells of."""
    known = [each for each in (event.first, event.last) if each is not None]
    if not known:
        return float("inf")
    first, last = min(known), max(known)
    # One event stands for many that come close together; of those in between no time is kept.
    span_s = (last - first).total_seconds()
    if first <= moment <= last and event.count > 2:
        return span_s / (event.count - 1) / 2
    return min(abs((moment - each).total_seconds()) for each in known)


def suspects(scene: Scene) -> frozenset[str]:
    """The nodes on which a container of late ended in a way that only their events explain."""
    return frozenset(
        dig_str(pod, "spec", "nodeName")
        for pod in (scene.derived(unwell_pods) if scene.can_see("Pod") else ())
        if not is_going(pod)
        for each in containers(pod, scene)
        if dig_int(each.ended, "exitCode") == _KILLED
        and within(parse_time(dig(each.ended, "finishedAt")), _RECENT_S, scene.now)
        and not killed_by_probe(pod, each, scene)
    )


def starved(pod: Obj, container: Container, scene: Scene) -> tuple[Ref, ...]:
    """The pod's node, where the container ended because that ran out of memory."""
    if killed_with(pod, container, scene) is None:
        return ()
    return (refer("Node", "", dig_str(pod, "spec", "nodeName")),)


def starved_by(pod: Obj, container: Container, scene: Scene) -> Evidence:
    """The event of that as evidence; empty where there is none."""
    event = killed_with(pod, container, scene)
    if event is None:
        return ("", "")
    return (f"event {REASON} on {event.about.name} {age(event.last, scene.now)} ago", event.message)


@dataclass(frozen=True, slots=True)
class Shortage:
    """What a node's want of memory did of late.

    ``kills`` are the kernel's, newest first; ``ended`` the containers that ended with one of them,
    each with its pod. ``serious`` is false where nothing is known to have suffered much.
    """

    kills: Sequence[Event]
    ended: Sequence[tuple[Obj, Container]]
    serious: bool

    @property
    def total(self) -> int:
        """How many processes were killed."""
        return sum(each.count for each in self.kills)


def shortage(node: str, scene: Scene) -> Shortage | None:
    """The shortage of a node in the last hour, or with which a container ended that is still down.

    None also where a single process was killed that no container misses.
    """
    if not (known := kills_on(node, scene)):
        return None
    ended: list[tuple[Obj, Container]] = []
    told: list[Event] = []
    for pod in scene.derived(unwell_pods) if scene.can_see("Pod") else ():
        if dig_str(pod, "spec", "nodeName") != node or is_going(pod):
            continue
        for each in containers(pod, scene):
            event = killed_with(pod, each, scene)
            finished = parse_time(dig(each.ended, "finishedAt"))
            if event and (not each.running or within(finished, _RECENT_S, scene.now)):
                ended.append((pod, each))
                told.append(event)
    kills = [each for each in known if each in told or within(each.last, _RECENT_S, scene.now)]
    lately = sum(each.count for each in kills if within(each.last, _OFTEN_S, scene.now))
    found = Shortage(kills, ended, serious=bool(ended) or lately >= _OFTEN)
    return found if ended or found.total > 1 else None
