from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.backends import selected_pods
from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.conditions import condition, said, since
from kube_mcp.diagnosis.finding import CRITICAL, Finding
from kube_mcp.diagnosis.phrases import evidence, quote
from kube_mcp.diagnosis.pods import created, older_than
from kube_mcp.objects import Obj, dig_str
from kube_mcp.scene import Scene, ref_to, refer

_SETTLED_S = 60


@check("APIService", optional=["Service", "Pod"])
def api_service_unavailable(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """An API that another server provides does not answer.

    What it detects: an APIService whose Available condition is False, with the Service behind it.
    What is found about that Service or its pods explains it.

    Why it matters: its kinds cannot be read, autoscalers get no metrics, and the deletion of every
    namespace hangs, because what is in it cannot be listed.

    Where it cannot tell: a network that keeps the API server from the Service shows only in the
    message.
    """
    found = condition(obj, "Available")
    if found.get("status") != "False" or not older_than(
        since(found) or created(obj), _SETTLED_S, scene.now
    ):
        return
    namespace, name = (
        dig_str(obj, "spec", "service", "namespace"),
        dig_str(obj, "spec", "service", "name"),
    )
    service = scene.peek("Service", namespace, name)
    pods = selected_pods(service, scene) if service is not None and scene.can_see("Pod") else ()
    yield Finding(
        ref=ref_to(obj),
        severity=CRITICAL,
        title=f"does not answer: its Service {namespace}/{name} does not exist"
        if name and scene.lacks("Service", namespace, name)
        else f"does not answer: {quote(said(found), most=200)}",
        evidence=evidence(
            ("status.conditions[Available].reason", dig_str(found, "reason")),
            ("status.conditions[Available].message", dig_str(found, "message")),
            ("spec.service", f"{namespace}/{name}"),
        ),
        since=since(found),
        blames=(refer("Service", namespace, name), *map(ref_to, pods)),
        next=f"Look at the Service {namespace}/{name} and its pods.",
    )
