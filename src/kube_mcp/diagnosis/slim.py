"""What checks and relations never read is dropped as soon as an object arrives.

`slim` is pure and takes any JSON. It keeps, for

- every kind: ``kind``, ``apiVersion``, and of the metadata the name, namespace, uid, times,
  finalizers, labels, owners, generation and the few annotations in `fields.ANNOTATIONS`;
- ``Pod``, and the pod template of every workload: what places it, what its containers refer to,
  their probes, ports and resources; no literal environment value, no command line, no mount, no
  token volume; of the status what is not simply well;
- ``Node``: taints, conditions, allocatable, versions; not its images;
- ``Event``: what happened, to what, when and how often;
- ``EndpointSlice``: ports, and of each endpoint its conditions, node and target;
- ``ConfigMap`` and ``Secret``: the names of their keys where those were read, never a value;
- webhook configurations without their certificates; CRDs without their schemas; ReplicaSets
  without their template;
- anything else: all but managed fields and other annotations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import orjson

from kube_mcp.diagnosis import fields
from kube_mcp.objects import dig, dig_list, dig_map, dig_str
from kube_mcp.scene import BUILT_IN

# A controller's or runtime's message can hold a whole build log; its start names the cause.
_LONGEST_MESSAGE = 2000


def slim(kind: str, obj: Mapping[str, Any]) -> dict[str, Any]:
    """The parts of an object that diagnosis and relations read; ``kind`` is its key in a scene.

    The result says its own ``kind`` and ``apiVersion`` also where the item of a list did not.
    It shares what it keeps with ``obj``, and what the pods of one workload have in common with
    other results: whoever changes a part must mean to change it everywhere.
    """
    name, _, group = kind.partition(".")
    out: dict[str, Any] = {
        "kind": name,
        "apiVersion": obj.get("apiVersion") or _api_version(name, group),
        "metadata": _metadata(dig_map(obj, "metadata")),
    }
    return out | body(kind, obj)


def body(kind: str, obj: Mapping[str, Any]) -> dict[str, Any]:
    """What `slim` keeps of an object beside its type and metadata."""
    if shape := _BODIES.get(kind):
        return shape(obj)
    return {
        key: value for key, value in obj.items() if key not in ("kind", "apiVersion", "metadata")
    }


def _api_version(name: str, group: str) -> str:
    group = group or BUILT_IN.get(name, "")
    return f"{group}/v1" if group else "v1"


def _shared(value: Any) -> Any:
    """The same JSON as ``value``; equal parts of different objects become one in memory.

    Nearly everything of a pod but its name is that of its template: a thousand replicas hold it
    once.
    """
    try:
        return _from_json(orjson.dumps(value))
    except TypeError:
        return value  # not JSON, so it came from elsewhere than an API server


# As many templates as a large cluster has workloads; each entry is one or two kilobytes.
@lru_cache(maxsize=2048)
def _from_json(text: bytes) -> Any:
    return orjson.loads(text)


def _metadata(meta: Mapping[str, Any]) -> dict[str, Any]:
    out = {key: meta[key] for key in fields.META if key in meta}
    if labels := meta.get("labels"):
        out["labels"] = _shared(labels)
    annotations = {
        key: value
        for key, value in dig_map(meta, "annotations").items()
        if key in fields.ANNOTATIONS
    }
    if annotations:
        out["annotations"] = annotations
    if kept := owners(meta.get("ownerReferences")):
        out["ownerReferences"] = _shared(kept)
    return out


def owners(found: object) -> list[dict[str, Any]]:
    """What is kept of an object's owner references."""
    return [_pick(each, *fields.OWNER) for each in dig_list(found)]


def _pick(obj: object, *keys: str) -> dict[str, Any]:
    source = dig_map(obj)
    return {key: source[key] for key in keys if key in source}


def _pod(obj: Mapping[str, Any]) -> dict[str, Any]:
    status = pod_status(dig_map(obj, "status"))
    for key in plain_statuses(status):
        status[key] = _shared(status[key])
    return {"spec": _pod_spec(dig_map(obj, "spec")), "status": status}


def _pod_spec(spec: Mapping[str, Any]) -> dict[str, Any]:
    out = own_spec(spec)
    for key, build in SHARED_SPEC.items():
        if (value := spec.get(key)) and (kept := build(value)):
            out[key] = _shared(kept)
    return out


