from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import INFO, LIKELY, WARNING, Finding
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

    Where it cannot tell: some controllers serve every Ingress whatever its class: where none of the
    others names one either, it is a note. An address in the status counts as being served.
    """
    if dig(obj, "metadata", "deletionTimestamp"):
        return
    served = bool(dig_list(obj, "status", "loadBalancer", "ingress"))
    name = dig_str(obj, "spec", "ingressClassName")
    if not name and class_of(obj):
        return  # by the older annotation, which needs no IngressClass
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
        # Some controllers serve what names no class: here everybody else names one.
        severity=WARNING if name or _others_name_one(scene) else INFO,
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


def _others_name_one(scene: Scene) -> bool:
    return any(class_of(each) for each in scene.seen("Ingress"))
