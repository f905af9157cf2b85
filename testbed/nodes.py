"""Nodes that look like machines, and whose kubelet is the fake one."""

from __future__ import annotations

import datetime
import zlib
from collections.abc import Mapping
from typing import Any

from testbed.fakes.server import KUBELET_PORT

Obj = dict[str, Any]


def node(
    name: str, *, address: str, version: str, now: datetime.datetime, zone: str = "zone-a"
) -> Obj:
    """A ready worker with 8 cores and 32 GiB."""
    resources = {"cpu": "8", "memory": "32Gi", "ephemeral-storage": "100Gi", "pods": "110"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                "node.kubernetes.io/instance-type": "standard-8",
                "topology.kubernetes.io/region": "region-1",
                "topology.kubernetes.io/zone": zone,
            },
        },
        "spec": {"podCIDR": "10.244.0.0/16", "providerID": f"testbed://{name}"},
        "status": {
            "capacity": resources,
            "allocatable": {**resources, "cpu": "7800m", "memory": "31Gi"},
            "conditions": conditions(now),
            "addresses": addresses(name, address),
            "daemonEndpoints": {"kubeletEndpoint": {"Port": KUBELET_PORT}},
            "nodeInfo": {
                "architecture": "amd64",
                "bootID": _uuid(name, "boot"),
                "containerRuntimeVersion": "containerd://2.2.1",
                "kernelVersion": "6.12.48-generic",
                "kubeProxyVersion": "",
                "kubeletVersion": version,
                "machineID": _uuid(name, "machine").replace("-", ""),
                "operatingSystem": "linux",
                "osImage": "Debian GNU/Linux 13 (trixie)",
                "systemUUID": _uuid(name, "system"),
            },
        },
    }


def lease(name: str, *, now: datetime.datetime) -> Obj:
    """The heartbeat that a kubelet renews every ten seconds; this one was renewed at ``now``."""
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": name, "namespace": "kube-node-lease"},
        "spec": {
            "holderIdentity": name,
            "leaseDurationSeconds": 40,
            "renewTime": now.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        },
    }


def completed(obj: Mapping[str, Any]) -> Obj:
    """A Node as a scenario wrote it, with what it needs to be reached where that is not written."""
    status = {
        "addresses": addresses(obj["metadata"]["name"], address_of(obj["metadata"]["name"])),
        "daemonEndpoints": {"kubeletEndpoint": {"Port": KUBELET_PORT}},
        **obj.get("status", {}),
    }
    return {**obj, "status": status}


def addresses(name: str, address: str) -> list[Obj]:
    return [{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": name}]


def address_at(index: int) -> str:
    """Of the bed's own nodes, by their number from 1."""
    return f"10.89.{index // 250}.{index % 250 + 1}"


def address_of(name: str) -> str:
    """Of a scenario's node, always the same for the same name."""
    number = zlib.crc32(name.encode()) % 62_500
    return f"10.90.{number // 250}.{number % 250 + 1}"


def conditions(now: datetime.datetime) -> list[Obj]:
    """The four that a healthy kubelet reports."""
    time = now.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    fine = {
        "MemoryPressure": ("KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
        "DiskPressure": ("KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
        "PIDPressure": ("KubeletHasSufficientPID", "kubelet has sufficient PID available"),
        "Ready": ("KubeletReady", "kubelet is posting ready status"),
    }
    return [
        {
            "type": name,
            "status": "True" if name == "Ready" else "False",
            "reason": reason,
            "message": message,
            "lastHeartbeatTime": time,
            "lastTransitionTime": time,
        }
        for name, (reason, message) in fine.items()
    ]


def _uuid(*words: str) -> str:
    digits = "".join(f"{zlib.crc32('/'.join((*words, str(n))).encode()):08x}" for n in range(4))
    parts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:32])
    return "-".join(parts)
