"""A workload and everything that hangs on it, as big as the real ones are. Pure."""

from __future__ import annotations

import datetime
import hashlib
from dataclasses import dataclass, field
from typing import Any, Literal

Obj = dict[str, Any]

Fault = Literal["crash", "image", "unschedulable", "memory", "unready"]
FAULTS: tuple[Fault, ...] = ("crash", "image", "unschedulable", "memory", "unready")

APPS = ("api", "cart", "catalog", "checkout", "frontend", "ledger", "mailer", "search", "users")


@dataclass(frozen=True, slots=True)
class Workload:
    """One Deployment to be made."""

    namespace: str
    name: str
    replicas: int
    #: Nodes for its pods, one each.
    nodes: tuple[str, ...]
    now: datetime.datetime
    fault: Fault | None = None
    labels: dict[str, str] = field(default_factory=dict)

    @property
    def hash(self) -> str:
        return hashlib.sha256(f"{self.namespace}/{self.name}".encode()).hexdigest()[:9]

    @property
    def selector(self) -> dict[str, str]:
        return {"app.kubernetes.io/name": self.name, "app.kubernetes.io/instance": self.name}

    @property
    def replica_set(self) -> str:
        return f"{self.name}-{self.hash}"

    @property
    def ready(self) -> int:
        return self.replicas if self.fault in (None, "memory") else 0

    def ago(self, **span: int) -> str:
        moment = self.now - datetime.timedelta(**span)
        return moment.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def deployment(work: Workload) -> Obj:
    """Revision 3, with a status that fits its fault."""
    available = work.ready == work.replicas
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": work.name,
            "namespace": work.namespace,
            "labels": _labels(work),
            "annotations": {
                "deployment.kubernetes.io/revision": "3",
                "meta.helm.sh/release-name": work.name,
                "meta.helm.sh/release-namespace": work.namespace,
            },
        },
        "spec": {
            "replicas": work.replicas,
            "revisionHistoryLimit": 3,
            "selector": {"matchLabels": work.selector},
            "template": _template(work, work.selector),
        },
        "status": {
            "observedGeneration": 1,
            "replicas": work.replicas,
            "updatedReplicas": work.replicas,
            **({"readyReplicas": work.ready, "availableReplicas": work.ready} if work.ready else
               {"unavailableReplicas": work.replicas}),
            "conditions": [
                {
                    "type": "Available",
                    "status": "True" if available else "False",
                    "reason": f"MinimumReplicas{'A' if available else 'Una'}vailable",
                    "message": "Deployment has minimum availability." if available else
                    "Deployment does not have minimum availability.",
                    "lastTransitionTime": work.ago(hours=2),
                    "lastUpdateTime": work.ago(hours=2),
                },
                {
                    "type": "Progressing",
                    "status": "True",
                    "reason": "NewReplicaSetAvailable",
                    "message": f'ReplicaSet "{work.replica_set}" has successfully progressed.',
                    "lastTransitionTime": work.ago(days=3),
                    "lastUpdateTime": work.ago(days=3),
                },
            ],
        },
    }  # fmt: skip


def replica_set(work: Workload, owner: Obj, *, current: bool) -> Obj:
    """The one that runs, or the one before, scaled to zero."""
    name = work.replica_set if current else f"{work.name}-{work.hash[::-1]}"
    labels = {**work.selector, "pod-template-hash": name.rpartition("-")[2]}
    replicas = work.replicas if current else 0
    ready = work.ready if current else 0
    status = {"replicas": replicas, "fullyLabeledReplicas": replicas, "observedGeneration": 1}
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": {
            "name": name,
            "namespace": work.namespace,
            "labels": labels,
            "annotations": {
                "deployment.kubernetes.io/desired-replicas": str(replicas),
                "deployment.kubernetes.io/max-replicas": str(replicas + 1),
                "deployment.kubernetes.io/revision": "3" if current else "2",
            },
            "ownerReferences": [_owned_by(owner)],
        },
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": _template(work, labels, version="1.8.2" if current else "1.8.1"),
        },
        "status": {**status, "readyReplicas": ready, "availableReplicas": ready},
    }


