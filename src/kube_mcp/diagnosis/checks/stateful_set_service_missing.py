from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import LIKELY, WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence, listed
from kube_mcp.diagnosis.workloads import is_deleted
from kube_mcp.objects import Obj, dig, dig_str
from kube_mcp.scene import Scene, ref_to


@check("StatefulSet", needs=["Service"])
def stateful_set_service_missing(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A StatefulSet names a governing Service that does not exist.

    What it detects: ``spec.serviceName`` without a Service of that name in the namespace.

    Why it matters: its pods get no DNS names of their own, and members that look for each other
    by name do not find each other.

    Where it cannot tell: whether the application uses those names at all.
    """
    name, namespace = dig_str(obj, "spec", "serviceName"), dig_str(obj, "metadata", "namespace")
    if not name or is_deleted(obj) or dig(obj, "spec", "replicas") == 0:
        return
    if scene.get("Service", namespace, name) is not None:
        return
    headless = [
        dig_str(each, "metadata", "name")
        for each in scene.inside("Service", namespace)
        if dig_str(each, "spec", "clusterIP") == "None"
    ]
    yield Finding(
        ref=ref_to(obj),
        severity=WARNING,
        confidence=LIKELY,
        title=f"its governing Service {name} does not exist",
        evidence=evidence(
            ("spec.serviceName", name),
            ("headless Services here", listed(headless)),
        ),
        next=f"Create the headless Service {name} in {namespace}.",
    )
