from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.conditions import condition
from kube_mcp.diagnosis.finding import INFO, WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence, listed, plural
from kube_mcp.diagnosis.starving import shortage, victim_of
from kube_mcp.objects import Obj, dig, dig_list, dig_str
from kube_mcp.scene import Scene, ref_to
from kube_mcp.words.times import age


@check("Node", needs=["Event"], optional=["Pod"])
def node_out_of_memory(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A node ran out of memory as a whole, and the kernel killed processes on it.

    What it detects: the kubelet's SystemOOM events of the last hour about a node, with the
    containers that ended with exit code 137 at those times. Without such a container it is a note
    where it came twice, and a warning where it came three times within half an hour.

    Why it matters: the kernel ends the largest process, within its limit or not, so what crashes is
    often not what uses the memory up.

    Where it cannot tell: which process took the memory; nothing once the events have expired.
    """
    node = dig_str(obj, "metadata", "name")
    found = shortage(node, scene)
    if found is None:
        return
    kills, total, ended = found.kills, found.total, found.ended
    presses = dig_str(condition(obj, "MemoryPressure"), "status") == "True"
    names = list(dict.fromkeys(name for each in kills if (name := victim_of(each))))
    what = f" ({listed(names, most=3)})" if names else ""
    so = f", and {plural(len(ended), 'container')} ended with it" if ended else ""
    times = [each.first for each in kills if each.first is not None]
    yield Finding(
        ref=ref_to(obj),
        severity=WARNING if found.serious else INFO,
        title=f"ran out of memory: the kernel killed {plural(total, 'process', 'processes')}{what}"
        f"{so}",
        evidence=evidence(
            *(
                (f"event {each.reason} {age(each.last, scene.now)} ago", each.message)
                for each in kills[:2]
            ),
            *(
                (
                    f"{each.name} of {dig_str(pod, 'metadata', 'name')} finishedAt",
                    dig_str(each.ended, "finishedAt"),
                )
                for pod, each in ended[:1]
            ),
            ("status.conditions[MemoryPressure].status", "True" if presses else ""),
            ("status.allocatable.memory", dig(obj, "status", "allocatable", "memory")),
            ("its pods without a memory limit", _unlimited(node, scene)),
        ),
        since=min(times) if times else None,
        victims=tuple(dict.fromkeys(ref_to(pod) for pod, _ in ended)),
        next=f"Find out what uses up the memory of {node}, and give its pods memory limits and "
        "requests that match.",
    )


def _unlimited(node: str, scene: Scene) -> str:
    """The pods that may use the node's memory up, where all its pods were read."""
    if scene.namespace:
        return ""
    names = [
        f"{dig_str(pod, 'metadata', 'namespace')}/{dig_str(pod, 'metadata', 'name')}"
        for pod in scene.seen("Pod")
        if dig_str(pod, "spec", "nodeName") == node
        and any(
            not dig(each, "resources", "limits", "memory")
            for each in dig_list(pod, "spec", "containers")
        )
    ]
    return listed(names) if names else ""