def own_spec(spec: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a pod's spec beside what it shares with the other replicas."""
    return {
        key: spec[key]
        for key in fields.POD_SPEC
        if key in spec and not (key in fields.DEFAULTS and spec[key] == fields.DEFAULTS[key])
    }


def tolerations(found: object) -> list[Any]:
    """Those that somebody wrote."""
    return [each for each in dig_list(found) if not _is_default(each)]


def _is_default(toleration: object) -> bool:
    """Whether the admission controller added it: every pod has the two."""
    return dig_str(toleration, "key") in (
        "node.kubernetes.io/not-ready",
        "node.kubernetes.io/unreachable",
    ) and (dig(toleration, "tolerationSeconds") == 300)


def containers(found: object) -> list[dict[str, Any]]:
    """What is kept of the containers of a pod or a template, of whichever list."""
    return [_container(each) for each in dig_list(found)]


def _container(container: object) -> dict[str, Any]:
    out = _pick(container, *fields.CONTAINER)
    if not out.get("resources"):
        out.pop("resources", None)
    ports = [
        _pick(each, "name", "containerPort", "hostPort", "protocol")
        for each in dig_list(container, "ports")
    ]
    if ports:
        out["ports"] = ports
    env = [_pick(each, "name", "valueFrom") for each in dig_list(container, "env") if _from(each)]
    if env:
        out["env"] = env
    if dig_list(container, "envFrom"):
        out["envFrom"] = dig_list(container, "envFrom")
    return out


def _from(entry: object) -> bool:
    """Whether an environment entry takes its value from another object."""
    source = dig_map(entry, "valueFrom")
    return "configMapKeyRef" in source or "secretKeyRef" in source


def volumes(found: object) -> list[dict[str, Any]]:
    """The volumes that need another object."""
    return [_pick(each, "name", *fields.REFERRING) for each in dig_list(found) if _refers(each)]


def _refers(volume: object) -> bool:
    """Whether a volume needs another object; the token that every pod has does not count."""
    if isinstance(name := dig(volume, "name"), str) and name.startswith("kube-api-access-"):
        return False
    return any(key in dig_map(volume) for key in fields.REFERRING)


def same(found: Any) -> Any:
    """All of it."""
    return found


#: The fields of a pod's spec that all replicas of a workload have in common, and what is kept of
#: each; nothing is, where that is empty.
SHARED_SPEC: Mapping[str, Callable[[Any], Any]] = {
    "affinity": same,
    "tolerations": tolerations,
    "topologySpreadConstraints": same,
    **dict.fromkeys(fields.CONTAINER_LISTS, containers),
    "volumes": volumes,
}


def pod_status(status: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a pod's status."""
    out = {key: status[key] for key in fields.POD_STATUS if key in status}
    conditions = [
        _condition(each)
        for each in dig_list(status, "conditions")
        if not _goes_without_saying(each)
    ]
    if conditions:
        out["conditions"] = conditions
    for key in fields.STATUS_LISTS:
        if found := status.get(key):
            out[key] = [_container_status(each) for each in dig_list(found)]
    return out


def plain_statuses(status: Mapping[str, Any]) -> Iterator[str]:
    """The lists of a status of which every container is plain: those of other pods are the same."""
    for key in fields.STATUS_LISTS:
        if (found := status.get(key)) and all(_is_plain(each) for each in found):
            yield key


def _goes_without_saying(condition: object) -> bool:
    return (
        type(condition) is dict
        and condition.get("status") == "True"
        and condition.get("type") in fields.PLAIN_WHEN_TRUE
    )


def _condition(found: object) -> dict[str, Any]:
    source = dig_map(found)
    out = {key: value for key in fields.CONDITION if (value := source.get(key)) is not None}
    if isinstance(message := out.get("message"), str) and len(message) > _LONGEST_MESSAGE:
        out["message"] = message[:_LONGEST_MESSAGE]
    return out


def _container_status(status: object) -> dict[str, Any]:
    source = dig_map(status)
    out = {key: source[key] for key in fields.CONTAINER_STATUS if key in source}
    # Most containers never restarted: what they lack need not be written down.
    for key in fields.CONTAINER_HISTORY:
        if value := source.get(key):
            out[key] = value
    if _is_plain(out) and "running" in dig_map(out.get("state")):
        # When it started matters only where it is not ready, or was restarted.
        out["state"] = {"running": {}}
    return out


def _is_plain(status: Mapping[str, Any]) -> bool:
    """Whether a container is ready and always was."""
    return status.get("ready") is True and "restartCount" not in status


def _workload(obj: Mapping[str, Any]) -> dict[str, Any]:
    spec = dict(dig_map(obj, "spec"))
    if "template" in spec:
        spec["template"] = _template(spec["template"])
    if "volumeClaimTemplates" in spec:
        spec["volumeClaimTemplates"] = [
            {"metadata": _pick(dig(each, "metadata"), "name"), "spec": dig_map(each, "spec")}
            for each in dig_list(spec, "volumeClaimTemplates")
        ]
    return {"spec": spec, "status": dig_map(obj, "status")}


def _template(found: object) -> dict[str, Any]:
    """What is kept of a workload's pod template."""
    return {
        "metadata": {"labels": dig_map(found, "metadata", "labels")},
        "spec": _pod_spec(dig_map(found, "spec")),
    }


def _cron_job(obj: Mapping[str, Any]) -> dict[str, Any]:
    spec = dict(dig_map(obj, "spec"))
    job = dict(dig_map(spec, "jobTemplate", "spec"))
    job["template"] = _template(job.get("template"))
    spec["jobTemplate"] = {"spec": job}
    return {"spec": spec, "status": dig_map(obj, "status")}


def _replica_set(obj: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "spec": _pick(dig(obj, "spec"), *fields.REPLICA_SET_SPEC),
        "status": dig_map(obj, "status"),
    }


def _node(obj: Mapping[str, Any]) -> dict[str, Any]:
    status = _pick(dig(obj, "status"), "allocatable")
    status["conditions"] = [
        _pick(each, *fields.NODE_CONDITION) for each in dig_list(obj, "status", "conditions")
    ]
    status["nodeInfo"] = _pick(dig(obj, "status", "nodeInfo"), *fields.NODE_INFO)
    return {
        "spec": _pick(dig(obj, "spec"), *fields.NODE_SPEC),
        "status": status,
    }


def _event(obj: Mapping[str, Any]) -> dict[str, Any]:
    out = {key: value for key, value in _pick(obj, *fields.EVENT).items() if value}
    for key in ("message", "note"):
        if isinstance(text := out.get(key), str) and len(text) > _LONGEST_MESSAGE:
            out[key] = text[:_LONGEST_MESSAGE]
    for key in fields.EVENT_ABOUT:
        if key in obj:
            out[key] = _pick(obj[key], *fields.ABOUT)
    return out


def _endpoint_slice(obj: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "addressType": obj.get("addressType"),
        "ports": dig_list(obj, "ports"),
        "endpoints": [_pick(each, *fields.ENDPOINT) for each in dig_list(obj, "endpoints")],
    }


def _keys_only(obj: Mapping[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {
        key: dict.fromkeys(dig_map(obj, key), "") for key in fields.CONFIG if key in obj
    }
    return out | _pick(obj, "type")


def _webhooks(obj: Mapping[str, Any]) -> dict[str, Any]:
    kept = []
    for each in dig_list(obj, "webhooks"):
        webhook = dict(dig_map(each))
        client = dict(dig_map(webhook, "clientConfig"))
        if "caBundle" in client:
            client["caBundle"] = "present" if client["caBundle"] else ""
        webhook["clientConfig"] = client
        kept.append(webhook)
    return {"webhooks": kept}


def _crd(obj: Mapping[str, Any]) -> dict[str, Any]:
    spec = dict(dig_map(obj, "spec"))
    spec["versions"] = [
        _pick(each, "name", "served", "storage") for each in dig_list(spec, "versions")
    ]
    conversion = dict(dig_map(spec, "conversion"))
    if conversion:
        webhook = dict(dig_map(conversion, "webhook"))
        client = dict(dig_map(webhook, "clientConfig"))
        client.pop("caBundle", None)
        webhook["clientConfig"] = client
        spec["conversion"] = conversion | ({"webhook": webhook} if "webhook" in conversion else {})
    return {"spec": spec, "status": dig_map(obj, "status")}


_BODIES: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
    "Pod": _pod,
    "Deployment": _workload,
    "StatefulSet": _workload,
    "DaemonSet": _workload,
    "ReplicationController": _workload,
    "Job": _workload,
    "CronJob": _cron_job,
    "ReplicaSet": _replica_set,
    "Node": _node,
    "Event": _event,
    "EndpointSlice": _endpoint_slice,
    "ConfigMap": _keys_only,
    "Secret": _keys_only,
    "ControllerRevision": lambda obj: _pick(obj, "revision"),
    "MutatingWebhookConfiguration": _webhooks,
    "ValidatingWebhookConfiguration": _webhooks,
    "CustomResourceDefinition": _crd,
}
