"""The metrics API (metrics.k8s.io) as metrics-server answers it, behind the aggregation layer."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from testbed.fakes import usage
from testbed.fakes.cluster import Cluster
from testbed.fakes.store import Store
from testbed.fakes.usage import Usage

Obj = dict[str, Any]

API_VERSION = "metrics.k8s.io/v1beta1"
ROOT = f"/apis/{API_VERSION}"
#: The only client that metrics-server listens to: the API server's aggregator.
FRONT_PROXY = "front-proxy-client"


@dataclass(frozen=True, slots=True)
class MetricsApi:
    """Reads pods and nodes, knows their use, answers objects, lists and tables."""

    cluster: Cluster
    store: Store

    def app(self) -> web.Application:
        app = web.Application(middlewares=[_only_the_front_proxy])
        app.router.add_get(ROOT, _discovery)
        app.router.add_get("/openapi/v2", _openapi)
        app.router.add_get("/openapi/v3", _openapi)
        app.router.add_get(f"{ROOT}/nodes", self.nodes)
        app.router.add_get(f"{ROOT}/nodes/{{name}}", self.nodes)
        app.router.add_get(f"{ROOT}/pods", self.pods)
        app.router.add_get(f"{ROOT}/namespaces/{{namespace}}/pods", self.pods)
        app.router.add_get(f"{ROOT}/namespaces/{{namespace}}/pods/{{name}}", self.pods)
        return app

    async def nodes(self, request: web.Request) -> web.Response:
        nodes = await self.cluster.nodes(labels=request.query.get("labelSelector", ""))
        used: dict[str, Usage] = {}
        for pod in await self.cluster.pods():
            node = pod["spec"].get("nodeName", "")
            parts = usage.of_pod(pod, self.store.content(pod["metadata"]["namespace"]))
            used[node] = used.get(node, usage.system()) + usage.total(parts)
        for content in self.store.all():
            used |= {name: Usage(*declared) for name, declared in content.nodes.items()}
        now = _now()
        items = [
            _item(
                "NodeMetrics",
                node,
                now,
                usage=_usage(used.get(node["metadata"]["name"], usage.system())),
            )
            for node in nodes
            if _is_ready(node)
        ]
        return _answer(request, "NodeMetrics", "nodes", items)

    async def pods(self, request: web.Request) -> web.Response:
        pods = await self.cluster.pods(
            request.match_info.get("namespace", ""),
            labels=request.query.get("labelSelector", ""),
        )
        now = _now()
        items = []
        for pod in pods:
            parts = usage.of_pod(pod, self.store.content(pod["metadata"]["namespace"]))
            if parts is None:
                continue
            containers = [{"name": name, "usage": _usage(use)} for name, use in parts.items()]
            items.append(_item("PodMetrics", pod, now, containers=containers))
        return _answer(request, "PodMetrics", "pods", items)


def _answer(request: web.Request, kind: str, resource: str, items: list[Obj]) -> web.Response:
    name = request.match_info.get("name")
    if name is not None:
        items = [item for item in items if item["metadata"]["name"] == name]
        if not items:
            return web.json_response(_not_found(resource, name), status=404)
    if "as=Table" in request.headers.get("Accept", ""):
        return web.json_response(_table(items))
    if name is not None:
        return web.json_response(items[0])
    return web.json_response(
        {"kind": f"{kind}List", "apiVersion": API_VERSION, "metadata": {}, "items": items}
    )


def _item(kind: str, source: Obj, now: str, **fields: Any) -> Obj:
    meta = source["metadata"]
    kept = {key: meta[key] for key in ("name", "namespace", "labels") if key in meta}
    return {
        "kind": kind,
        "apiVersion": API_VERSION,
        "metadata": {**kept, "creationTimestamp": now},
        "timestamp": now,
        "window": "15s",
        **fields,
    }


def _usage(used: Usage) -> Obj:
    return {"cpu": f"{used.cpu_nano}n", "memory": f"{used.memory_bytes // 1024}Ki"}


def _table(items: Sequence[Obj]) -> Obj:
    """The columns of metrics-server."""
    rows = []
    for item in items:
        parts = [c["usage"] for c in item.get("containers", ())] or [item["usage"]]
        cpu = sum(int(part["cpu"].rstrip("n")) for part in parts)
        memory = sum(int(part["memory"].removesuffix("Ki")) for part in parts)
        cells = [item["metadata"]["name"], f"{cpu}n", f"{memory}Ki", item["window"]]
        partial = {
            "kind": "PartialObjectMetadata",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": item["metadata"],
        }
        rows.append({"cells": cells, "object": partial})
    columns = [("Name", "name"), ("cpu", ""), ("memory", ""), ("Window", "duration")]
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": {},
        "columnDefinitions": [
            {"name": name, "type": "string", "format": form, "description": name, "priority": 0}
            for name, form in columns
        ],
        "rows": rows,
    }


def _not_found(resource: str, name: str) -> Obj:
    kind = f"{resource}.metrics.k8s.io"
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": f'{kind} "{name}" not found',
        "reason": "NotFound",
        "details": {"name": name, "group": "metrics.k8s.io", "kind": resource},
        "code": 404,
    }


def _is_ready(node: Obj) -> bool:
    conditions = node.get("status", {}).get("conditions", ())
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


async def _discovery(_: web.Request) -> web.Response:
    resources = [("nodes", "NodeMetrics", False), ("pods", "PodMetrics", True)]
    return web.json_response(
        {
            "kind": "APIResourceList",
            "apiVersion": "v1",
            "groupVersion": API_VERSION,
            "resources": [
                {
                    "name": name,
                    "singularName": "",
                    "namespaced": namespaced,
                    "kind": kind,
                    "verbs": ["get", "list"],
                }
                for name, kind, namespaced in resources
            ],
        }
    )


async def _openapi(request: web.Request) -> web.Response:
    """Empty documents: nothing here is written, so nothing is validated."""
    if request.path.endswith("v3"):
        return web.json_response({"paths": {}})
    info = {"title": "metrics", "version": "v1beta1"}
    return web.json_response({"swagger": "2.0", "info": info, "paths": {}})


@web.middleware
async def _only_the_front_proxy(request: web.Request, handler: Handler) -> web.StreamResponse:
    transport = request.transport
    certificate = transport.get_extra_info("peercert") if transport is not None else None
    names = [value for part in (certificate or {}).get("subject", ()) for _, value in part]
    if FRONT_PROXY not in names:
        return web.Response(status=401, text="Unauthorized")
    return await handler(request)
