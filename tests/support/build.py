"""Builders: Kubernetes objects as an API server would hold them, with little typing.

Every builder takes what a test is about and fills in the rest (uid, times, statuses that fit one
another). ``patch={...}`` merges anything else in, deeply. Times are counted back from `NOW`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

#: The moment at which the tests' clusters are looked at.
NOW = datetime(2026, 11, 24, 12, 0, 0, tzinfo=UTC)

Object = dict[str, Any]


def ago(*, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0) -> str:
    """That long before `NOW`, as a timestamp."""
    then = NOW - timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    return then.strftime("%Y-%m-%dT%H:%M:%SZ")


def uid(*parts: str) -> str:
    """The same uid for the same parts."""
    digest = blake2b("/".join(parts).encode(), digest_size=16).hexdigest()
    return "-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:]))


def merge(base: Mapping[str, Any], patch: Mapping[str, Any]) -> Object:
    """``base`` with ``patch`` merged in: maps deeply, everything else replaced."""
    out = dict(base)
    for key, value in patch.items():
        old = out.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            out[key] = merge(old, value)
        else:
            out[key] = deepcopy(value)
    return out


def obj(
    api_version: str,
    kind: str,
    name: str,
    *,
    namespace: str = "",
    labels: Mapping[str, str] | None = None,
    annotations: Mapping[str, str] | None = None,
    owner: Mapping[str, Any] | None = None,
    created: str = "",
    patch: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Object:
    """Any object: ``obj("v1", "ConfigMap", "settings", namespace="shop", data={"a": "b"})``."""
    metadata: Object = {
        "name": name,
        "uid": uid(kind, namespace, name),
        "resourceVersion": "1000",
        "creationTimestamp": created or ago(hours=1),
    }
    if namespace:
        metadata["namespace"] = namespace
    if labels:
        metadata["labels"] = dict(labels)
    if annotations:
        metadata["annotations"] = dict(annotations)
    if owner:
        metadata["ownerReferences"] = [owned_by(owner)]
    built = {"apiVersion": api_version, "kind": kind, "metadata": metadata, **fields}
    return merge(built, patch or {})


def owned_by(owner: Mapping[str, Any]) -> Object:
    """The owner reference to an object, as its controller."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def container(
    name: str = "app",
    *,
    image: str = "registry.example.com/app:1.0",
    env: Mapping[str, str] | None = None,
    requests: Mapping[str, str] | None = None,
    limits: Mapping[str, str] | None = None,
    **fields: Any,
) -> Object:
    """A container of a pod's spec."""
    out: Object = {"name": name, "image": image}
    if env:
        out["env"] = [{"name": key, "value": value} for key, value in env.items()]
    if requests or limits:
        out["resources"] = {"requests": dict(requests or {}), "limits": dict(limits or {})}
    return out | fields


def running(*, since: str = "") -> Object:
    """A container state."""
    return {"running": {"startedAt": since or ago(minutes=59)}}


def waiting(reason: str, message: str = "") -> Object:
    """A container state."""
    return {"waiting": {"reason": reason, **({"message": message} if message else {})}}


def terminated(
    reason: str = "Error", *, exit_code: int = 1, at: str = "", message: str = ""
) -> Object:
    """A container state."""
    end: Object = {
        "reason": reason,
        "exitCode": exit_code,
        "startedAt": at or ago(minutes=6),
        "finishedAt": at or ago(minutes=5),
        "containerID": "containerd://feed",
    }
    return {"terminated": end | ({"message": message} if message else {})}


def container_status(
    name: str = "app",
    *,
    image: str = "registry.example.com/app:1.0",
    state: Mapping[str, Any] | None = None,
    last: Mapping[str, Any] | None = None,
    ready: bool | None = None,
    restarts: int = 0,
) -> Object:
    """A container's entry in a pod's status."""
    state = state or running()
    is_running = "running" in state
    return {
        "name": name,
        "image": image,
        "imageID": f"{image}@sha256:{'0' * 64}",
        "containerID": "containerd://cafe",
        "ready": is_running if ready is None else ready,
        "started": is_running,
        "restartCount": restarts,
        "state": dict(state),
        "lastState": dict(last or {}),
    }