def pod(work: Workload, owner: Obj, index: int) -> Obj:
    """About 6 KB once the API server has stored it."""
    suffix = hashlib.sha256(f"{work.namespace}/{work.name}/{index}".encode()).hexdigest()[:5]
    labels = {**work.selector, "pod-template-hash": work.hash}
    template = _template(work, labels)
    spec = dict(template["spec"])
    if work.fault != "unschedulable":
        spec["nodeName"] = work.nodes[index % len(work.nodes)]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            **template["metadata"],
            "name": f"{work.replica_set}-{suffix}",
            "namespace": work.namespace,
            "ownerReferences": [_owned_by(owner)],
        },
        "spec": spec,
        "status": _pod_status(work, index),
    }


def beside(work: Workload) -> list[Obj]:
    """What comes with a workload: Service, ConfigMap, Secret."""
    meta = {"name": work.name, "namespace": work.namespace, "labels": _labels(work)}
    settings = "\n".join(f"feature.{n}.enabled = {n % 3 == 0}" for n in range(60))
    return [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": meta,
            "spec": {
                "selector": work.selector,
                "ports": [{"name": "http", "port": 80, "targetPort": "http"}],
            },
        },
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": meta,
            "data": {"application.properties": settings, "LOG_LEVEL": "info"},
        },
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": meta,
            "type": "Opaque",
            "stringData": {"username": work.name, "password": f"canary-{work.hash}"},
        },
    ]


def events(work: Workload, pods: list[Obj]) -> list[Obj]:
    """Three of a healthy workload's first pod, a warning of each pod of a broken one."""
    made = []
    for one in pods[: 1 if work.fault is None else None]:
        meta = one["metadata"]
        for kind, reason, message in _happened(work):
            made.append(
                {
                    "apiVersion": "v1",
                    "kind": "Event",
                    "metadata": {
                        "name": f"{meta['name']}.{reason.lower()}",
                        "namespace": work.namespace,
                    },
                    "involvedObject": {
                        "apiVersion": "v1",
                        "kind": "Pod",
                        "name": meta["name"],
                        "namespace": work.namespace,
                        "uid": meta["uid"],
                    },
                    "type": kind,
                    "reason": reason,
                    "message": message,
                    "count": 1 if kind == "Normal" else 37,
                    "firstTimestamp": work.ago(hours=2),
                    "lastTimestamp": work.ago(minutes=2),
                    "source": {"component": "kubelet"},
                    "reportingComponent": "kubelet",
                }
            )
    return made


def _template(work: Workload, labels: dict[str, str], version: str = "1.8.2") -> Obj:
    memory = "128Ti" if work.fault == "unschedulable" else "256Mi"
    tag = f"{version}-typo" if work.fault == "image" else version
    references = [
        {"name": "DATABASE_PASSWORD", "valueFrom": {"secretKeyRef": {"name": work.name, "key": "password"}}},
        {"name": "LOG_LEVEL", "valueFrom": {"configMapKeyRef": {"name": work.name, "key": "LOG_LEVEL"}}},
    ]  # fmt: skip
    literals = [
        {"name": f"UPSTREAM_{name.upper()}_URL", "value": f"http://{name}.{work.namespace}.svc:80"}
        for name in APPS[:2]
    ]
    return {
        "metadata": {
            "labels": {**_labels(work), **labels},
            "annotations": {
                "checksum/config": hashlib.sha256(work.name.encode()).hexdigest(),
            },
        },
        "spec": {
            "containers": [
                {
                    "name": "app",
                    "image": f"registry.example.com/{work.namespace}/{work.name}:{tag}",
                    "args": ["--config", "/etc/app/application.properties"],
                    "env": [*references, *literals],
                    "ports": [
                        {"name": "http", "containerPort": 8080},
                    ],
                    "resources": {
                        "requests": {"cpu": "100m", "memory": memory},
                        "limits": {"memory": memory},
                    },
                    "livenessProbe": {"httpGet": {"path": "/healthz", "port": "http"}},
                    "readinessProbe": {"httpGet": {"path": "/ready", "port": "http"}},
                    "securityContext": {
                        "allowPrivilegeEscalation": False,
                        "capabilities": {"drop": ["ALL"]},
                        "readOnlyRootFilesystem": True,
                    },
                    "volumeMounts": [{"name": "config", "mountPath": "/etc/app"}],
                }
            ],
            "securityContext": {"runAsNonRoot": True},
            "volumes": [{"name": "config", "configMap": {"name": work.name}}],
        },
    }


