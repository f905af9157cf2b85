from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence, quote
from kube_mcp.diagnosis.pods import created, older_than
from kube_mcp.objects import Obj, dig, dig_str
from kube_mcp.scene import Scene, ref_to, refer
from kube_mcp.words.times import parse_time

_PATIENCE_S = 300


@check("VolumeAttachment", optional=["PersistentVolume", "Node"])
def volume_attachment_stuck(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A volume cannot be attached to a node, or not detached from it.

    What it detects: an attach or detach error in the status, an attachment not made, or not undone,
    for over five minutes, and one for a node that does not exist.

    Why it matters: the pod that needs the volume waits; while it is attached elsewhere, forever.

    Where it cannot tell: the storage driver's message is quoted, not understood.
    """
    node = dig_str(obj, "spec", "nodeName")
    volume = dig_str(obj, "spec", "source", "persistentVolumeName")
    going = parse_time(dig(obj, "metadata", "deletionTimestamp"))
    error = dig_str(obj, "status", "detachError" if going else "attachError", "message")
    begun = going or created(obj)
    late = older_than(begun, _PATIENCE_S, scene.now)
    gone = bool(scene.seen("Node")) and scene.lacks("Node", "", node)
    attached = dig(obj, "status", "attached") is True
    if going:
        what = "cannot be detached from"
        stuck = late
    else:
        what = "cannot be attached to"
        stuck = not attached and (late or bool(error))
    if not stuck and not gone:
        return
    claim_ref = dig(scene.peek("PersistentVolume", "", volume), "spec", "claimRef")
    claim = refer(
        "PersistentVolumeClaim", dig_str(claim_ref, "namespace"), dig_str(claim_ref, "name")
    )
    yield Finding(
        ref=ref_to(obj),
        severity=WARNING,
        title=f"volume {volume} {what} {node}"
        f"{', which does not exist any more' if gone else ''}"
        f"{f': {quote(error, most=200)}' if error else ''}",
        evidence=evidence(
            ("spec.nodeName", node),
            ("status.attached", attached),
            ("status error", error),
            ("spec.attacher", dig_str(obj, "spec", "attacher")),
        ),
        since=begun,
        blames=(refer("Node", "", node),),
        victims=(claim,) if claim.name else (),
        next=f"Look at the driver {dig_str(obj, 'spec', 'attacher')} and at {node}.",
    )
