from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.conditions import conditions, said, since
from kube_mcp.diagnosis.finding import CRITICAL, WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence
from kube_mcp.diagnosis.starving import shortage
from kube_mcp.objects import Obj, dig_str
from kube_mcp.scene import Scene, ref_to

# Conditions for which True is bad: the kubelet's own, and those of node-problem-detector. Any
# other that a cluster may add is not judged.
_BAD = {
    "MemoryPressure": "is short of memory and evicts pods",
    "DiskPressure": "is short of disk space and evicts pods",
    "PIDPressure": "is short of process ids",
    "NetworkUnavailable": "has no network set up",
    "KernelDeadlock": "has a deadlock in its kernel",
    "ReadonlyFilesystem": "has a file system that turned read-only",
    "CorruptDockerOverlay2": "has a corrupt image store",
    "FrequentKubeletRestart": "restarts its kubelet again and again",
    "FrequentDockerRestart": "restarts its container runtime again and again",
    "FrequentContainerdRestart": "restarts its container runtime again and again",
    "FrequentUnregisterNetDevice": "loses network devices again and again",
}
# What pods use up, so that moving some of them away helps.
_SCARCE = ("MemoryPressure", "DiskPressure", "PIDPressure")


@check("Node", optional=["Event", "Pod"])
def node_under_pressure(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A node is short of memory, disk, process ids or network, or reports a fault of its own.

    What it detects: the kubelet's pressure conditions and the well-known ones of
    node-problem-detector, where they are True; not the pressure on memory of a node that has run out
    of it.

    Why it matters: pods are evicted from it and no new ones are placed there.

    Where it cannot tell: what uses the memory or the disk up.
    """
    name = dig_str(obj, "metadata", "name")
    for _, each in conditions(obj):
        kind = dig_str(each, "type")
        if kind not in _BAD or each.get("status") != "True":
            continue
        if kind == "MemoryPressure" and (out := shortage(name, scene)) and out.serious:
            continue  # it has run out by now, which is a finding of its own
        yield Finding(
            ref=ref_to(obj),
            part=kind,
            severity=CRITICAL if kind in ("DiskPressure", "ReadonlyFilesystem") else WARNING,
            title=f"{_BAD[kind]}",
            evidence=evidence(
                (f"status.conditions[{kind}].status", "True"),
                (f"status.conditions[{kind}].message", said(each)),
            ),
            since=since(each),
            next=f"Find out what uses up {name}, and move it away."
            if kind in _SCARCE
            else f"Look at the network plugin's pod on {name}."
            if kind == "NetworkUnavailable"
            else f"Drain {name}, and repair or replace it.",
        )
