"""The kubelet's ``stats/summary``."""

from __future__ import annotations

import datetime
from typing import Any

from testbed.fakes import usage
from testbed.fakes.quantities import parse_bytes
from testbed.fakes.store import Store

Obj = dict[str, Any]


def summary(node: Obj, pods: list[Obj], store: Store, *, now: datetime.datetime) -> Obj:
    """Node, pods and containers with the fields that readers use: cpu, memory, filesystem."""
    time = now.strftime("%Y-%m-%dT%H:%M:%SZ")
    name = node["metadata"]["name"]
    known = [(pod, usage.of_pod(pod, store.content(pod["metadata"]["namespace"]))) for pod in pods]
    used = sum((usage.total(parts) for _, parts in known), usage.system())
    for content in store.all():
        if name in content.nodes:
            used = usage.Usage(*content.nodes[name])
    capacity = parse_bytes(node.get("status", {}).get("capacity", {}).get("memory", "16Gi"))
    return {
        "node": {
            "nodeName": name,
            "startTime": node["metadata"]["creationTimestamp"],
            "cpu": _cpu(time, used),
            "memory": {
                **_memory(time, used),
                "availableBytes": max(0, capacity - used.memory_bytes),
            },
            "fs": _filesystem(time, used=40 * 2**30),
        },
        "pods": [_pod(time, pod, parts) for pod, parts in known if parts is not None],
    }


def _pod(time: str, pod: Obj, parts: dict[str, usage.Usage]) -> Obj:
    meta = pod["metadata"]
    whole = usage.total(parts)
    return {
        "podRef": {key: meta[key] for key in ("name", "namespace", "uid")},
        "startTime": pod["status"].get("startTime", meta["creationTimestamp"]),
        "containers": [
            {
                "name": name,
                "startTime": meta["creationTimestamp"],
                "cpu": _cpu(time, used),
                "memory": _memory(time, used),
                "rootfs": _filesystem(time, used=64 * 2**20),
                "logs": _filesystem(time, used=2**20),
            }
            for name, used in parts.items()
        ],
        "cpu": _cpu(time, whole),
        "memory": _memory(time, whole),
        "ephemeral-storage": _filesystem(time, used=96 * 2**20),
        "volume": [
            {
                "name": volume["name"],
                "pvcRef": {
                    "name": volume["persistentVolumeClaim"]["claimName"],
                    "namespace": meta["namespace"],
                },
                **_filesystem(time, used=6 * 2**30, capacity=10 * 2**30),
            }
            for volume in pod["spec"].get("volumes", ())
            if "persistentVolumeClaim" in volume
        ],
    }


def _cpu(time: str, used: usage.Usage) -> Obj:
    return {
        "time": time,
        "usageNanoCores": used.cpu_nano,
        "usageCoreNanoSeconds": used.cpu_nano * 3600,
    }


def _memory(time: str, used: usage.Usage) -> Obj:
    return {
        "time": time,
        "workingSetBytes": used.memory_bytes,
        "usageBytes": round(used.memory_bytes * 1.2),
        "rssBytes": round(used.memory_bytes * 0.9),
    }


def _filesystem(time: str, *, used: int, capacity: int = 100 * 2**30) -> Obj:
    return {
        "time": time,
        "capacityBytes": capacity,
        "usedBytes": used,
        "availableBytes": capacity - used,
        "inodes": 6_553_600,
        "inodesFree": 6_400_000,
        "inodesUsed": 153_600,
    }
