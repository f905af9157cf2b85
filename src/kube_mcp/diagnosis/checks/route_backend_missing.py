from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.backends import is_external, offers, ports_text
from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.conditions import said, since
from kube_mcp.diagnosis.finding import CRITICAL, Finding
from kube_mcp.diagnosis.phrases import evidence, quote
from kube_mcp.graph.gateways import (
    REFERENCE_GRANT,
    ROUTES,
    is_granted,
    parent_conditions,
    route_backends,
)
from kube_mcp.objects import Obj, dig
from kube_mcp.scene import Scene, ref_to


@check(*ROUTES, needs=["Service"], optional=[REFERENCE_GRANT])
def route_backend_missing(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A route leads to a Service, or a port of one, that does not exist or may not be referred to.

    What it detects: backends whose Service or port is missing; backends in another namespace
    without a ReferenceGrant there; and ResolvedRefs False in the route's status.

    Why it matters: requests for that rule are answered with a 500.

    Where it cannot tell: backends of other kinds, and namespaces that were not read, are known by
    the route's status only.
    """
    if dig(obj, "metadata", "deletionTimestamp"):
        return
    ref = ref_to(obj)
    told = False
    for each in route_backends(obj):
        if each.ref.kind != "Service" or each.ref.group:
            continue
        target = f"{each.ref.namespace}/{each.ref.name}"
        service = scene.peek("Service", each.ref.namespace, each.ref.name)
        if scene.lacks("Service", each.ref.namespace, each.ref.name):
            title = f"leads to the Service {target}, which does not exist"
            advice = f"Create the Service {each.ref.name}, or correct the backend's name."
        elif is_granted(obj, each.ref, scene) is False:
            title = f"leads to the Service {target} of another namespace, which grants no reference"
            advice = f"Create a ReferenceGrant in {each.ref.namespace} for it."
        elif (
            service is not None
            and each.port is not None
            and not is_external(service)
            and not offers(service, each.port)
        ):
            title = f"leads to port {each.port} of the Service {target}, which has only "
            title += ports_text(service)
            advice = f"Set the port to one that {each.ref.name} offers."
        else:
            continue
        told = True
        yield Finding(
            ref=ref,
            part=f"{each.ref.name}:{each.port}",
            severity=CRITICAL,
            title=title,
            evidence=evidence((each.where, f"{target}:{each.port}")),
            blames=(each.ref,),
            next=advice,
        )
    if told:
        return
    for path, name, found in parent_conditions(obj):
        if found.get("type") == "ResolvedRefs" and found.get("status") == "False":
            yield Finding(
                ref=ref,
                severity=CRITICAL,
                title=f"the Gateway {name} cannot resolve what it refers to: "
                f"{quote(said(found), most=200)}",
                evidence=evidence((path, f"False {said(found)}")),
                since=since(found),
                next="Create a ReferenceGrant in the namespace of what it refers to."
                if found.get("reason") == "RefNotPermitted"
                else "Correct the reference that the controller names.",
            )
            return
