"""Flux and cert-manager: sources, what was applied from them, and what is issued by whom."""

from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.graph.certificates import CERTIFICATE, issuer_of
from kube_mcp.graph.edge import Edge
from kube_mcp.graph.flux import (
    HELM_CHART,
    HELM_RELEASE,
    KUSTOMIZATION,
    SOURCES,
    applied,
    chart_of,
    dependencies,
    source_of,
)
from kube_mcp.objects import dig_str
from kube_mcp.scene import Scene, ref_to, refer

_SEALED = "SealedSecret.bitnami.com"
_EXTERNAL = "ExternalSecret.external-secrets.io"
KINDS = (*SOURCES, HELM_CHART, KUSTOMIZATION, HELM_RELEASE, CERTIFICATE, _SEALED, _EXTERNAL)


def edges(scene: Scene) -> Iterator[Edge]:
    """Who takes content from where, and who makes which objects of it."""
    for kind in (KUSTOMIZATION, HELM_RELEASE, HELM_CHART):
        for obj in scene.seen(kind):
            ref = ref_to(obj)
            if (source := source_of(obj)) is not None:
                yield Edge(ref, source[1], "takes from")
            if kind == HELM_RELEASE and (chart := chart_of(obj)) is not None:
                yield Edge(ref, chart, "takes from")
            for each in dependencies(obj):
                yield Edge(ref, each, "depends on")
            if kind != HELM_CHART:
                for each in applied(obj, scene):
                    yield Edge(ref, each, "applies")
    for certificate in scene.seen(CERTIFICATE):
        ref = ref_to(certificate)
        yield Edge(ref, issuer_of(certificate), "issued by")
        if name := dig_str(certificate, "spec", "secretName"):
            yield Edge(ref, refer("Secret", ref.namespace, name), "makes")
    for obj in scene.seen(_SEALED):
        ref = ref_to(obj)
        name = dig_str(obj, "spec", "template", "metadata", "name") or ref.name
        yield Edge(ref, refer("Secret", ref.namespace, name), "makes")
    for obj in scene.seen(_EXTERNAL):
        ref = ref_to(obj)
        name = dig_str(obj, "spec", "target", "name") or ref.name
        yield Edge(ref, refer("Secret", ref.namespace, name), "makes")
