"""EndpointSlices and Endpoints of Services, from the pods their selectors find."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from kube_mcp.snapshots.demo import names
from kube_mcp.snapshots.demo.scaling import is_ready, owner_reference
from kube_mcp.words.selectors import matches_labels

Object = dict[str, Any]


def of(service: Object, pods: list[Object], now: datetime) -> Iterator[Object]:
    """The slice and the Endpoints of one Service; nothing where it has no selector."""
    spec = service["spec"]
    spec.setdefault("type", "ClusterIP")
    spec.setdefault("clusterIP", f"10.43.{names.number(service['metadata']['uid'], 250)}.17")
    spec.setdefault("clusterIPs", [spec["clusterIP"]])
    for port in spec["ports"]:
        port.setdefault("protocol", "TCP")
        port.setdefault("targetPort", port["port"])
    service.setdefault("status", {"loadBalancer": {}})
    if not spec.get("selector"):
        return
    namespace, name = service["metadata"]["namespace"], names.of(service)
    found = [
        pod
        for pod in pods
        if pod["metadata"]["namespace"] == namespace
        and pod["status"].get("podIP")
        and pod["status"]["phase"] in ("Running", "Pending")
        and matches_labels(spec["selector"], pod["metadata"].get("labels", {}))
    ]
    ports = [_port(port, found) for port in spec["ports"]] if found else []
    labels = {
        "kubernetes.io/service-name": name,
        "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io",
    }
    metadata = {
        "name": f"{name}-{names.suffix(f'{namespace}/{name}')}",
        "namespace": namespace,
        "labels": labels,
        "ownerReferences": [owner_reference(service)],
    }
    yield {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": metadata,
        "addressType": "IPv4",
        "endpoints": [_endpoint(pod) for pod in found],
        "ports": ports,
    }
    ready = [_address(pod) for pod in found if is_ready(pod)]
    waiting = [_address(pod) for pod in found if not is_ready(pod)]
    subset: Object = {"ports": ports}
    if ready:
        subset["addresses"] = ready
    if waiting:
        subset["notReadyAddresses"] = waiting
    endpoints: Object = {
        "apiVersion": "v1",
        "kind": "Endpoints",
        "metadata": {"name": name, "namespace": namespace},
    }
    if found:
        endpoints["subsets"] = [subset]
    yield endpoints


def _port(port: Object, pods: list[Object]) -> Object:
    target = port["targetPort"]
    if isinstance(target, str):
        target = next(
            (
                declared["containerPort"]
                for pod in pods
                for container in pod["spec"]["containers"]
                for declared in container.get("ports", [])
                if declared.get("name") == target
            ),
            0,
        )
    return {"name": port.get("name", ""), "port": target, "protocol": port["protocol"]}


def _endpoint(pod: Object) -> Object:
    ready = is_ready(pod)
    return {
        "addresses": [pod["status"]["podIP"]],
        "conditions": {"ready": ready, "serving": ready, "terminating": False},
        "nodeName": pod["spec"]["nodeName"],
        "targetRef": _target(pod),
    }


def _address(pod: Object) -> Object:
    return {
        "ip": pod["status"]["podIP"],
        "nodeName": pod["spec"]["nodeName"],
        "targetRef": _target(pod),
    }


def _target(pod: Object) -> Object:
    metadata = pod["metadata"]
    reference = {"kind": "Pod", "name": metadata["name"], "uid": metadata["uid"]}
    return {**reference, "namespace": metadata["namespace"]}
