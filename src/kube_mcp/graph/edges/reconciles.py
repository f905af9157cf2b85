"""Flux: sources, and what was applied from them."""

from __future__ import annotations

from collections.abc import Iterator

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
from kube_mcp.scene import Scene, ref_to

KINDS = (*SOURCES, HELM_CHART, KUSTOMIZATION, HELM_RELEASE)


def edges(scene: Scene) -> Iterator[Edge]:
    """Who takes content from where, and who applies which objects of it."""
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
