from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import LIKELY, WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence, listed
from kube_mcp.graph.ingresses import class_of
from kube_mcp.objects import Obj, dig, dig_list, dig_str
from kube_mcp.scene import Scene, ref_to

_DEFAULT = "ingressclass.kubernetes.io/is-default-class"


@check("Ingress", needs=["IngressClass"])
def ingress_class_missing(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """An Ingress belongs to a class that does not exist, or to none, so no controller serves it.

    What it detects: an ingress class that the cluster does not have; no class where there is no
    default one either and no controller has given the Ingress an address.

    Why it matters: its hosts are not routed at all.

    Where it cannot tell: some controllers serve every Ingress whatever its class, or know the older
    annotation without an IngressClass; an address in the status counts as being served.
    """
    if dig(obj, "metadata", "deletionTimestamp"):
        return
    served = bool(dig_list(obj, "status", "loadBalancer", "ingress"))
    name = class_of(obj)
    classes = scene.all("IngressClass")
    known = [dig_str(each, "metadata", "name") for each in classes]
    defaults = [
        dig_str(each, "metadata", "name")
        for each in classes
        if dig(each, "metadata", "annotations", _DEFAULT) == "true"
    ]
    if name in known or served or (not name and defaults):
        return
    yield Finding(
        ref=ref_to(obj),
        severity=WARNING,
        confidence=LIKELY,
        title=f"its ingress class {name} does not exist"
        if name
        else "names no ingress class, and the cluster has no default one",
        evidence=evidence(
            ("spec.ingressClassName", name or "not set"),
            ("IngressClasses", listed(known)),
            ("status.loadBalancer.ingress", "none"),
        ),
        next=f"Set spec.ingressClassName to one of: {listed(known)}."
        if known
        else "Install an ingress controller with its IngressClass.",
    )