def pod(
    name: str = "web-1",
    *,
    namespace: str = "shop",
    labels: Mapping[str, str] | None = None,
    containers: Sequence[Mapping[str, Any]] = (),
    statuses: Sequence[Mapping[str, Any]] | None = None,
    phase: str = "Running",
    node: str | None = "worker-1",
    owner: Mapping[str, Any] | None = None,
    conditions: Mapping[str, str] | None = None,
    created: str = "",
    patch: Mapping[str, Any] | None = None,
) -> Object:
    """A pod, running and ready unless told otherwise.

    Without ``statuses`` each container gets one that fits the phase. ``conditions`` replaces
    single ones: ``{"Ready": "False"}``. ``node=None`` is a pod that was never scheduled.
    """
    specs = [dict(one) for one in containers] or [container()]
    is_running = phase == "Running"
    if statuses is None:
        if phase == "Succeeded":
            state: Object = terminated("Completed", exit_code=0)
        elif phase == "Failed":
            state = terminated()
        else:
            state = running() if is_running else waiting("ContainerCreating")
        statuses = [
            container_status(one["name"], image=one["image"], state=state) for one in specs if node
        ]
    ready = is_running and all(one.get("ready") for one in statuses)
    told = {
        "PodScheduled": "True" if node else "False",
        "Initialized": "True" if node else "False",
        "ContainersReady": str(ready),
        "Ready": str(ready),
    } | dict(conditions or {})
    spec: Object = {
        "containers": specs,
        "restartPolicy": "Always",
        "serviceAccountName": "default",
        "schedulerName": "default-scheduler",
    }
    status: Object = {
        "phase": phase,
        "conditions": [
            {"type": kind, "status": value, "lastTransitionTime": created or ago(hours=1)}
            for kind, value in told.items()
        ],
        "qosClass": "BestEffort",
    }
    if node:
        spec["nodeName"] = node
        number = int(uid(namespace, name)[:4], 16)
        ip = f"10.42.{number % 250}.{number // 256 + 1}"
        status |= {
            "hostIP": "192.168.0.11",
            "podIP": ip,
            "podIPs": [{"ip": ip}],
            "startTime": created or ago(hours=1),
            "containerStatuses": [dict(one) for one in statuses],
        }
    return obj(
        "v1",
        "Pod",
        name,
        namespace=namespace,
        labels={"app": name.rsplit("-", 1)[0]} if labels is None else labels,
        owner=owner,
        created=created,
        patch=patch,
        spec=spec,
        status=status,
    )


def crash_looping(
    name: str = "cart-1", *, restarts: int = 7, exit_code: int = 1, **fields: Any
) -> Object:
    """A pod whose only container ends again and again."""
    status = container_status(
        state=waiting(
            "CrashLoopBackOff",
            f"back-off 5m0s restarting failed container=app pod={name}_shop(x)",
        ),
        last=terminated(exit_code=exit_code),
        ready=False,
        restarts=restarts,
    )
    return pod(name, statuses=[status], **fields)


def _template(app: Mapping[str, str], containers: Sequence[Mapping[str, Any]]) -> Object:
    specs = [dict(one) for one in containers] or [container()]
    return {"metadata": {"labels": dict(app)}, "spec": {"containers": specs}}


def _scaled(
    kind: str,
    name: str,
    *,
    namespace: str,
    replicas: int,
    ready: int | None,
    labels: Mapping[str, str] | None,
    containers: Sequence[Mapping[str, Any]],
    status: Mapping[str, Any],
    **fields: Any,
) -> Object:
    app = dict(labels or {"app": name})
    count = replicas if ready is None else ready
    return obj(
        "apps/v1",
        kind,
        name,
        namespace=namespace,
        labels=app,
        spec={
            "replicas": replicas,
            "selector": {"matchLabels": app},
            "template": _template(app, containers),
        },
        status={
            "observedGeneration": 1,
            "replicas": replicas,
            "readyReplicas": count,
            "availableReplicas": count,
            **status,
        },
        **fields,
    )


def deployment(
    name: str = "web",
    *,
    namespace: str = "shop",
    replicas: int = 1,
    ready: int | None = None,
    labels: Mapping[str, str] | None = None,
    containers: Sequence[Mapping[str, Any]] = (),
    **fields: Any,
) -> Object:
    """A Deployment; all its replicas are ready unless ``ready`` says how many are."""
    available = "True" if (replicas if ready is None else ready) >= replicas else "False"
    status = {
        "updatedReplicas": replicas,
        "unavailableReplicas": replicas - (replicas if ready is None else ready),
        "conditions": [
            {"type": "Available", "status": available, "lastTransitionTime": ago(hours=1)},
            {"type": "Progressing", "status": "True", "lastTransitionTime": ago(hours=1)},
        ],
    }
    return _scaled(
        "Deployment",
        name,
        namespace=namespace,
        replicas=replicas,
        ready=ready,
        labels=labels,
        containers=containers,
        status=status,
        **fields,
    )


