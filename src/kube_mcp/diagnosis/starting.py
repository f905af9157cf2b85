"""How long a pod may take to become ready, and whether it has had that time."""

from __future__ import annotations

from kube_mcp.diagnosis.conditions import condition, since
from kube_mcp.diagnosis.pods import (
    STARTING_S,
    containers,
    created,
    is_going,
    older_than,
    phase,
)
from kube_mcp.diagnosis.probes import allowed_s, probe_of
from kube_mcp.objects import Obj, dig
from kube_mcp.scene import Scene
from kube_mcp.words.times import parse_time

#: What keeps a container from running now and will keep doing so, unlike these.
_ON_ITS_WAY = ("", "ContainerCreating", "PodInitializing")


def is_unready_too_long(pod: Obj, scene: Scene) -> bool:
    """Whether a pod was not ready for longer than starting takes and its own probes allow.

    A slow starter says so in its startup probe; before that has given up nothing is wrong.
    """
    allowed = max(
        (
            allowed_s(probe_of(each, kind))
            for each in containers(pod, scene)
            if not each.ready and each.role in ("container", "sidecar")
            for kind in ("Startup", "Readiness")
        ),
        default=0,
    )
    moment = since(condition(pod, "Ready")) or created(pod)
    return older_than(moment, STARTING_S + allowed, scene.now)


def is_settled(pod: Obj, scene: Scene) -> bool:
    """Whether a pod that is not ready has had its time to become so.

    That is: for long enough, or it waits for something that no time brings, or was restarted
    twice already.
    """
    return is_unready_too_long(pod, scene) or any(
        each.restarts >= 2 or each.reason not in _ON_ITS_WAY for each in containers(pod, scene)
    )


def is_stuck_creating(pod: Obj, scene: Scene) -> bool:
    """Whether a pod was placed long enough ago and none of its containers was ever created."""
    if phase(pod) != "Pending" or not dig(pod, "spec", "nodeName") or is_going(pod):
        return False
    begun = parse_time(dig(pod, "status", "startTime")) or created(pod)
    if not older_than(begun, STARTING_S, scene.now):
        return False
    return all(
        each.reason in _ON_ITS_WAY and not each.running and not each.ended
        for each in containers(pod, scene)
    )
