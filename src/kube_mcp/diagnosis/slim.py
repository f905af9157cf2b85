"""What checks and relations never read is dropped as soon as an object arrives.

`slim` is pure and takes any JSON. It keeps, for

- every kind: ``kind``, ``apiVersion``, and of the metadata the name, namespace, uid, times,
  finalizers, labels, owners, generation and the few annotations in `ANNOTATIONS`;
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

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import orjson

from kube_mcp.objects import dig, dig_list, dig_map, dig_str
from kube_mcp.scene import BUILT_IN

#: Annotations that change what an object means.
ANNOTATIONS = frozenset(
    {
        "deployment.kubernetes.io/revision",
        "ingressclass.kubernetes.io/is-default-class",
        "kubernetes.io/ingress.class",
        "kustomize.toolkit.fluxcd.io/reconcile",
        "nginx.ingress.kubernetes.io/canary",
        "meta.helm.sh/release-name",
        "meta.helm.sh/release-namespace",
        "storageclass.kubernetes.io/is-default-class",
        "volume.beta.kubernetes.io/storage-class",
        "volume.kubernetes.io/selected-node",
        "volume.kubernetes.io/storage-provisioner",
    }
)

_META = (
    "name",
    "namespace",
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "finalizers",
    "generation",
    "labels",
)
_OWNER = ("apiVersion", "kind", "name", "controller")
_POD_SPEC = (
    "activeDeadlineSeconds",
    "affinity",
    "dnsPolicy",
    "hostNetwork",
    "imagePullSecrets",
    "nodeName",
    "nodeSelector",
    "overhead",
    "priorityClassName",
    "readinessGates",
    "resources",
    "restartPolicy",
    "runtimeClassName",
    "schedulerName",
    "schedulingGates",
    "serviceAccountName",
    "terminationGracePeriodSeconds",
    "topologySpreadConstraints",
)
_CONTAINER = (
    "name",
    "image",
    "restartPolicy",
    "resources",
    "livenessProbe",
    "readinessProbe",
    "startupProbe",
)
_POD_STATUS = ("phase", "reason", "message", "startTime", "nominatedNodeName", "podIP")
_STATUS_LISTS = ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses")
_CONDITION = ("type", "status", "reason", "message", "lastTransitionTime", "observedGeneration")
# True is what every pod has in these; Ready is kept for when it became so.
_PLAIN_WHEN_TRUE = frozenset(
    {"PodScheduled", "Initialized", "ContainersReady", "PodReadyToStartContainers"}
)
# What the API server fills in where nobody said anything.
_DEFAULTS: Mapping[str, object] = {
    "schedulerName": "default-scheduler",
    "serviceAccountName": "default",
    "dnsPolicy": "ClusterFirst",
    "terminationGracePeriodSeconds": 30,
}
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
    shape = _SHAPES.get(kind)
    if shape is not None:
        out.update(shape(obj))
    else:
        out.update(
            (key, value)
            for key, value in obj.items()
            if key not in ("kind", "apiVersion", "metadata")
        )
    return out


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
    out = {key: meta[key] for key in _META if key in meta}
    if "labels" in out:
        out["labels"] = _shared(out["labels"])
    annotations = {
        key: value for key, value in dig_map(meta, "annotations").items() if key in ANNOTATIONS
    }
    if annotations:
        out["annotations"] = annotations
    if meta.get("ownerReferences"):
        owners = [_pick(each, *_OWNER) for each in dig_list(meta, "ownerReferences")]
        out["ownerReferences"] = _shared(owners)
    return out


def _pick(obj: object, *keys: str) -> dict[str, Any]:
    source = dig_map(obj)
    return {key: source[key] for key in keys if key in source}


def _pod(obj: Mapping[str, Any]) -> dict[str, Any]:
    return {"spec": _pod_spec(dig_map(obj, "spec")), "status": _pod_status(dig_map(obj, "status"))}


def _pod_spec(spec: Mapping[str, Any]) -> dict[str, Any]:
    out = {key: spec[key] for key in _POD_SPEC if key in spec and spec[key] != _DEFAULTS.get(key)}
    tolerations = [each for each in dig_list(spec, "tolerations") if not _is_default(each)]
    if tolerations:
        out["tolerations"] = _shared(tolerations)
    for key in ("affinity", "topologySpreadConstraints"):
        if key in out:
            out[key] = _shared(out[key])
    for key in ("initContainers", "containers", "ephemeralContainers"):
        if spec.get(key):
            out[key] = _shared([_container(each) for each in dig_list(spec, key)])
    volumes = [_volume(each) for each in dig_list(spec, "volumes") if _refers(each)]
    if volumes:
        out["volumes"] = _shared(volumes)
    return out


def _is_default(toleration: object) -> bool:
    """Whether the admission controller added it: every pod has the two."""
    return dig_str(toleration, "key") in (
        "node.kubernetes.io/not-ready",
        "node.kubernetes.io/unreachable",
    ) and (dig(toleration, "tolerationSeconds") == 300)


def _container(container: object) -> dict[str, Any]:
    out = _pick(container, *_CONTAINER)
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


_REFERRING = ("persistentVolumeClaim", "configMap", "secret", "projected", "csi", "ephemeral")


def _refers(volume: object) -> bool:
    """Whether a volume needs another object; the token that every pod has does not count."""
    if isinstance(name := dig(volume, "name"), str) and name.startswith("kube-api-access-"):
        return False
    return any(key in dig_map(volume) for key in _REFERRING)


def _volume(volume: object) -> dict[str, Any]:
    return _pick(volume, "name", *_REFERRING)


def _pod_status(status: Mapping[str, Any]) -> dict[str, Any]:
    out = _pick(status, *_POD_STATUS)
    conditions = [
        _condition(each)
        for each in dig_list(status, "conditions")
        if dig(each, "status") != "True" or dig_str(each, "type") not in _PLAIN_WHEN_TRUE
    ]
    if conditions:
        out["conditions"] = conditions
    for key in _STATUS_LISTS:
        if status.get(key):
            out[key] = [_container_status(each) for each in dig_list(status, key)]
            if all(_is_plain(each) for each in out[key]):
                out[key] = _shared(out[key])
    return out


def _condition(found: object) -> dict[str, Any]:
    out = {key: value for key, value in _pick(found, *_CONDITION).items() if value is not None}
    if isinstance(message := out.get("message"), str) and len(message) > _LONGEST_MESSAGE:
        out["message"] = message[:_LONGEST_MESSAGE]
    return out


def _container_status(status: object) -> dict[str, Any]:
    out = _pick(status, "name", "state", "ready", "started")
    # Most containers never restarted: what they lack need not be written down.
    for key in ("lastState", "restartCount"):
        if value := dig(status, key):
            out[key] = value
    if _is_plain(out) and "running" in dig_map(out, "state"):
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


def _template(template: object) -> dict[str, Any]:
    return {
        "metadata": {"labels": dig_map(template, "metadata", "labels")},
        "spec": _pod_spec(dig_map(template, "spec")),
    }


def _cron_job(obj: Mapping[str, Any]) -> dict[str, Any]:
    spec = dict(dig_map(obj, "spec"))
    job = dict(dig_map(spec, "jobTemplate", "spec"))
    job["template"] = _template(job.get("template"))
    spec["jobTemplate"] = {"spec": job}
    return {"spec": spec, "status": dig_map(obj, "status")}


def _replica_set(obj: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "spec": _pick(dig(obj, "spec"), "replicas", "selector"),
        "status": dig_map(obj, "status"),
    }


def _node(obj: Mapping[str, Any]) -> dict[str, Any]:
    status = _pick(dig(obj, "status"), "allocatable")
    status["conditions"] = [
        _pick(each, *_CONDITION, "lastHeartbeatTime")
        for each in dig_list(obj, "status", "conditions")
    ]
    status["nodeInfo"] = _pick(
        dig(obj, "status", "nodeInfo"), "kubeletVersion", "architecture", "operatingSystem"
    )
    return {
        "spec": _pick(dig(obj, "spec"), "taints", "unschedulable", "providerID"),
        "status": status,
    }


_EVENT = (
    "type",
    "reason",
    "message",
    "note",
    "count",
    "series",
    "firstTimestamp",
    "lastTimestamp",
    "eventTime",
    "reportingComponent",
    "source",
)
_ABOUT = ("kind", "namespace", "name", "uid", "apiVersion", "fieldPath")


def _event(obj: Mapping[str, Any]) -> dict[str, Any]:
    out = {key: value for key, value in _pick(obj, *_EVENT).items() if value}
    for key in ("message", "note"):
        if isinstance(text := out.get(key), str) and len(text) > _LONGEST_MESSAGE:
            out[key] = text[:_LONGEST_MESSAGE]
    for key in ("involvedObject", "regarding"):
        if key in obj:
            out[key] = _pick(obj[key], *_ABOUT)
    return out


def _endpoint_slice(obj: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "addressType": obj.get("addressType"),
        "ports": dig_list(obj, "ports"),
        "endpoints": [
            _pick(each, "conditions", "nodeName", "targetRef")
            for each in dig_list(obj, "endpoints")
        ],
    }


def _keys_only(obj: Mapping[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {
        key: dict.fromkeys(dig_map(obj, key), "") for key in ("data", "binaryData") if key in obj
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


_SHAPES: Mapping[str, Callable[[Mapping[str, Any]], dict[str, Any]]] = {
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
