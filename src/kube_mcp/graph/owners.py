"""Who made an object: its controller, and the workload that a person would name."""

from __future__ import annotations

from collections.abc import Sequence

from kube_mcp.objects import Obj, Ref, dig, dig_list, dig_str
from kube_mcp.scene import Scene, key_for, labels_of, ref_to, refer


def owner_refs(obj: Obj) -> list[tuple[Ref, bool]]:
    """Every owner by reference, and whether it is the controlling one.

    Owners live in the object's namespace or in none; the reference does not say which, so one of
    a kind that is not built in is taken to be beside the object.
    """
    found = []
    for owner in dig_list(obj, "metadata", "ownerReferences"):
        ref = _ref(owner, obj)
        if ref is not None:
            found.append((ref, dig(owner, "controller") is True))
    return found


def controller_of(obj: Obj) -> Ref | None:
    """The object's controlling owner, by reference."""
    for owner in dig_list(obj, "metadata", "ownerReferences"):
        if dig(owner, "controller") is True and (ref := _ref(owner, obj)) is not None:
            return ref
    return None


def _ref(owner: object, obj: Obj) -> Ref | None:
    kind, name = dig_str(owner, "kind"), dig_str(owner, "name")
    if not kind or not name:
        return None
    group, slash, _ = dig_str(owner, "apiVersion").partition("/")
    namespace = "" if kind == "Node" else dig_str(obj, "metadata", "namespace")
    return refer(key_for(kind, group if slash else ""), namespace, name)


def workload_of(obj: Obj, scene: Scene) -> Ref | None:
    """What a person would name: the Deployment of a pod, the CronJob of a Job's pod; else None.

    Where ReplicaSets cannot be read, the Deployment's name is what is left of the ReplicaSet's
    without the pod template's hash, which is how the Deployment controller names them.
    """
    owner = controller_of(obj)
    if owner is None or owner.kind == "Node":
        return None  # a node's own static pod goes by its own name
    if owner.kind not in ("ReplicaSet", "Job"):
        return owner
    above = scene.peek(owner.kind, owner.namespace, owner.name)
    if above is not None:
        return controller_of(above) or owner
    if owner.kind == "ReplicaSet":
        template_hash = dig_str(labels_of(obj), "pod-template-hash")
        stem = owner.name.removesuffix(f"-{template_hash}")
        if template_hash and stem != owner.name:
            return refer("Deployment", owner.namespace, stem)
    return owner


def _pods_by_owner(scene: Scene) -> dict[Ref, list[Obj]]:
    index: dict[Ref, list[Obj]] = {}
    above: dict[Ref, Ref | None] = {}  # pods of one ReplicaSet have one Deployment
    # Replicas share the very references; the scene holds them, so no identity is used twice.
    known: dict[tuple[int, str], Ref | None] = {}
    for pod in scene.seen("Pod"):
        references = dig(pod, "metadata", "ownerReferences")
        key = (id(references), dig_str(pod, "metadata", "namespace"))
        if key not in known:
            known[key] = controller_of(pod)
        owner = known[key]
        if owner is None:
            continue
        index.setdefault(owner, []).append(pod)
        if owner not in above:
            above[owner] = workload_of(pod, scene)
        workload = above[owner]
        if workload is not None and workload != owner:
            index.setdefault(workload, []).append(pod)
    return index


def pods_of(owner: Obj | Ref, scene: Scene) -> Sequence[Obj]:
    """The pods read that belong to a controller or to the workload above it."""
    ref = owner if isinstance(owner, Ref) else ref_to(owner)
    return scene.derived(_pods_by_owner).get(ref, ())


def _children(scene: Scene) -> dict[Ref, list[Obj]]:
    index: dict[Ref, list[Obj]] = {}
    for kind in ("ReplicaSet", "Job"):
        for obj in scene.seen(kind):
            owner = controller_of(obj)
            if owner is not None:
                index.setdefault(owner, []).append(obj)
    return index


def children(workload: Obj | Ref, scene: Scene) -> list[Obj]:
    """The ReplicaSets of a Deployment, the Jobs of a CronJob."""
    ref = workload if isinstance(workload, Ref) else ref_to(workload)
    return scene.derived(_children).get(ref, [])
