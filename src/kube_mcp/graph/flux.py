"""Flux: which objects depend on which, and which objects of the cluster they have applied."""

from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.objects import Obj, Ref, dig, dig_list, dig_str
from kube_mcp.scene import Scene, key_for, key_of, labels_of, ref_to, refer

KUSTOMIZATION = "Kustomization.kustomize.toolkit.fluxcd.io"
HELM_RELEASE = "HelmRelease.helm.toolkit.fluxcd.io"
SOURCE_GROUP = "source.toolkit.fluxcd.io"
HELM_CHART = f"HelmChart.{SOURCE_GROUP}"
SOURCES = tuple(
    f"{kind}.{SOURCE_GROUP}"
    for kind in ("GitRepository", "OCIRepository", "HelmRepository", "Bucket", "ExternalArtifact")
)
ALL = (*SOURCES, HELM_CHART, KUSTOMIZATION, HELM_RELEASE)

#: Which controller acts on which kind; Flux names its Deployments so wherever it is installed.
_CONTROLLERS = {
    "Kustomization": "kustomize-controller",
    "HelmRelease": "helm-controller",
}


def is_suspended(obj: Obj) -> bool:
    """Whether somebody told Flux to leave the object as it is."""
    return dig(obj, "spec", "suspend") is True


def source_of(obj: Obj) -> tuple[str, Ref] | None:
    """(path, source) that a Kustomization, HelmRelease or HelmChart takes its content from."""
    own = dig_str(obj, "metadata", "namespace")
    for path in (
        ("spec", "sourceRef"),
        ("spec", "chart", "spec", "sourceRef"),
        ("spec", "chartRef"),
    ):
        found = dig(obj, *path)
        kind, name = dig_str(found, "kind"), dig_str(found, "name")
        if kind and name:
            ref = refer(key_for(kind, SOURCE_GROUP), dig_str(found, "namespace") or own, name)
            return ".".join(path), ref
    return None


def chart_of(release: Obj) -> Ref | None:
    """The HelmChart that Flux made for a HelmRelease."""
    namespace, slash, name = dig_str(release, "status", "helmChart").partition("/")
    return refer(HELM_CHART, namespace, name) if slash else None


def dependencies(obj: Obj) -> Iterator[Ref]:
    """What a Kustomization or HelmRelease waits for, always of its own kind."""
    own = dig_str(obj, "metadata", "namespace")
    for each in dig_list(obj, "spec", "dependsOn"):
        if dig_str(each, "name"):
            yield refer(key_of(obj), dig_str(each, "namespace") or own, dig_str(each, "name"))


def inventory(obj: Obj) -> Iterator[Ref]:
    """What a Kustomization or HelmRelease has applied: ``namespace_name_group_kind`` ids."""
    for each in dig_list(obj, "status", "inventory", "entries"):
        rest, _, kind = dig_str(each, "id").rpartition("_")
        rest, _, group = rest.rpartition("_")
        namespace, bar, name = rest.partition("_")
        if bar and kind:
            # Names of RBAC objects may hold a colon, which is written as two underscores.
            yield refer(key_for(kind, group), namespace, name.replace("__", ":"))


def applied(obj: Obj, scene: Scene) -> list[Ref]:
    """What the object has applied, by its inventory and by the labels Flux gives."""
    known = dict.fromkeys(inventory(obj))
    known.update(dict.fromkeys(scene.derived(_by_label).get(ref_to(obj), ())))
    return list(known)


def _by_label(scene: Scene) -> dict[Ref, list[Ref]]:
    index: dict[Ref, list[Ref]] = {}
    for kind in ("Deployment", "StatefulSet", "DaemonSet", "Job", "PersistentVolumeClaim"):
        for obj in scene.seen(kind):
            labels = labels_of(obj)
            for key in (KUSTOMIZATION, HELM_RELEASE):
                prefix = key.partition(".")[2]
                name = dig_str(labels, f"{prefix}/name")
                if name:
                    owner = refer(key, dig_str(labels, f"{prefix}/namespace"), name)
                    index.setdefault(owner, []).append(ref_to(obj))
    return index


def controller_of_kind(obj: Obj, scene: Scene) -> list[Ref]:
    """The Deployment of the Flux controller that acts on objects of this kind, where read."""
    name = _CONTROLLERS.get(dig_str(obj, "kind"), "source-controller")
    return [
        ref_to(each)
        for each in scene.seen("Deployment")
        if dig_str(each, "metadata", "name") == name
    ]
