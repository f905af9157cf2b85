from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import CRITICAL, Finding
from kube_mcp.diagnosis.phrases import evidence, listed
from kube_mcp.graph.flux import (
    HELM_CHART,
    HELM_RELEASE,
    KUSTOMIZATION,
    SOURCES,
    is_suspended,
    source_of,
)
from kube_mcp.objects import Obj, dig, dig_str
from kube_mcp.scene import Scene, key_for, ref_to


@check(KUSTOMIZATION, HELM_RELEASE, HELM_CHART, optional=[*SOURCES, HELM_CHART])
def flux_source_missing(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """A Kustomization, HelmRelease or HelmChart takes its content from a source that does not exist.

    What it detects: ``sourceRef`` or ``chartRef`` naming an object that is not there, with sources
    of that name in other namespaces.

    Why it matters: nothing is applied any more.

    Where it cannot tell: sources in namespaces that were not read.
    """
    if is_suspended(obj) or dig(obj, "metadata", "deletionTimestamp"):
        return
    # Flux makes the HelmChart of a release itself; the release's own mention tells more.
    found = source_of(obj)
    if found is None:
        return
    path, ref = found
    key = key_for(ref.kind, ref.group)
    if not scene.lacks(key, ref.namespace, ref.name):
        return
    same_kind = [ref_to(each) for each in scene.seen(key)]
    elsewhere = [each.full for each in same_kind if each.name == ref.name]
    here = [each.name for each in same_kind if each.namespace == ref.namespace]
    yield Finding(
        ref=ref_to(obj),
        severity=CRITICAL,
        title=f"takes its content from the {ref.full}, which does not exist",
        evidence=evidence(
            (path, ref.full),
            ("of that name elsewhere", listed(elsewhere) if elsewhere else None),
            (f"{ref.kind}s in {ref.namespace}", listed(here)),
            ("metadata.namespace", dig_str(obj, "metadata", "namespace")),
        ),
        next=f"Create the {ref.full}, or correct {path}.",
    )
