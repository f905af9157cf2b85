"""Discovery: what is served, as one document (aggregated) or one a group and version."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from kube_mcp.objects import ResourceType
from kube_mcp.snapshots import kinds
from kube_mcp.snapshots.store import Store

Document = dict[str, Any]

AGGREGATED_MEDIA_TYPE = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


def aggregated(store: Store, *, core: bool, stale: frozenset[str]) -> Document:
    """``/api`` or ``/apis`` as an ``APIGroupDiscoveryList``.

    ``stale`` are versions (``metrics.k8s.io/v1beta1``) whose server does not answer: they are
    listed without resources, as the aggregator does.
    """
    items = []
    for group, versions in _groups(store.types, core=core, stale=stale):
        metadata = {"creationTimestamp": None, **({"name": group} if group else {})}
        entries: list[Document] = []
        for version, types in versions:
            if (f"{group}/{version}" if group else version) in stale:
                entries.append({"version": version, "freshness": "Stale"})
                continue
            resources = [_aggregated_resource(store, resource) for resource in types]
            entries.append({"version": version, "resources": resources, "freshness": "Current"})
        items.append({"metadata": metadata, "versions": entries})
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    }


def core_versions() -> Document:
    """``/api`` the old way."""
    return {
        "kind": "APIVersions",
        "versions": ["v1"],
        "serverAddressByClientCIDRs": [
            {"clientCIDR": "0.0.0.0/0", "serverAddress": "127.0.0.1:6443"}
        ],
    }


def group_list(store: Store, *, stale: frozenset[str]) -> Document:
    """``/apis`` the old way."""
    groups = [
        _group(group, versions) for group, versions in _groups(store.types, core=False, stale=stale)
    ]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def group(store: Store, name: str, *, stale: frozenset[str]) -> Document | None:
    """``/apis/GROUP``, or None where it is not served."""
    for found, versions in _groups(store.types, core=False, stale=stale):
        if found == name:
            return {"kind": "APIGroup", "apiVersion": "v1", **_group(found, versions)}
    return None


def resource_list(store: Store, group: str, version: str) -> Document | None:
    """``/api/v1`` or ``/apis/GROUP/VERSION``, or None where it is not served."""
    types = [one for one in store.types if (one.group, one.version) == (group, version)]
    if not types:
        return None
    resources = []
    for resource in sorted(types, key=lambda one: one.name):
        entry = {
            "name": resource.name,
            "singularName": resource.singular,
            "namespaced": resource.namespaced,
            "kind": resource.kind,
            "verbs": sorted(resource.verbs),
        }
        if resource.short_names:
            entry["shortNames"] = list(resource.short_names)
        if resource.categories:
            entry["categories"] = list(resource.categories)
        resources.append(entry)
        resources += [
            {
                "name": f"{resource.name}/{name}",
                "singularName": "",
                "namespaced": resource.namespaced,
                "kind": kind,
                "verbs": verbs,
                **({"group": of, "version": at} if (of, at) != (group, version) else {}),
            }
            for name, (of, at, kind), verbs in _subresources(store, resource)
        ]
    document: Document = {
        "kind": "APIResourceList",
        "groupVersion": f"{group}/{version}" if group else version,
        "resources": resources,
    }
    return document if not group else {"apiVersion": "v1", **document}


_Versions = list[tuple[str, list[ResourceType]]]


def _groups(
    types: Iterable[ResourceType], *, core: bool, stale: frozenset[str]
) -> Iterator[tuple[str, _Versions]]:
    """Each group with its versions, the preferred version first; groups in the store's order.

    A version whose server does not answer is there, without resources.
    """
    groups: dict[str, dict[str, list[ResourceType]]] = {}
    for resource in types:
        if (not resource.group) == core:
            groups.setdefault(resource.group, {}).setdefault(resource.version, []).append(resource)
    for gone in stale:
        name, _, version = gone.rpartition("/")
        if (not name) == core:
            groups.setdefault(name, {}).setdefault(version, [])
    for name, versions in groups.items():
        ordered = sorted(versions, key=kinds.version_rank, reverse=True)
        yield name, [(one, sorted(versions[one], key=lambda of: of.name)) for one in ordered]


def _group(name: str, versions: _Versions) -> Document:
    entries = [{"groupVersion": f"{name}/{version}", "version": version} for version, _ in versions]
    return {"name": name, "versions": entries, "preferredVersion": entries[0]}


def _aggregated_resource(store: Store, resource: ResourceType) -> Document:
    entry: Document = {
        "resource": resource.name,
        "responseKind": _own_kind(store, resource),
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": sorted(resource.verbs),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    subresources = [
        {
            "subresource": name,
            "responseKind": _own_kind(store, resource)
            if kind == (resource.group, resource.version, resource.kind)
            else _kind(*kind),
            "verbs": verbs,
        }
        for name, kind, verbs in _subresources(store, resource)
    ]
    if subresources:
        entry["subresources"] = subresources
    return entry


def _subresources(
    store: Store, resource: ResourceType
) -> Iterator[tuple[str, tuple[str, str, str], list[str]]]:
    own = (resource.group, resource.version, resource.kind)
    for name in kinds.subresources(resource, store.crd_of(resource)):
        match name:
            case "scale":
                yield name, ("autoscaling", "v1", "Scale"), ["get", "patch", "update"]
            case "proxy":
                kind = f"{resource.kind}ProxyOptions"
                verbs = ["create", "delete", "get", "patch", "update"]
                yield name, (resource.group, resource.version, kind), verbs
            case "log":
                yield name, own, ["get"]
            case _:
                yield name, own, ["get", "patch", "update"]


def _own_kind(store: Store, resource: ResourceType) -> Document:
    """Built-in types leave group and version out where they are the type's own."""
    if store.is_builtin(resource):
        return _kind("", "", resource.kind)
    return _kind(resource.group, resource.version, resource.kind)


def _kind(group: str, version: str, kind: str) -> Document:
    return {"group": group, "version": version, "kind": kind}
