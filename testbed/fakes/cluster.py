"""What the fakes ask the API server for: pods and nodes."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import aiohttp

Obj = dict[str, Any]


@dataclass(slots=True)
class Cluster:
    """A reader with the kubelets' own credentials."""

    session: aiohttp.ClientSession
    server: str
    tls: ssl.SSLContext

    async def pod(self, namespace: str, name: str) -> Obj | None:
        return await self._get(f"/api/v1/namespaces/{quote(namespace)}/pods/{quote(name)}")

    async def pods(self, namespace: str = "", *, node: str = "", labels: str = "") -> list[Obj]:
        """Of all namespaces when none is named."""
        path = f"/api/v1/namespaces/{quote(namespace)}/pods" if namespace else "/api/v1/pods"
        query = {"resourceVersion": "0"}
        if node:
            query["fieldSelector"] = f"spec.nodeName={node}"
        if labels:
            query["labelSelector"] = labels
        return _items(await self._get(path, query))

    async def nodes(self, *, labels: str = "") -> list[Obj]:
        query = {"resourceVersion": "0"} | ({"labelSelector": labels} if labels else {})
        return _items(await self._get("/api/v1/nodes", query))

    async def _get(self, path: str, query: Mapping[str, str] | None = None) -> Obj | None:
        async with self.session.get(self.server + path, params=query, ssl=self.tls) as response:
            if response.status == 404:
                return None
            response.raise_for_status()
            found: Obj = await response.json()
            return found


def _items(found: Obj | None) -> list[Obj]:
    return list(found["items"]) if found else []


def node_of_address(nodes: list[Obj], host: str) -> Obj | None:
    """Which node has this address."""
    for node in nodes:
        for address in node.get("status", {}).get("addresses", ()):
            if address["address"] == host:
                return node
    return None
