"""Finds the one object a person means, and what belongs to it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kube_mcp.access.cluster import Cluster, why_unreadable
from kube_mcp.errors import ClusterError, Forbidden, InputError, NotAllowed, NotFound, suggest
from kube_mcp.objects import ResourceType, dig_list, dig_map, dig_str
from kube_mcp.words.selectors import field_equals, text_of

PODS = ResourceType("", "v1", "pods", "Pod", namespaced=True)
EVENTS = ResourceType("", "v1", "events", "Event", namespaced=True)
NAMESPACES = ResourceType("", "v1", "namespaces", "Namespace", namespaced=False)

#: What a kind owns, level by level, as its controller makes it.
_OWNS: Mapping[str, tuple[ResourceType, ...]] = {
    "Deployment": (
        ResourceType("apps", "v1", "replicasets", "ReplicaSet", namespaced=True),
        PODS,
    ),
    "ReplicaSet": (PODS,),
    "ReplicationController": (PODS,),
    "StatefulSet": (PODS,),
    "DaemonSet": (PODS,),
    "Job": (PODS,),
    "CronJob": (ResourceType("batch", "v1", "jobs", "Job", namespaced=True), PODS),
}


#: Names told instead of a number, to somebody who asked for one that is not there.
_FEW = 8


@dataclass(frozen=True, slots=True)
class Target:
    """One object, found: its type, and the object as read (masked)."""

    resource: ResourceType
    namespace: str
    name: str
    obj: dict[str, Any]

    @property
    def label(self) -> str:
        """``Deployment shop/web``."""
        where = f"{self.namespace}/" if self.namespace else ""
        return f"{self.resource.kind} {where}{self.name}"


async def find(cluster: Cluster, *, kind: str, name: str, namespace: str) -> Target:
    """The object, also where the namespace was left out and only one of that name exists.

    ``name`` may be written ``deploy/web``, which then says the kind.
    Raises `InputError` with the nearest names, `NotFound` never.
    """
    if "/" in name and name.count("/") == 1:
        kind, name = name.split("/")
    resource = await cluster.resolve(kind)
    if "get" not in resource.verbs:
        raise InputError(f"{resource.full_name} cannot be read one by one.")
    if not resource.namespaced:
        namespace = ""
    elif not namespace:
        namespace = cluster.default_namespace or await _only_namespace(cluster, resource, name)
    try:
        obj = await cluster.get(resource, name, namespace=namespace)
    except NotFound as error:
        raise await _no_such(cluster, resource, name, namespace) from error
    return Target(resource, namespace, name, obj)


async def _only_namespace(cluster: Cluster, resource: ResourceType, name: str) -> str:
    try:
        listing = await cluster.list(
            resource, field_selector=field_equals({"metadata.name": name}), metadata_only=True
        )
    except Forbidden as error:
        raise InputError(
            f"{resource.kind} '{name}' needs a namespace: {error.message}",
            hint="Give the argument namespace.",
        ) from error
    found = sorted({dig_str(item, "metadata", "namespace") for item in listing.items})
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(
            f"There is a {resource.kind} '{name}' in {len(found)} namespaces: "
            f"{', '.join(found[:20])}.",
            hint="Say which with the argument namespace.",
        )
    raise await _no_such(cluster, resource, name, "")


async def _no_such(
    cluster: Cluster, resource: ResourceType, name: str, namespace: str
) -> InputError:
    """Says that there is none, with the names that are near: in the namespace, then elsewhere."""
    where = f" in namespace {namespace}" if namespace else ""
    near = await _elsewhere(cluster, resource, name) if namespace else ""
    try:
        if not near:
            listing = await cluster.list(resource, namespace=namespace, metadata_only=True)
            names = [dig_str(item, "metadata", "name") for item in listing.items]
            starts = sorted(each for each in names if name in each)[:_FEW]
            near = f"There are: {', '.join(starts)}." if len(starts) > 1 else ""
            near = near or suggest(name, names) or _those(listing.items, resource, where)
    except (ClusterError, NotAllowed):
        near = "list_resources shows what there is."
    return InputError(f"There is no {resource.kind} '{name}'{where}.", hint=near)


async def _elsewhere(cluster: Cluster, resource: ResourceType, name: str) -> str:
    """Where else there is one of exactly that name, as far as this identity may look."""
    try:
        found = await cluster.list(
            resource, field_selector=field_equals({"metadata.name": name}), metadata_only=True
        )
    except (ClusterError, NotAllowed):
        return ""
    spaces = sorted(dig_str(item, "metadata", "namespace") for item in found.items)
    return f"There is one in namespace {', '.join(spaces[:_FEW])}." if spaces else ""


def _those(items: Sequence[Any], resource: ResourceType, where: str) -> str:
    """The names there are, where they are few."""
    if not items:
        return f"There is no {resource.kind} at all{where}."
    if len(items) > _FEW:
        return f"There are {len(items):,} {resource.name}{where}; list_resources shows them."
    names = [
        dig_str(item, "metadata", "name")
        if where
        else "/".join(filter(None, (dig_str(item, "metadata", "namespace"),
                                    dig_str(item, "metadata", "name"))))
        for item in items
    ]  # fmt: skip
    return f"There is {names[0]}." if len(names) == 1 else f"There are: {', '.join(sorted(names))}."


async def owned(cluster: Cluster, target: Target) -> tuple[set[tuple[str, str]], list[str]]:
    """The (kind, name) of everything the object owns, itself included, and what could not be read.

    Follows owner references by uid, so a pod that only shares the labels is not taken along.
    """
    names = {(target.resource.kind, target.name)}
    uids = {dig_str(target.obj, "metadata", "uid")}
    gaps: list[str] = []
    levels = _OWNS.get(target.resource.kind, ())
    reads = await asyncio.gather(
        *(cluster.list(level, namespace=target.namespace, metadata_only=True) for level in levels),
        return_exceptions=True,
    )
    for level, read in zip(levels, reads, strict=True):
        if isinstance(read, ClusterError | NotAllowed):
            gaps.append(why_unreadable(read, resource=level, namespace=target.namespace))
            continue
        if isinstance(read, BaseException):
            raise read
        for item in read.items:
            owners = {dig_str(ref, "uid") for ref in dig_list(item, "metadata", "ownerReferences")}
            if owners & uids:
                uids.add(dig_str(item, "metadata", "uid"))
                names.add((level.kind, dig_str(item, "metadata", "name")))
    return names, gaps


async def pods_of(cluster: Cluster, target: Target) -> Sequence[dict[str, Any]]:
    """The pods that belong to an object: itself, what it owns, or what it selects.

    Raises `InputError` for a kind that has no pods.
    """
    if target.resource.kind == "Pod" and not target.resource.group:
        return [target.obj]
    selector = _selector(target)
    if target.resource.kind == "CronJob":
        names, _ = await owned(cluster, target)
        listing = await cluster.list(PODS, namespace=target.namespace)
        return [pod for pod in listing.items if ("Pod", dig_str(pod, "metadata", "name")) in names]
    if not selector:
        raise InputError(
            f"{target.label} has no pods of its own.",
            hint="Name a Pod, Deployment, StatefulSet, DaemonSet, Job or Service, or give a "
            "label_selector.",
        )
    listing = await cluster.list(PODS, namespace=target.namespace, label_selector=selector)
    return listing.items


def _selector(target: Target) -> str:
    """The label selector of an object's pods, empty where it has none.

    Many kinds select something: only one that has a pod template, or is known to, selects pods.
    """
    spec = dig_map(target.obj, "spec")
    selector = dig_map(spec, "selector")
    kind, group = target.resource.kind, target.resource.group
    if not group and kind in {"Service", "ReplicationController"}:
        return text_of({"matchLabels": selector})
    if dig_map(spec, "template", "spec") or (group, kind) == ("policy", "PodDisruptionBudget"):
        return text_of(selector)
    return ""


async def check_namespace(cluster: Cluster, namespace: str) -> None:
    """Raises `InputError` with the nearest names where there is no such namespace.

    An identity that may not look at namespaces is not told anything: the empty list stands.
    """
    try:
        await cluster.get(NAMESPACES, namespace)
    except NotFound as error:
        try:
            table = await cluster.table(NAMESPACES, with_metadata=False)
            at = table.index("Name") or 0
            near = suggest(namespace, [str(row.cells[at]) for row in table.rows])
        except (ClusterError, NotAllowed):
            near = ""
        raise InputError(f"There is no namespace '{namespace}'.", hint=near) from error
    except NotAllowed:
        if not cluster.policy.allows_namespace(namespace):
            raise
    except ClusterError:
        return
