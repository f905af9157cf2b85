from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence, listed
from kube_mcp.diagnosis.pods import created, within
from kube_mcp.graph.certificates import issuing
from kube_mcp.objects import Obj, dig, dig_list, dig_str
from kube_mcp.scene import Scene, ref_to, refer

# As long as a certificate may take before that is a finding.
_ISSUING_S = 600


@check("Ingress", needs=["Secret"], optional=["Certificate.cert-manager.io"])
def ingress_tls_secret_missing(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """An Ingress names a TLS Secret that does not exist.

    What it detects: ``spec.tls[].secretName`` without a Secret of that name, and the Certificate
    that should fill it, where cert-manager makes one.

    Why it matters: the controller serves its own default certificate, and browsers warn.

    Where it cannot tell: what the Secret holds is not read, so a wrong certificate is not seen.
    """
    if dig(obj, "metadata", "deletionTimestamp"):
        return
    namespace = dig_str(obj, "metadata", "namespace")
    for index, each in enumerate(dig_list(obj, "spec", "tls")):
        name = dig_str(each, "secretName")
        if not name or scene.get("Secret", namespace, name) is not None:
            continue
        certificates = issuing(namespace, name, scene)
        if any(within(created(cert), _ISSUING_S, scene.now) for cert in certificates):
            continue  # cert-manager has just begun to make it
        yield Finding(
            ref=ref_to(obj),
            part=name,
            severity=WARNING,
            title=f"its TLS Secret {name} does not exist",
            evidence=evidence(
                (f"spec.tls[{index}].secretName", name),
                (f"spec.tls[{index}].hosts", listed(map(str, dig_list(each, "hosts")))),
            ),
            blames=(refer("Secret", namespace, name), *map(ref_to, certificates)),
            next=f"Find out why the Certificate {dig_str(certificates[0], 'metadata', 'name')} is not "
            "issued."
            if certificates
            else f"Create the Secret {name} in {namespace}, or correct the name.",
        )
