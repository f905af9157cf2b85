from __future__ import annotations

import re
from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.events import latest
from kube_mcp.diagnosis.finding import CRITICAL, Evidence, Finding
from kube_mcp.diagnosis.phrases import alike, evidence, listed
from kube_mcp.diagnosis.pods import containers, created, is_going, is_over, is_ready, unwell_pods
from kube_mcp.graph.owners import workload_of
from kube_mcp.graph.references import Reference, keys_of, references
from kube_mcp.objects import Obj, dig_str
from kube_mcp.scene import Scene, ref_to, refer

_MOST_NEAR = 3
_SHORTEST = 4
# Helm keeps its releases in Secrets named after them.
_RELEASES = "sh.helm.release."

# The kubelet's words, in a container's waiting message or a FailedMount event.
_OBJECT = re.compile(r'(configmap|secret)s? "([^"]+)" not found')
_KEY = re.compile(r"couldn't find key (\S+) in (ConfigMap|Secret) [^/\s]+/(\S+)")
_ITEM = re.compile(r"references non-existent (?:config|secret) key: (\S+)")


@check("Pod", among=unwell_pods, optional=["ConfigMap", "Secret", "Event", "ReplicaSet", "Job"])
def config_reference_missing(pod: Obj, scene: Scene) -> Iterator[Finding]:
    """A pod cannot start because a ConfigMap or Secret it refers to, or a key of it, is not there.

    What it detects: what the kubelet says it could not find, and, in a pod that does not start,
    every reference in the environment and the volumes whose object does not exist, or whose key
    the ConfigMap does not have.

    Why it matters: the container is not created until the object and the key exist.

    Where it cannot tell: Secrets are read without their content, so a missing key of a Secret is
    known only from the kubelet's message.
    """
    if is_over(pod) or is_going(pod) or is_ready(pod):
        return
    waiting = [each for each in containers(pod, scene) if each.reason]
    told = [
        (f"{each.path}.state.waiting.message", dig_str(each.waiting, "message"))
        for each in waiting
        if each.reason == "CreateContainerConfigError"
    ]
    creating = any(each.reason in ("ContainerCreating", "PodInitializing") for each in waiting)
    mount = latest(pod, scene, "FailedMount") if creating else None
    if mount:
        told.append(("event FailedMount", mount.message))
    if not told and not creating:
        return
    missing = dict.fromkeys(_missing(pod, told, scene))
    if not missing:
        return
    namespace = dig_str(pod, "metadata", "namespace")
    kind, name, key = next(iter(missing))
    what = listed(_called(*each) for each in missing)
    yield Finding(
        ref=ref_to(pod),
        workload=workload_of(pod, scene),
        part=name,
        severity=CRITICAL,
        title=f"cannot start: {what} {'does' if len(missing) == 1 else 'do'} not exist",
        evidence=evidence(*told, *_where(pod, missing), *_instead(namespace, missing, scene)),
        since=created(pod),
        blames=tuple(refer(each[0], namespace, each[1]) for each in missing),
        # Whoever else misses the same has the same trouble: one object to make ends it for all.
        shared=f"{namespace} {_called(kind, name, key)}",
        next=f"Add the key {key} to the {kind} {name} in {namespace}, or correct the reference."
        if key
        else f"Create the {kind} {name} in {namespace}, or correct the reference.",
    )


def _missing(pod: Obj, told: list[Evidence], scene: Scene) -> Iterator[tuple[str, str, str]]:
    """(kind, name, key) of what is not there: first what the kubelet says, then what we see."""
    for _, message in told:
        for found in _KEY.finditer(message):
            yield found[2], found[3].rstrip(".,"), found[1]
        for found in _OBJECT.finditer(message):
            yield ("ConfigMap" if found[1] == "configmap" else "Secret"), found[2], ""
        for found in _ITEM.finditer(message):
            key = found[1].rstrip(".,")
            for each in references(pod):
                if each.key == key:
                    yield each.kind, each.name, key
    namespace = dig_str(pod, "metadata", "namespace")
    for each in references(pod):
        if each.needed and (key := _absent(each, namespace, scene)) is not None:
            yield each.kind, each.name, key


def _absent(each: Reference, namespace: str, scene: Scene) -> str | None:
    """The missing key; empty where the whole object is missing; None where nothing is."""
    if scene.lacks(each.kind, namespace, each.name):
        return ""
    keys = keys_of(scene.peek(each.kind, namespace, each.name))
    return each.key if each.key and keys is not None and each.key not in keys else None


def _called(kind: str, name: str, key: str) -> str:
    return f"{f'key {key} of ' if key else ''}{kind} {name}"


def _where(pod: Obj, missing: dict[tuple[str, str, str], None]) -> Iterator[Evidence]:
    objects = {(kind, name) for kind, name, _ in missing}
    for each in references(pod):
        if (each.kind, each.name) in objects:
            yield each.path, _called(each.kind, each.name, each.key)


def _instead(
    namespace: str, missing: dict[tuple[str, str, str], None], scene: Scene
) -> Iterator[Evidence]:
    """Which keys there are, where only the key is wrong; else what has nearly the name."""
    for kind, name, key in missing:
        keys = keys_of(scene.peek(kind, namespace, name))
        if key and keys is not None:
            yield f"{kind} {name} data", listed(sorted(keys))
        elif not key and (near := _near(kind, namespace, name, scene)):
            yield f"{kind} of a similar name", listed(near, most=_MOST_NEAR)


def _near(kind: str, namespace: str, name: str, scene: Scene) -> list[str]:
    known, names = scene.derived(_similar), scene.derived(_names)
    key = (kind, namespace, name)
    if key not in known:
        known[key] = [
            other
            for other in names.get((kind, namespace), ())
            # A short name is part of many.
            if len(other) >= _SHORTEST and len(name) >= _SHORTEST and alike(name, other)
        ]
    return known[key]


def _similar(scene: Scene) -> dict[tuple[str, str, str], list[str]]:
    """What was found before: a workload's replicas miss the same."""
    return {}


def _names(scene: Scene) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for kind in ("ConfigMap", "Secret"):
        for each in scene.seen(kind):
            name = dig_str(each, "metadata", "name")
            if not name.startswith(_RELEASES):
                found.setdefault((kind, dig_str(each, "metadata", "namespace")), []).append(name)
    return {key: sorted(names) for key, names in found.items()}
