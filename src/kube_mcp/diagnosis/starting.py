"""Pods that are on a node and whose containers nevertheless do not begin."""

from __future__ import annotations

from kube_mcp.diagnosis.pods import (
    STARTING_S,
    containers,
    created,
    is_going,
    older_than,
    phase,
)
from kube_mcp.objects import Obj, dig
from kube_mcp.scene import Scene
from kube_mcp.words.times import parse_time


def is_stuck_creating(pod: Obj, scene: Scene) -> bool:
    """Whether a pod was placed long enough ago and none of its containers was ever created."""
    if phase(pod) != "Pending" or not dig(pod, "spec", "nodeName") or is_going(pod):
        return False
    begun = parse_time(dig(pod, "status", "startTime")) or created(pod)
    if not older_than(begun, STARTING_S, scene.now):
        return False
    return all(
        each.reason in ("ContainerCreating", "PodInitializing", "")
        and not each.running
        and not each.ended
        for each in containers(pod, scene)
    )