def replica_set(
    name: str = "web-5d9f",
    *,
    namespace: str = "shop",
    replicas: int = 1,
    ready: int | None = None,
    labels: Mapping[str, str] | None = None,
    containers: Sequence[Mapping[str, Any]] = (),
    **fields: Any,
) -> Object:
    """A ReplicaSet."""
    return _scaled(
        "ReplicaSet",
        name,
        namespace=namespace,
        replicas=replicas,
        ready=ready,
        labels=labels,
        containers=containers,
        status={},
        **fields,
    )


def stateful_set(
    name: str = "db",
    *,
    namespace: str = "shop",
    replicas: int = 1,
    ready: int | None = None,
    labels: Mapping[str, str] | None = None,
    containers: Sequence[Mapping[str, Any]] = (),
    **fields: Any,
) -> Object:
    """A StatefulSet."""
    return _scaled(
        "StatefulSet",
        name,
        namespace=namespace,
        replicas=replicas,
        ready=ready,
        labels=labels,
        containers=containers,
        status={"currentReplicas": replicas, "updatedReplicas": replicas},
        **fields,
    )


def daemon_set(
    name: str = "agent",
    *,
    namespace: str = "kube-system",
    desired: int = 2,
    ready: int | None = None,
    labels: Mapping[str, str] | None = None,
    containers: Sequence[Mapping[str, Any]] = (),
    **fields: Any,
) -> Object:
    """A DaemonSet."""
    app = dict(labels or {"app": name})
    count = desired if ready is None else ready
    return obj(
        "apps/v1",
        "DaemonSet",
        name,
        namespace=namespace,
        labels=app,
        spec={"selector": {"matchLabels": app}, "template": _template(app, containers)},
        status={
            "desiredNumberScheduled": desired,
            "currentNumberScheduled": desired,
            "updatedNumberScheduled": desired,
            "numberReady": count,
            "numberAvailable": count,
            "numberUnavailable": desired - count,
            "numberMisscheduled": 0,
        },
        **fields,
    )


def job(
    name: str = "migrate",
    *,
    namespace: str = "shop",
    succeeded: int = 1,
    failed: int = 0,
    containers: Sequence[Mapping[str, Any]] = (),
    **fields: Any,
) -> Object:
    """A Job: complete with ``succeeded``, failed with only ``failed``, else running."""
    status: Object = {"startTime": ago(minutes=30), "succeeded": succeeded, "failed": failed}
    if succeeded:
        status["completionTime"] = ago(minutes=29)
        status["conditions"] = [
            {"type": kind, "status": "True", "lastTransitionTime": ago(minutes=29)}
            for kind in ("SuccessCriteriaMet", "Complete")
        ]
    elif failed:
        reason = {
            "reason": "BackoffLimitExceeded",
            "message": "Job has reached the specified backoff limit",
            "lastTransitionTime": ago(minutes=10),
        }
        status["conditions"] = [
            {"type": kind, "status": "True", **reason} for kind in ("FailureTarget", "Failed")
        ]
    labels = {"batch.kubernetes.io/job-name": name}
    template = merge(_template(labels, containers), {"spec": {"restartPolicy": "Never"}})
    return obj(
        "batch/v1",
        "Job",
        name,
        namespace=namespace,
        spec={
            "completions": 1,
            "parallelism": 1,
            "backoffLimit": 6,
            "selector": {"matchLabels": labels},
            "template": template,
        },
        status=status,
        **fields,
    )


def service(
    name: str = "web",
    *,
    namespace: str = "shop",
    selector: Mapping[str, str] | None = None,
    ports: Iterable[int] = (80,),
    target_port: int | str = 8080,
    kind: str = "ClusterIP",
    **fields: Any,
) -> Object:
    """A Service that selects ``app: <name>``; ``selector={}`` selects nothing."""
    spec: Object = {
        "type": kind,
        "clusterIP": "10.43.0.10",
        "clusterIPs": ["10.43.0.10"],
        "ports": [
            {"name": f"port-{port}", "port": port, "targetPort": target_port, "protocol": "TCP"}
            for port in ports
        ],
    }
    wanted = {"app": name} if selector is None else dict(selector)
    if wanted:
        spec["selector"] = wanted
    return obj(
        "v1", "Service", name, namespace=namespace, spec=spec, status={"loadBalancer": {}}, **fields
    )


