"""Claims to volumes to classes; bindings to roles and to the accounts they grant them to."""

from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.graph.edge import Edge
from kube_mcp.objects import Obj, dig_list, dig_str
from kube_mcp.scene import Scene, ref_to, refer

_BINDINGS = ("RoleBinding", "ClusterRoleBinding")
KINDS = ("PersistentVolumeClaim", "PersistentVolume", "StorageClass", *_BINDINGS)


def edges(scene: Scene) -> Iterator[Edge]:
    """Storage by name, in both of its directions; access by ``roleRef`` and subjects."""
    for claim in scene.seen("PersistentVolumeClaim"):
        if name := dig_str(claim, "spec", "volumeName"):
            yield Edge(ref_to(claim), refer("PersistentVolume", "", name), "bound to")
        if name := dig_str(claim, "spec", "storageClassName"):
            yield Edge(ref_to(claim), refer("StorageClass", "", name), "of class")
    for volume in scene.seen("PersistentVolume"):
        if name := dig_str(volume, "spec", "storageClassName"):
            yield Edge(ref_to(volume), refer("StorageClass", "", name), "of class")
    for kind in _BINDINGS:
        for binding in scene.seen(kind):
            yield from _binding(binding)


def _binding(binding: Obj) -> Iterator[Edge]:
    ref = ref_to(binding)
    kind, name = dig_str(binding, "roleRef", "kind"), dig_str(binding, "roleRef", "name")
    if kind in ("Role", "ClusterRole") and name:
        namespace = ref.namespace if kind == "Role" else ""
        yield Edge(ref, refer(kind, namespace, name), "grants")
    for each in dig_list(binding, "subjects"):
        subject = dig_str(each, "name")
        if dig_str(each, "kind") == "ServiceAccount" and subject:
            namespace = dig_str(each, "namespace") or ref.namespace
            yield Edge(ref, refer("ServiceAccount", namespace, subject), "grants to")
