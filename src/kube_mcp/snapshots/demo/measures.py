"""What metrics-server would measure: a plausible share of what each container asked for."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from kube_mcp.snapshots.demo import names
from kube_mcp.snapshots.demo.times import ago
from kube_mcp.words.quantities import bytes_, cpu

Object = dict[str, Any]

_MIB = 1024 * 1024
# Used where a container asks for nothing.
_USUAL_CORES = 0.02
_USUAL_BYTES = 48 * _MIB
# What a node's own processes use beside its pods.
_SYSTEM_CORES = 0.25
_SYSTEM_BYTES = 900 * _MIB


def of(
    pods: list[Object], nodes: list[Object], told: dict[str, Object], now: datetime
) -> list[Object]:
    """PodMetrics of every running pod and NodeMetrics; ``told`` is what a node is said to use."""
    found = []
    by_node = {names.of(node): [_SYSTEM_CORES, float(_SYSTEM_BYTES)] for node in nodes}
    for pod in pods:
        if pod["status"]["phase"] != "Running":
            continue
        usages = [
            (status["name"], *_usage(pod, status["name"]))
            for status in pod["status"]["containerStatuses"]
            if "running" in status["state"]
        ]
        if not usages:
            continue
        total = by_node[pod["spec"]["nodeName"]]
        total[0] += sum(cores for _, cores, _ in usages)
        total[1] += sum(size for _, _, size in usages)
        metadata = pod["metadata"]
        labels = metadata.get("labels", {})
        own = {"name": metadata["name"], "namespace": metadata["namespace"], "labels": labels}
        containers = [
            {"name": name, "usage": _written(cores, size)} for name, cores, size in usages
        ]
        found.append(_measured("PodMetrics", own, now) | {"containers": containers})
    for node in nodes:
        name = names.of(node)
        usage = told.get(name) or _written(*by_node[name])
        found.append(_measured("NodeMetrics", {"name": name}, now) | {"usage": usage})
    return found


def _measured(kind: str, metadata: Object, now: datetime) -> Object:
    return {
        "apiVersion": "metrics.k8s.io/v1beta1",
        "kind": kind,
        "metadata": {**metadata, "creationTimestamp": ago(now, "0s")},
        "timestamp": ago(now, "14s"),
        "window": "20s",
    }


def _usage(pod: Object, container: str) -> tuple[float, float]:
    spec = next(one for one in pod["spec"]["containers"] if one["name"] == container)
    requests = spec.get("resources", {}).get("requests", {})
    share = 0.25 + names.number(f"{pod['metadata']['uid']}/{container}", 60) / 100
    cores = cpu(requests.get("cpu", "")) or _USUAL_CORES
    size = bytes_(requests.get("memory", "")) or _USUAL_BYTES
    return cores * share, size * min(share + 0.2, 0.95)


def _written(cores: float, size: float) -> Object:
    return {"cpu": f"{round(cores * 1e9)}n", "memory": f"{round(size / 1024)}Ki"}
