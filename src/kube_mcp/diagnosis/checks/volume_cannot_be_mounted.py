from __future__ import annotations

import re
from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.events import latest
from kube_mcp.diagnosis.finding import CRITICAL, Finding
from kube_mcp.diagnosis.phrases import evidence, quote
from kube_mcp.diagnosis.pods import unwell_pods
from kube_mcp.diagnosis.starting import is_stuck_creating
from kube_mcp.graph.owners import workload_of
from kube_mcp.graph.volumes import claim_names
from kube_mcp.objects import Obj, dig_str
from kube_mcp.scene import Scene, ref_to, refer

# A missing ConfigMap or Secret is a finding of its own, by name.
_REFERENCE = re.compile(r'(configmap|secret)s? "[^"]+" not found|references non-existent')

_HOST_PATH = re.compile(r"hostPath type check failed: (\S+) is not an? ([a-z ]+)")
_NO_DRIVER = re.compile(r"driver name (\S+) not found in the list of registered CSI drivers")


@check("Pod", among=unwell_pods, needs=["Event"], optional=["PersistentVolumeClaim", "ReplicaSet"])
def volume_cannot_be_mounted(pod: Obj, scene: Scene) -> Iterator[Finding]:
    """A pod's volume cannot be attached to its node or mounted there.

    What it detects: FailedMount, FailedAttachVolume and FailedMapVolume events of a pod that has
    been creating its containers for over two minutes; a volume still attached elsewhere is named
    as such.

    Why it matters: the pod waits without an end; nothing of it runs.

    Where it cannot tell: events expire after an hour, so for an older pod the reason may be gone.
    """
    if not is_stuck_creating(pod, scene):
        return
    event = latest(pod, scene, "FailedAttachVolume", "FailedMount", "FailedMapVolume")
    if event is None or _REFERENCE.search(event.message):
        return
    attached = "Multi-Attach" in event.message
    driver = _NO_DRIVER.search(event.message)
    path = _HOST_PATH.search(event.message)
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
        blames=tuple(refer("PersistentVolumeClaim", namespace, each) for each in claim_names(pod)),
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
