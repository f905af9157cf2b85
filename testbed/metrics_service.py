"""How the metrics API is registered: a Service without a selector, its slice, and the APIService."""

from __future__ import annotations

import base64
from typing import Any


def metrics_objects(ca: bytes, cluster_ip: str) -> list[dict[str, Any]]:
    """The API server reaches the fake at this address through its egress proxy."""
    name, namespace = "metrics-server", "kube-system"
    labels = {"k8s-app": name}
    return [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": name, "namespace": namespace, "labels": labels},
            "spec": {
                "clusterIP": cluster_ip,
                "ports": [{"name": "https", "port": 443, "targetPort": 10250, "protocol": "TCP"}],
            },
        },
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {
                "name": f"{name}-1",
                "namespace": namespace,
                "labels": {
                    "kubernetes.io/service-name": name,
                    "endpointslice.kubernetes.io/managed-by": "testbed",
                },
            },
            "addressType": "IPv4",
            "endpoints": [{"addresses": ["10.244.0.9"], "conditions": {"ready": True}}],
            "ports": [{"name": "https", "port": 10250, "protocol": "TCP"}],
        },
        {
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": {"name": "v1beta1.metrics.k8s.io", "labels": labels},
            "spec": {
                "group": "metrics.k8s.io",
                "version": "v1beta1",
                "groupPriorityMinimum": 100,
                "versionPriority": 100,
                "caBundle": base64.b64encode(ca).decode(),
                "service": {"name": name, "namespace": namespace, "port": 443},
            },
        },
    ]
