from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.conditions import condition, since
from kube_mcp.diagnosis.events import latest
from kube_mcp.diagnosis.finding import WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence
from kube_mcp.diagnosis.pods import older_than
from kube_mcp.objects import Obj, dig, dig_map, dig_str
from kube_mcp.scene import Scene, ref_to

_PATIENCE_S = 600


@check("PersistentVolumeClaim", optional=["Event", "StorageClass"])
def claim_resize_stuck(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A claim was made larger and its volume has not followed.

    What it detects: the conditions Resizing, FileSystemResizePending and their errors for over ten
    minutes, or an infeasible resize, with the driver's account and whether the class allows growth.

    Why it matters: the disk is as full as before.

    Where it cannot tell: a file system that can only grow when the pod restarts waits for that.
    """
    if dig(obj, "metadata", "deletionTimestamp"):
        return
    wanted = dig(obj, "spec", "resources", "requests", "storage")
    has = dig(obj, "status", "capacity", "storage")
    state = next(
        (str(each) for each in dig_map(obj, "status", "allocatedResourceStatuses").values()), ""
    )
    errors = ("ControllerResizeError", "NodeResizeError", "ModifyVolumeError")
    kinds = ("FileSystemResizePending", "Resizing", *errors)
    for kind in kinds:
        found = condition(obj, kind)
        if found.get("status") != "True":
            continue
        infeasible = "Infeasible" in state or kind in errors
        if not infeasible and not older_than(since(found), _PATIENCE_S, scene.now):
            continue
        event = latest(obj, scene, "VolumeResizeFailed", "FileSystemResizeFailed")
        waits = kind == "FileSystemResizePending" and not infeasible
        yield Finding(
            ref=ref_to(obj),
            severity=WARNING,
            title=f"should be {wanted} and still is {has}"
            f"{': the file system grows when its pod is restarted' if waits else ''}",
            evidence=evidence(
                (f"status.conditions[{kind}].message", dig_str(found, "message") or "True"),
                ("spec.resources.requests.storage", wanted),
                ("status.capacity.storage", has),
                ("status.allocatedResourceStatuses", state),
                (f"event {event.reason}", event.message) if event else ("", ""),
            ),
            since=since(found),
            next="Restart the pod that uses it."
            if waits
            else "Look at what the storage driver answers.",
        )
        return