def _pod_status(work: Workload, index: int) -> Obj:
    if work.fault == "unschedulable":
        message = "0/3 nodes are available: 3 Insufficient memory."
        return {
            "phase": "Pending",
            "conditions": [
                {
                    "type": "PodScheduled",
                    "status": "False",
                    "reason": "Unschedulable",
                    "message": message,
                    "lastTransitionTime": work.ago(hours=2),
                }
            ],
        }
    ready = work.fault in (None, "memory")
    return {
        "phase": "Pending" if work.fault == "image" else "Running",
        "podIP": f"10.{128 + index % 64}.{int(work.hash[:2], 16)}.{int(work.hash[2:4], 16)}",
        "startTime": work.ago(days=2),
        "conditions": [
            _condition("PodReadyToStartContainers", work, ready=True),
            _condition("Initialized", work, ready=True),
            _condition("Ready", work, ready=ready),
            _condition("ContainersReady", work, ready=ready),
            _condition("PodScheduled", work, ready=True),
        ],
        "containerStatuses": [_container_status(work, index, ready=ready)],
    }


def _container_status(work: Workload, index: int, *, ready: bool) -> Obj:
    image = f"registry.example.com/{work.namespace}/{work.name}:1.8.2"
    digest = hashlib.sha256(image.encode()).hexdigest()
    run = hashlib.sha256(f"{image}/{index}".encode()).hexdigest()
    died = {
        "startedAt": work.ago(minutes=9),
        "finishedAt": work.ago(minutes=8),
        "containerID": f"containerd://{run[::-1]}",
    }
    status: Obj = {
        "name": "app",
        "image": image,
        "imageID": "" if work.fault == "image" else f"{image}@sha256:{digest}",
        "ready": ready,
        "started": ready,
        "restartCount": 12 if work.fault in ("crash", "memory") else 0,
        "state": {"running": {"startedAt": work.ago(minutes=7)}},
        "containerID": f"containerd://{run}",
    }
    if work.fault == "crash":
        waiting = {
            "reason": "CrashLoopBackOff",
            "message": "back-off 5m0s restarting failed container",
        }
        status["state"] = {"waiting": waiting}
        status["lastState"] = {"terminated": {"exitCode": 1, "reason": "Error", **died}}
    elif work.fault == "memory":
        status["lastState"] = {"terminated": {"exitCode": 137, "reason": "OOMKilled", **died}}
    elif work.fault == "image":
        message = f'Back-off pulling image "{image}-typo": ErrImagePull: not found'
        status["state"] = {"waiting": {"reason": "ImagePullBackOff", "message": message}}
        del status["containerID"]
    return status


def _condition(name: str, work: Workload, *, ready: bool) -> Obj:
    condition = {
        "type": name,
        "status": "True" if ready else "False",
        "lastTransitionTime": work.ago(hours=2),
    }
    if not ready:
        condition["reason"] = "ContainersNotReady"
        condition["message"] = "containers with unready status: [app]"
    return condition


def _happened(work: Workload) -> list[tuple[str, str, str]]:
    if work.fault is None:
        return [
            ("Normal", "Pulled", "Container image is already present on machine"),
            ("Normal", "Created", "Container created"),
            ("Normal", "Started", "Container started"),
        ]
    said = {
        "crash": ("BackOff", "Back-off restarting failed container app"),
        "image": ("Failed", "Failed to pull image: not found"),
        "unschedulable": ("FailedScheduling", "0/3 nodes are available: 3 Insufficient memory."),
        "memory": ("BackOff", "Back-off restarting failed container app"),
        "unready": ("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503"),
    }
    return [("Warning", *said[work.fault])]


def _labels(work: Workload) -> dict[str, str]:
    return {
        **work.selector,
        "app.kubernetes.io/managed-by": "Helm",
        "app.kubernetes.io/version": "1.8.2",
        "helm.sh/chart": f"{work.name}-0.12.0",
        **work.labels,
    }


def _owned_by(owner: Obj) -> Obj:
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
