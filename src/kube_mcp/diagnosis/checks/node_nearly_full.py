from __future__ import annotations

from collections.abc import Iterator, Mapping

from kube_mcp.diagnosis.capacity import Room, amount, rooms
from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import INFO, WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence, listed
from kube_mcp.objects import Obj, dig_str
from kube_mcp.scene import Scene, ref_to

_NEARLY = 0.95


@check("Node", needs=["Pod"])
def node_nearly_full(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A node's requests, or its number of pods, have come near what it can take.

    What it detects: 95 % or more of a node's cpu, memory or pod slots requested, as a note; a
    warning where more is requested than the node has (it shrank, or static pods).

    Why it matters: pods of another node would not fit here when that one fails.

    Where it cannot tell: requests are not use; and it needs the pods of all namespaces.
    """
    room = scene.derived(_by_name).get(dig_str(obj, "metadata", "name"))
    if room is None:
        return
    full = {
        key: room.requested.get(key, 0) / most
        for key in ("cpu", "memory", "pods")
        if (most := room.allocatable.get(key, 0)) > 0
    }
    tight = [key for key, share in full.items() if share >= _NEARLY]
    if not tight:
        return
    over = any(full[key] > 1.0001 for key in tight)
    yield Finding(
        ref=ref_to(obj),
        severity=WARNING if over else INFO,
        title=f"is full: {listed(f'{full[key]:.0%} of {key} requested' for key in tight)}",
        evidence=evidence(
            *(
                (
                    f"requests / status.allocatable.{key}",
                    f"{amount(key, room.requested.get(key, 0))} / "
                    f"{amount(key, room.allocatable[key])}",
                )
                for key in tight
            )
        ),
        next="Add a node, or lower what is requested.",
    )


def _by_name(scene: Scene) -> Mapping[str, Room]:
    return {room.name: room for room in rooms(scene)}
