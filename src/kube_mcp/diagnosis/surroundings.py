"""The objects whose changes may explain what happens to one object, or to a namespace."""

from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.events import event_of
from kube_mcp.diagnosis.pods import pod_template
from kube_mcp.diagnosis.traces.deliveries import is_helm
from kube_mcp.diagnosis.traces.roots import root_of
from kube_mcp.graph.flux import (
    HELM_RELEASE,
    KUSTOMIZATION,
    applied,
    chart_of,
    source_of,
)
from kube_mcp.graph.owners import children, controller_of, pods_of, workload_of
from kube_mcp.graph.references import references
from kube_mcp.graph.scaling import target_of
from kube_mcp.graph.volumes import claim_names
from kube_mcp.objects import Obj, Ref, dig_map, dig_str
from kube_mcp.scene import Scene, key_for, key_of, labels_of, ref_to, refer
from kube_mcp.words.selectors import matches_labels


def around(obj: Obj, scene: Scene) -> frozenset[Ref]:
    """The object, its owners, what it made, what its pods refer to, and what applies it."""
    near = set(_near(obj, scene))
    # What applies, scales or leads to an object counts as near to it; the other way round, too.
    for ref in _below(obj, scene):
        below = scene.peek(key_for(ref.kind, ref.group), ref.namespace, ref.name)
        if below is not None:
            near.update(_near(below, scene))
        near.add(ref)
    return frozenset(near)


def in_sight(scene: Scene) -> frozenset[Ref] | None:
    """What concerns the scene's namespace; None where the scene is of everything.

    That is all that lives in it, the nodes of its pods, and the Flux objects elsewhere that apply
    something in it.
    """
    if not scene.namespace:
        return None
    found = {refer("Namespace", "", scene.namespace)}
    for kind, objects in scene.kinds.items():
        if kind == "Event":
            found.update(event_of(each).about for each in objects)
            continue
        found.update(ref for ref in map(ref_to, objects) if ref.namespace == scene.namespace)
    for pod in scene.seen("Pod"):
        found.add(refer("Node", "", dig_str(pod, "spec", "nodeName")))
    for kind in (KUSTOMIZATION, HELM_RELEASE):
        for flux in scene.seen(kind):
            if scene.namespace in {
                dig_str(flux, "metadata", "namespace"),
                dig_str(flux, "spec", "targetNamespace"),
                *(ref.namespace for ref in applied(flux, scene)),
            }:
                found.update(_flux(flux))
    return frozenset(found)


def _near(obj: Obj, scene: Scene) -> Iterator[Ref]:
    ref = ref_to(obj)
    yield ref
    workload = workload_of(obj, scene)
    for owner in (controller_of(obj), workload):
        if owner is not None:
            yield owner
    for child in children(ref, scene):
        yield ref_to(child)
    pods = pods_of(ref, scene)
    for pod in pods:
        yield ref_to(pod)
        yield refer("Node", "", dig_str(pod, "spec", "nodeName"))
    yield from _used(obj, ref.namespace)
    names = {ref, workload}
    for each in scene.seen("HorizontalPodAutoscaler"):
        if target_of(each) in names:
            yield ref_to(each)
    labels = labels_of(obj if key_of(obj) == "Pod" else pod_template(obj))
    for service in scene.seen("Service") if labels else ():
        selector = dig_map(service, "spec", "selector")
        same = dig_str(service, "metadata", "namespace") == ref.namespace
        if same and selector and matches_labels(selector, labels):
            yield ref_to(service)
    yield from _deliverers(obj, names, scene)


def _used(obj: Obj, namespace: str) -> Iterator[Ref]:
    template = pod_template(obj)
    for each in references(template):
        yield refer(each.kind, namespace, each.name)
    for name in claim_names(template):
        yield refer("PersistentVolumeClaim", namespace, name)
    if node := dig_str(obj, "spec", "nodeName"):
        yield refer("Node", "", node)


def _deliverers(obj: Obj, names: set[Ref | None], scene: Scene) -> Iterator[Ref]:
    ref = ref_to(obj)
    for kind in (KUSTOMIZATION, HELM_RELEASE):
        for flux in scene.seen(kind):
            if ref_to(flux) == ref or names & set(applied(flux, scene)):
                yield from _flux(flux)
    release = dig_str(obj, "metadata", "annotations", "meta.helm.sh/release-name")
    for kind in ("Secret", "ConfigMap") if release else ():
        for each in scene.seen(kind):
            if is_helm(each) and dig_str(labels_of(each), "name") == release:
                yield ref_to(each)


def _flux(flux: Obj) -> Iterator[Ref]:
    yield ref_to(flux)
    if (source := source_of(flux)) is not None:
        yield source[1]
    if (chart := chart_of(flux)) is not None:
        yield chart


def _below(obj: Obj, scene: Scene) -> Iterator[Ref]:
    """What the object acts on: whose trouble it may be the cause of."""
    ref, key = ref_to(obj), key_of(obj)
    if key in (KUSTOMIZATION, HELM_RELEASE):
        yield from applied(obj, scene)
    elif key == "HorizontalPodAutoscaler":
        yield target_of(obj)
    elif key == "CronJob":
        yield from (ref_to(job) for job in children(ref, scene))
    elif key in ("Pod", "ReplicaSet", "Job"):
        if (root := root_of(ref, scene)) != ref:
            yield root
    elif key in ("ConfigMap", "Secret", "PersistentVolumeClaim"):
        for kind in ("Deployment", "StatefulSet", "DaemonSet", "CronJob"):
            for each in scene.seen(kind):
                if ref in _used(each, ref.namespace) and _beside(each, ref):
                    yield ref_to(each)
    elif key == "Service" and (selector := dig_map(obj, "spec", "selector")):
        for kind in ("Deployment", "StatefulSet", "DaemonSet"):
            for each in scene.seen(kind):
                if _beside(each, ref) and matches_labels(selector, labels_of(pod_template(each))):
                    yield ref_to(each)


def _beside(obj: Obj, ref: Ref) -> bool:
    return dig_str(obj, "metadata", "namespace") == ref.namespace
