"""What pods and their templates name: ConfigMaps, Secrets, claims, accounts, pull secrets, classes."""

from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.graph.edge import Edge
from kube_mcp.graph.references import references
from kube_mcp.graph.volumes import claim_names
from kube_mcp.objects import Obj, Ref, dig_list, dig_map, dig_str
from kube_mcp.scene import Scene, ref_to, refer

#: A controller puts it into every namespace and admission mounts it into every pod: it tells
#: no pod from another.
_EVERYWHERE = "kube-root-ca.crt"

KINDS = ("Pod", "Deployment", "StatefulSet", "DaemonSet", "CronJob")


def edges(scene: Scene) -> Iterator[Edge]:
    """From each pod to what it names; from a workload too, so that it is known without any pod."""
    for kind in KINDS:
        for obj in scene.seen(kind):
            yield from _of(ref_to(obj), _pod_of(kind, obj))
    for account in scene.seen("ServiceAccount"):
        namespace = dig_str(account, "metadata", "namespace")
        for each in dig_list(account, "imagePullSecrets"):
            if name := dig_str(each, "name"):
                yield Edge(
                    ref_to(account), refer("Secret", namespace, name), "uses", "imagePullSecrets"
                )


def _pod_of(kind: str, obj: Obj) -> Obj:
    """The pod, or the template as a pod of the workload's name and namespace."""
    if kind == "Pod":
        return obj
    path = (
        ("spec", "jobTemplate", "spec", "template") if kind == "CronJob" else ("spec", "template")
    )
    return {"metadata": dig_map(obj, "metadata"), "spec": dig_map(obj, *path, "spec")}


def _of(source: Ref, pod: Obj) -> Iterator[Edge]:
    namespace = source.namespace
    how: dict[Ref, list[str]] = {}
    for each in references(pod):
        if each.name == _EVERYWHERE:
            continue
        target = refer(each.kind, namespace, each.name)
        text = each.key or ("environment" if each.container else "volume")
        how.setdefault(target, []).append(text)
    for name in claim_names(pod):
        how.setdefault(refer("PersistentVolumeClaim", namespace, name), []).append("volume")
    for each in dig_list(pod, "spec", "imagePullSecrets"):
        if name := dig_str(each, "name"):
            how.setdefault(refer("Secret", namespace, name), []).append("imagePullSecrets")
    for field, kind in (
        ("priorityClassName", "PriorityClass"),
        ("runtimeClassName", "RuntimeClass"),
    ):
        if name := dig_str(pod, "spec", field):
            how.setdefault(refer(kind, "", name), []).append(field)
    for target, texts in how.items():
        known = list(dict.fromkeys(texts))
        more = f" and {len(known) - 3} more" if len(known) > 3 else ""
        yield Edge(source, target, "uses", f"{', '.join(known[:3])}{more}")
    account = dig_str(pod, "spec", "serviceAccountName")
    if account:
        yield Edge(source, refer("ServiceAccount", namespace, account), "runs as")