def endpoint_slice(
    service_name: str = "web",
    *,
    namespace: str = "shop",
    ready: Iterable[str] = (),
    not_ready: Iterable[str] = (),
    port: int = 8080,
    **fields: Any,
) -> Object:
    """The EndpointSlice of a Service, with the addresses that are ready and those that are not."""
    states = [(address, True) for address in ready] + [(address, False) for address in not_ready]
    return obj(
        "discovery.k8s.io/v1",
        "EndpointSlice",
        f"{service_name}-abcde",
        namespace=namespace,
        labels={"kubernetes.io/service-name": service_name},
        addressType="IPv4",
        ports=[{"name": f"port-{port}", "port": port, "protocol": "TCP"}],
        endpoints=[
            {"addresses": [address], "conditions": {"ready": is_ready, "serving": is_ready}}
            for address, is_ready in states
        ],
        **fields,
    )


def ingress(
    name: str = "web",
    *,
    namespace: str = "shop",
    host: str = "shop.example.com",
    service_name: str = "web",
    port: int = 80,
    tls_secret: str = "",
    **fields: Any,
) -> Object:
    """An Ingress with one rule that leads to one Service."""
    backend = {"service": {"name": service_name, "port": {"number": port}}}
    spec: Object = {
        "ingressClassName": "traefik",
        "rules": [
            {
                "host": host,
                "http": {"paths": [{"path": "/", "pathType": "Prefix", "backend": backend}]},
            }
        ],
    }
    if tls_secret:
        spec["tls"] = [{"hosts": [host], "secretName": tls_secret}]
    status = {"loadBalancer": {"ingress": [{"ip": "192.168.0.200"}]}}
    return obj(
        "networking.k8s.io/v1",
        "Ingress",
        name,
        namespace=namespace,
        spec=spec,
        status=status,
        **fields,
    )


def node(
    name: str = "worker-1",
    *,
    ready: bool = True,
    labels: Mapping[str, str] | None = None,
    conditions: Mapping[str, str] | None = None,
    allocatable: Mapping[str, str] | None = None,
    taints: Sequence[Mapping[str, Any]] = (),
    unschedulable: bool = False,
    **fields: Any,
) -> Object:
    """A Node; ``conditions={"MemoryPressure": "True"}`` replaces single ones."""
    told = {
        "MemoryPressure": "False",
        "DiskPressure": "False",
        "PIDPressure": "False",
        "Ready": str(ready),
    } | dict(conditions or {})
    resources = {"cpu": "4", "memory": "16Gi", "pods": "110"} | dict(allocatable or {})
    spec: Object = {"podCIDR": "10.42.0.0/24"}
    if unschedulable:
        spec["unschedulable"] = True
    if taints:
        spec["taints"] = [dict(taint) for taint in taints]
    return obj(
        "v1",
        "Node",
        name,
        labels={"kubernetes.io/hostname": name, **(labels or {})},
        spec=spec,
        status={
            "addresses": [
                {"type": "InternalIP", "address": "192.168.0.11"},
                {"type": "Hostname", "address": name},
            ],
            "capacity": resources,
            "allocatable": resources,
            "conditions": [
                {
                    "type": kind,
                    "status": value,
                    "lastHeartbeatTime": ago(minutes=1),
                    "lastTransitionTime": ago(hours=1),
                }
                for kind, value in told.items()
            ],
            "nodeInfo": {
                "kubeletVersion": "v1.37.2",
                "osImage": "Debian GNU/Linux 13",
                "kernelVersion": "6.12.0",
                "containerRuntimeVersion": "containerd://2.1.0",
                "architecture": "amd64",
                "operatingSystem": "linux",
            },
        },
        **fields,
    )


def namespace(name: str = "shop", *, phase: str = "Active", **fields: Any) -> Object:
    """A Namespace."""
    labels = {"kubernetes.io/metadata.name": name}
    return obj("v1", "Namespace", name, labels=labels, status={"phase": phase}, **fields)


