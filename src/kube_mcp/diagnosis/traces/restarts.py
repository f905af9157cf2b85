"""Containers that ended: the latest end of each is all that a pod remembers."""

from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.exits import exit_meaning
from kube_mcp.diagnosis.pods import Container, containers, is_going, is_over
from kube_mcp.diagnosis.traces.change import Change
from kube_mcp.diagnosis.traces.roots import root_of
from kube_mcp.objects import Obj, dig
from kube_mcp.scene import Scene, ref_to
from kube_mcp.words.times import parse_time


def restarts(scene: Scene) -> Iterator[Change]:
    """Each container's latest end, but for those that did what they were there for."""
    for pod in scene.seen("Pod"):
        for each in containers(pod, scene):
            yield from _of(pod, each, scene)


def _of(pod: Obj, each: Container, scene: Scene) -> Iterator[Change]:
    at = parse_time(dig(each.ended, "finishedAt"))
    well = dig(each.ended, "exitCode") == 0
    if at is None or (well and (each.role != "container" or is_over(pod) or not each.restarts)):
        return
    ref = ref_to(pod)
    meaning = exit_meaning(each.ended)
    yield Change(
        at,
        ref,
        "restart",
        f"{each.role} {each.name} ended with {meaning}",
        bad=not well and not is_going(pod),
        count=max(1, each.restarts),
        fold=f"restart {root_of(ref, scene)} {each.name} {meaning}",
    )
