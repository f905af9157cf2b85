from __future__ import annotations

import re
from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.conditions import status_is
from kube_mcp.diagnosis.events import events_about
from kube_mcp.diagnosis.finding import CRITICAL, Finding
from kube_mcp.diagnosis.phrases import evidence, quote
from kube_mcp.diagnosis.pods import unwell_pods
from kube_mcp.diagnosis.starting import is_stuck_creating
from kube_mcp.graph.owners import workload_of
from kube_mcp.graph.volumes import claim_names
from kube_mcp.objects import Obj, Ref, dig_str
from kube_mcp.scene import Scene, ref_to, refer

# A missing ConfigMap or Secret is a finding of its own, by name.
_REFERENCE = re.compile(r'(configmap|secret)s? "[^"]+" not found|references non-existent')

_HOST_PATH = re.compile(r"hostPath type check failed: (\S+) is not an? ([a-z ]+)")
_WAITS = re.compile(r"[Uu]nable to attach or mount volumes.*(timed out|deadline exceeded)")
_HOLDERS = re.compile(r"used by pod\(s\) ([\w.-]+(?:, [\w.-]+)*)")

_NO_DRIVER = re.compile(r"driver name (\S+) not found in the list of registered CSI drivers")


@check(
    "Pod",
    among=unwell_pods,
    needs=["Event"],
    optional=["PersistentVolumeClaim", "ReplicaSet", "VolumeAttachment", "Node"],
)
def volume_cannot_be_mounted(pod: Obj, scene: Scene) -> Iterator[Finding]:
    """A pod's volume cannot be attached to its node or mounted there.

    What it detects: FailedMount, FailedAttachVolume and FailedMapVolume events of a pod that has
    been creating its containers for over two minutes; a volume still attached elsewhere is named
    as such, and the trouble of the pod or the lost node that holds it explains it.

    Why it matters: the pod waits without an end; nothing of it runs.

    Where it cannot tell: events expire after an hour, so for an older pod the reason may be gone.
    """
    if not is_stuck_creating(pod, scene):
        return
    found = events_about(pod, scene, "FailedAttachVolume", "FailedMount", "FailedMapVolume")
    # The kubelet says again and again that it waits; what for was said once, before.
    event = next((each for each in found if not _WAITS.search(each.message)), None)
    event = event or next(iter(found), None)
    if event is None or _REFERENCE.search(event.message):
        return
    attached = "Multi-Attach" in event.message
    driver = _NO_DRIVER.search(event.message)
    path = _HOST_PATH.search(event.message)
    holders = _HOLDERS.search(event.message)
    namespace = dig_str(pod, "metadata", "namespace")
    yield Finding(
        ref=ref_to(pod),
        workload=workload_of(pod, scene),
        severity=CRITICAL,
        title="its volume is still attached to another node"
        if attached
        else f"its volume cannot be mounted: {quote(event.message, most=200)}",
        evidence=evidence(
            (f"event {event.reason} (x{event.count})", event.message),
            ("spec.nodeName", dig_str(pod, "spec", "nodeName")),
        ),
        since=event.first,
        blames=(
            *(refer("PersistentVolumeClaim", namespace, each) for each in claim_names(pod)),
            *(
                refer("Pod", namespace, each)
                for each in (holders[1].split(", ") if holders else ())
            ),
            *(_lost_nodes(pod, scene) if attached else ()),
        ),
        shared=f"{driver[1]} on {dig_str(pod, 'spec', 'nodeName')}" if driver else "",
        next="Remove the pod that still holds the volume, or wait until its node lets go."
        if attached
        else f"Check that the node plugin of {driver[1]} runs on {dig_str(pod, 'spec', 'nodeName')}."
        if driver
        else f"Look at {path[1]} on {dig_str(pod, 'spec', 'nodeName')}: make it a {path[2].strip()} "
        "there, or correct the hostPath and its type."
        if path
        else "Act on what the storage driver answers.",
    )


def _lost_nodes(pod: Obj, scene: Scene) -> Iterator[Ref]:
    """The other nodes that the pod's volumes are attached to, where those are not ready."""
    namespace = dig_str(pod, "metadata", "namespace")
    volumes = {
        dig_str(claim, "spec", "volumeName")
        for name in claim_names(pod)
        if (claim := scene.peek("PersistentVolumeClaim", namespace, name)) is not None
    }
    for each in scene.seen("VolumeAttachment"):
        if dig_str(each, "spec", "source", "persistentVolumeName") in volumes:
            node = scene.peek("Node", "", dig_str(each, "spec", "nodeName"))
            if node is not None and not status_is(node, "Ready", "True"):
                yield ref_to(node)