def event(
    involved: Mapping[str, Any],
    reason: str = "BackOff",
    message: str = "Back-off restarting failed container",
    *,
    kind: str = "Warning",
    count: int = 1,
    first: str = "",
    last: str = "",
    component: str = "kubelet",
    field_path: str = "",
    **fields: Any,
) -> Object:
    """An Event about an object. ``kind`` is Warning or Normal."""
    metadata = involved["metadata"]
    at = metadata.get("namespace", "")
    about = {
        "apiVersion": involved["apiVersion"],
        "kind": involved["kind"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        **({"namespace": at} if at else {}),
        **({"fieldPath": field_path} if field_path else {}),
    }
    digest = uid(metadata["name"], reason, message)[:8]
    return obj(
        "v1",
        "Event",
        f"{metadata['name']}.{digest}",
        namespace=at or "default",
        created=first or ago(minutes=10),
        involvedObject=about,
        type=kind,
        reason=reason,
        message=message,
        count=count,
        firstTimestamp=first or ago(minutes=10),
        lastTimestamp=last or ago(minutes=1),
        source={"component": component},
        reportingComponent=component,
        reportingInstance="",
        **fields,
    )


def config_map(
    name: str = "settings",
    data: Mapping[str, str] | None = None,
    *,
    namespace: str = "shop",
    **fields: Any,
) -> Object:
    """A ConfigMap."""
    return obj("v1", "ConfigMap", name, namespace=namespace, data=dict(data or {}), **fields)


def secret(
    name: str = "credentials",
    data: Mapping[str, str] | None = None,
    *,
    namespace: str = "shop",
    kind: str = "Opaque",
    **fields: Any,
) -> Object:
    """A Secret; ``data`` is given as it stands there, in base64."""
    return obj(
        "v1", "Secret", name, namespace=namespace, type=kind, data=dict(data or {}), **fields
    )


def service_account(name: str = "default", *, namespace: str = "shop", **fields: Any) -> Object:
    """A ServiceAccount."""
    return obj("v1", "ServiceAccount", name, namespace=namespace, **fields)


def claim(
    name: str = "data",
    *,
    namespace: str = "shop",
    storage_class: str | None = "standard",
    size: str = "1Gi",
    volume: str = "",
    **fields: Any,
) -> Object:
    """A PersistentVolumeClaim: bound where it has a ``volume``, else pending."""
    spec: Object = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": size}},
        "volumeMode": "Filesystem",
    }
    if storage_class is not None:
        spec["storageClassName"] = storage_class
    status: Object = {"phase": "Pending"}
    if volume:
        spec["volumeName"] = volume
        status = {
            "phase": "Bound",
            "accessModes": ["ReadWriteOnce"],
            "capacity": {"storage": size},
        }
    return obj(
        "v1",
        "PersistentVolumeClaim",
        name,
        namespace=namespace,
        spec=spec,
        status=status,
        **fields,
    )


def storage_class(
    name: str = "standard", *, default: bool = False, provisioner: str = "disk.example.com"
) -> Object:
    """A StorageClass."""
    mark = {"storageclass.kubernetes.io/is-default-class": "true"} if default else None
    return obj(
        "storage.k8s.io/v1",
        "StorageClass",
        name,
        annotations=mark,
        provisioner=provisioner,
        reclaimPolicy="Delete",
        volumeBindingMode="WaitForFirstConsumer",
    )


def crd(
    group: str,
    kind: str,
    *,
    plural: str = "",
    versions: Sequence[str] = ("v1",),
    namespaced: bool = True,
    short_names: Sequence[str] = (),
    columns: Sequence[Mapping[str, Any]] = (),
    schema: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Object:
    """A CustomResourceDefinition that serves these versions; the first one is stored."""
    plural = plural or f"{kind.lower()}s"
    return obj(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        f"{plural}.{group}",
        spec={
            "group": group,
            "names": {
                "kind": kind,
                "plural": plural,
                "singular": kind.lower(),
                "listKind": f"{kind}List",
                "shortNames": list(short_names),
            },
            "scope": "Namespaced" if namespaced else "Cluster",
            "versions": [
                {
                    "name": version,
                    "served": True,
                    "storage": index == 0,
                    "schema": {"openAPIV3Schema": dict(schema or {"type": "object"})},
                    "additionalPrinterColumns": [dict(column) for column in columns],
                    "subresources": {"status": {}},
                }
                for index, version in enumerate(versions)
            ],
        },
        status={"conditions": [{"type": "Established", "status": "True"}]},
        **fields,
    )


def pod_metrics(pod_object: Mapping[str, Any], *, cpu: str = "10m", memory: str = "64Mi") -> Object:
    """What metrics-server says of a pod: the same usage for each of its containers."""
    metadata = pod_object["metadata"]
    usage = {"cpu": cpu, "memory": memory}
    return obj(
        "metrics.k8s.io/v1beta1",
        "PodMetrics",
        metadata["name"],
        namespace=metadata["namespace"],
        labels=metadata.get("labels"),
        timestamp=ago(seconds=20),
        window="15s",
        containers=[
            {"name": one["name"], "usage": usage} for one in pod_object["spec"]["containers"]
        ],
    )


def node_metrics(name: str = "worker-1", *, cpu: str = "500m", memory: str = "4Gi") -> Object:
    """What metrics-server says of a node."""
    return obj(
        "metrics.k8s.io/v1beta1",
        "NodeMetrics",
        name,
        timestamp=ago(seconds=20),
        window="15s",
        usage={"cpu": cpu, "memory": memory},
    )
