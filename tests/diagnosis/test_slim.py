"""What is kept of an object, and how little memory that takes."""

from __future__ import annotations

import tracemalloc
from typing import Any

import orjson

from kube_mcp.diagnosis.slim import slim

_PROBE = {
    "httpGet": {"path": "/healthz", "port": 8080, "scheme": "HTTP"},
    "timeoutSeconds": 1,
    "periodSeconds": 10,
    "successThreshold": 1,
    "failureThreshold": 3,
}


def _pod(number: int) -> dict[str, Any]:
    """A pod as an API server lists it: defaults filled in, managed fields, a token volume."""
    name = f"shop-web-7d9fb5c6bd-{number:05}"
    times = {"lastProbeTime": None, "lastTransitionTime": "2026-03-01T11:00:00Z"}
    mount = {"name": "kube-api-access-x", "mountPath": "/var/run/secrets", "readOnly": True}
    env = [{"name": f"SETTING_{i}", "value": f"value number {i}"} for i in range(15)]
    return {
        "metadata": {
            "name": name,
            "generateName": "shop-web-7d9fb5c6bd-",
            "namespace": "shop",
            "uid": f"4f6b1d5e-{number:04}-4ce6-8e1f-2b7f5c8d9e0a",
            "resourceVersion": str(number),
            "creationTimestamp": "2026-03-01T10:00:00Z",
            "labels": {
                "app.kubernetes.io/name": "web",
                "app.kubernetes.io/instance": "shop",
                "pod-template-hash": "7d9fb5c6bd",
            },
            "annotations": {
                "checksum/config": "a" * 64,
                "kubectl.kubernetes.io/restartedAt": "2026-03-01T10:00:00Z",
            },
            "ownerReferences": [
                {
                    "apiVersion": "apps/v1",
                    "kind": "ReplicaSet",
                    "name": "shop-web-7d9fb5c6bd",
                    "uid": "x" * 36,
                    "controller": True,
                    "blockOwnerDeletion": True,
                }
            ],
            "managedFields": [
                {"manager": "kubelet", "fieldsV1": {f"f:{i}": {} for i in range(60)}}
            ],
        },
        "spec": {
            "volumes": [
                {
                    "name": "kube-api-access-x",
                    "projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]},
                },
                {"name": "config", "configMap": {"name": "web", "defaultMode": 420}},
            ],
            "containers": [
                {
                    "name": each,
                    "image": f"registry.example/shop/{each}:1.2.{number // 10}",
                    "command": ["/app/serve", "--port=8080"],
                    "env": [
                        *env,
                        {"name": "P", "valueFrom": {"secretKeyRef": {"name": "db", "key": "p"}}},
                    ],
                    "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
                    "resources": {
                        "limits": {"cpu": "500m", "memory": "256Mi"},
                        "requests": {"cpu": "100m", "memory": "128Mi"},
                    },
                    "volumeMounts": [mount, {"name": "config", "mountPath": "/etc/web"}],
                    "livenessProbe": _PROBE,
                    "readinessProbe": _PROBE,
                    "imagePullPolicy": "IfNotPresent",
                    "terminationMessagePath": "/dev/termination-log",
                }
                for each in ("web", "proxy")
            ],
            "restartPolicy": "Always",
            "terminationGracePeriodSeconds": 30,
            "dnsPolicy": "ClusterFirst",
            "serviceAccountName": "web",
            "nodeName": f"worker-{number % 50}",
            "schedulerName": "default-scheduler",
            "tolerations": [
                {
                    "key": "node.kubernetes.io/not-ready",
                    "operator": "Exists",
                    "effect": "NoExecute",
                    "tolerationSeconds": 300,
                },
                {
                    "key": "node.kubernetes.io/unreachable",
                    "operator": "Exists",
                    "effect": "NoExecute",
                    "tolerationSeconds": 300,
                },
            ],
        },
        "status": {
            "phase": "Running",
            "conditions": [
                {"type": each, "status": "True", **times}
                for each in (
                    "PodReadyToStartContainers",
                    "Initialized",
                    "Ready",
                    "ContainersReady",
                    "PodScheduled",
                )
            ],
            "hostIP": "10.0.0.1",
            "podIP": f"10.244.{number // 250}.{number % 250}",
            "podIPs": [{"ip": "10.244.0.1"}],
            "startTime": "2026-03-01T10:00:00Z",
            "containerStatuses": [
                {
                    "name": each,
                    "state": {"running": {"startedAt": "2026-03-01T10:00:05Z"}},
                    "lastState": {},
                    "ready": True,
                    "restartCount": 0,
                    "image": "registry.example/shop/web:1.2.3",
                    "imageID": "registry.example/shop/web@sha256:" + "a" * 64,
                    "containerID": "containerd://" + "b" * 64,
                    "started": True,
                }
                for each in ("web", "proxy")
            ],
            "qosClass": "Burstable",
        },
    }


def test_a_slimmed_pod_of_ten_replicas_takes_less_than_four_kilobytes_of_memory() -> None:
    raw = [orjson.dumps(_pod(number)) for number in range(300)]
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        kept = [slim("Pod", orjson.loads(each)) for each in raw]
        used = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert len(kept) == 300
    assert used / len(kept) < 4000


def test_a_slimmed_pod_keeps_what_it_refers_to_and_no_literal_value() -> None:
    kept = slim("Pod", _pod(1))
    text = orjson.dumps(kept).decode()
    for word in ("secretKeyRef", '"configMap"', "readinessProbe", "ownerReferences", "10.244.0.1"):
        assert word in text
    for word in ("value number", "managedFields", "/app/serve", "kube-api-access", "checksum"):
        assert word not in text


def test_a_list_item_says_its_kind_afterwards() -> None:
    key = "Kustomization.kustomize.toolkit.fluxcd.io"
    assert slim("Deployment", {"metadata": {"name": "x"}})["apiVersion"] == "apps/v1"
    assert slim("Pod", {})["kind"] == "Pod"
    assert slim(key, {"apiVersion": "kustomize.toolkit.fluxcd.io/v1beta2"}) == {
        "kind": "Kustomization",
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1beta2",
        "metadata": {},
    }


def test_no_value_of_a_config_map_or_secret_is_kept() -> None:
    obj = {"metadata": {"name": "x"}, "data": {"password": "hunter2"}, "binaryData": {"b": "eA=="}}
    for kind in ("ConfigMap", "Secret"):
        text = orjson.dumps(slim(kind, obj)).decode()
        assert "hunter2" not in text
        assert "eA==" not in text
    assert slim("ConfigMap", obj)["data"] == {"password": ""}


def test_a_healthy_node_loses_its_images_and_keeps_its_conditions() -> None:
    node = {
        "spec": {"podCIDR": "10.0.0.0/24", "taints": [{"key": "a"}]},
        "status": {
            "images": [{"names": ["x"]}],
            "allocatable": {"cpu": "4"},
            "conditions": [{"type": "Ready", "status": "True", "lastHeartbeatTime": "t"}],
        },
    }
    kept = slim("Node", node)
    assert kept["spec"] == {"taints": [{"key": "a"}]}
    assert kept["status"]["conditions"] == [
        {"type": "Ready", "status": "True", "lastHeartbeatTime": "t"}
    ]
    assert "images" not in kept["status"]
