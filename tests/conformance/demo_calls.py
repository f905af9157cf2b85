"""One useful call of every tool, on the demo cluster; a new tool needs a line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CALLS: Mapping[str, Mapping[str, Any]] = {
    "api_resources": {"search": "deploy"},
    "check_access": {"verb": "list", "kind": "pods", "namespace": "shop"},
    "check_network": {
        "source": "outside",
        "target": "svc/cart",
        "target_namespace": "shop",
    },
    "cluster_overview": {},
    "diagnose": {"namespace": "shop"},
    "explain_resource": {"kind": "Deployment", "field": "spec.replicas"},
    "get_changes": {"namespace": "shop"},
    "get_events": {"namespace": "shop"},
    "get_helm_release": {"namespace": "shop"},
    "get_logs": {"namespace": "shop", "kind": "Deployment", "name": "cart", "previous": True},
    "get_relations": {"namespace": "shop", "kind": "Service", "name": "cart"},
    "get_resource": {"namespace": "shop", "kind": "Deployment", "name": "cart"},
    "get_rollout_history": {"namespace": "shop", "kind": "Deployment", "name": "cart"},
    "list_resources": {"kind": "pods", "namespace": "shop"},
    "search": {"text": "cart", "namespace": "shop"},
    "top": {"what": "pods", "namespace": "shop"},
}

#: A snapshot holds no OpenAPI documents, so this tool can only say so.
CANNOT = {"explain_resource"}
