"""Secrets that others make: Certificates, SealedSecrets and ExternalSecrets, and out of what."""

from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.graph.certificates import CERTIFICATE, CLUSTER_ISSUER, ISSUER, issuer_of
from kube_mcp.graph.edge import Edge
from kube_mcp.graph.external_secrets import EXTERNAL_SECRET, STORES, stores_of, target_of
from kube_mcp.objects import dig_str
from kube_mcp.scene import Scene, ref_to, refer

_SEALED = "SealedSecret.bitnami.com"
# Issuers and stores have no edges of their own here; they are read so that one that is named but
# does not exist is told from one that nobody looked for.
KINDS = (CERTIFICATE, ISSUER, CLUSTER_ISSUER, _SEALED, EXTERNAL_SECRET, *STORES)


def edges(scene: Scene) -> Iterator[Edge]:
    """From what makes a Secret to that Secret, and to the issuer or store it depends on."""
    for certificate in scene.seen(CERTIFICATE):
        ref = ref_to(certificate)
        issuer = issuer_of(certificate)
        if issuer.name:
            yield Edge(ref, issuer, "issued by")
        if name := dig_str(certificate, "spec", "secretName"):
            yield Edge(ref, refer("Secret", ref.namespace, name), "makes")
    for obj in scene.seen(_SEALED):
        ref = ref_to(obj)
        name = dig_str(obj, "spec", "template", "metadata", "name") or ref.name
        yield Edge(ref, refer("Secret", ref.namespace, name), "makes")
    for obj in scene.seen(EXTERNAL_SECRET):
        ref = ref_to(obj)
        for store in stores_of(obj):
            yield Edge(ref, store, "takes from")
        if (target := target_of(obj)) is not None:
            merges = dig_str(obj, "spec", "target", "creationPolicy") == "Merge"
            yield Edge(ref, target, "makes", "merges into it" if merges else "")
