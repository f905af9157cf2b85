"""A diagnosis narrowed to one object: what is wrong with it, what causes that, what it causes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from kube_mcp.diagnosis.finding import Diagnosis, Folded, Root
from kube_mcp.graph.flux import HELM_RELEASE, KUSTOMIZATION, applied
from kube_mcp.graph.owners import children, controller_of, pods_of, workload_of
from kube_mcp.objects import Obj, Ref
from kube_mcp.scene import Scene, key_for, key_of, ref_to


def about(diagnosis: Diagnosis, scene: Scene, obj: Obj) -> Diagnosis:
    """The part of a diagnosis that concerns one object.

    Kept is every finding whose chain touches the object, its owners, its pods or what it has
    applied: the cause of its trouble, wherever that lies, stays with it. What was skipped stays,
    because it may have hidden a cause.
    """
    near = frozenset(_near(obj, scene))
    return replace(
        diagnosis,
        roots=tuple(root for root in diagnosis.roots if _touches(root, near)),
        notes=tuple(root for root in diagnosis.notes if _touches(root, near)),
        about=ref_to(obj),
    )


def _near(obj: Obj, scene: Scene) -> Iterator[Ref]:
    ref = ref_to(obj)
    yield ref
    yield from _above(obj, scene)
    if (workload := workload_of(obj, scene)) is not None:
        yield workload
    below = [ref, *applied(obj, scene)] if key_of(obj) in (KUSTOMIZATION, HELM_RELEASE) else [ref]
    for each in below:
        yield each
        yield from (ref_to(child) for child in children(each, scene))
        yield from (ref_to(pod) for pod in pods_of(each, scene))


def _above(obj: Obj, scene: Scene) -> Iterator[Ref]:
    """What controls it, all the way up: a Challenge is part of a Certificate's trouble."""
    seen = {ref_to(obj)}
    owner = controller_of(obj)
    while owner is not None and owner not in seen:
        yield owner
        seen.add(owner)
        above = scene.peek(key_for(owner.kind, owner.group), owner.namespace, owner.name)
        owner = controller_of(above) if above is not None else None


def _touches(root: Root, near: frozenset[Ref]) -> bool:
    return any(_concerns(each, near) for each in (root.finding, *root.consequences))


def _concerns(each: Folded, near: frozenset[Ref]) -> bool:
    return (
        each.subject in near
        or not near.isdisjoint(each.refs)
        or not near.isdisjoint(each.victims)
        or not near.isdisjoint(each.explains)
        # What it blames by name, as a pod does the ConfigMap it misses; not everything below.
        or (not each.first.symptom and not near.isdisjoint(each.blames))
    )
