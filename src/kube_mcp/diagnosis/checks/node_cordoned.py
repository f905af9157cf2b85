from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import INFO, Finding
from kube_mcp.diagnosis.phrases import evidence
from kube_mcp.objects import Obj, dig
from kube_mcp.scene import Scene, ref_to


@check("Node")
def node_cordoned(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A node takes no new pods because somebody cordoned it.

    What it detects: ``spec.unschedulable``. By itself it is a note; it becomes the cause where a
    pod finds no other node.

    Why it matters: capacity is missing; after an upgrade nodes are sometimes left like this.

    Where it cannot tell: whether the node is being worked on right now.
    """
    if dig(obj, "spec", "unschedulable") is not True:
        return
    yield Finding(
        ref=ref_to(obj),
        severity=INFO,
        title="is cordoned: no new pod is placed on it",
        evidence=evidence(("spec.unschedulable", True)),
        next="Uncordon it when the work on it is done.",
    )
