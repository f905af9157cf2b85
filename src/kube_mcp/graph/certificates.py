"""cert-manager: Certificates by the Secret they fill, and the chain of what makes them."""

from __future__ import annotations

from kube_mcp.graph.owners import controller_of
from kube_mcp.objects import Obj, Ref, dig, dig_str
from kube_mcp.scene import Scene, key_for, ref_to, refer
from kube_mcp.words.times import parse_time

GROUP = "cert-manager.io"
CERTIFICATE = f"Certificate.{GROUP}"
REQUEST = f"CertificateRequest.{GROUP}"
ISSUER = f"Issuer.{GROUP}"
CLUSTER_ISSUER = f"ClusterIssuer.{GROUP}"
ORDER = "Order.acme.cert-manager.io"
CHALLENGE = "Challenge.acme.cert-manager.io"


def issuing(namespace: str, secret: str, scene: Scene) -> list[Obj]:
    """The Certificates that were read and should fill a Secret."""
    return [
        each
        for each in scene.seen(CERTIFICATE)
        if dig_str(each, "spec", "secretName") == secret
        and dig_str(each, "metadata", "namespace") == namespace
    ]


def issuer_of(certificate: Obj) -> Ref:
    """The issuer a Certificate names; one in its own namespace unless it says otherwise."""
    kind = dig_str(certificate, "spec", "issuerRef", "kind") or "Issuer"
    group = dig_str(certificate, "spec", "issuerRef", "group") or GROUP
    namespace = "" if kind == "ClusterIssuer" else dig_str(certificate, "metadata", "namespace")
    return refer(key_for(kind, group), namespace, dig_str(certificate, "spec", "issuerRef", "name"))


def chain(certificate: Obj, scene: Scene) -> list[Obj]:
    """The newest CertificateRequest, its Order and its Challenge, as far as they exist."""
    found: list[Obj] = []
    above = ref_to(certificate)
    for kind in (REQUEST, ORDER, CHALLENGE):
        made = [each for each in scene.seen(kind) if controller_of(each) == above]
        if not made:
            break
        newest = max(made, key=_age)
        found.append(newest)
        above = ref_to(newest)
    return found


def _age(obj: Obj) -> float:
    moment = parse_time(dig(obj, "metadata", "creationTimestamp"))
    return moment.timestamp() if moment else 0.0
