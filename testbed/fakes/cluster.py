"""What the fakes ask the API server for: pods and nodes."""

from __future__ import annotations

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import aiohttp
import orjson

Obj = dict[str, Any]

#: From so many pods on, the list of all of them is kept for as long as metrics-server keeps what it
#: scraped; below, every answer is fresh, which is what a test that just wrote a pod expects.
MANY_PODS = 1_000
KEEP_S = 15


@dataclass(slots=True)
class Cluster:
    """A reader with the kubelets' own credentials."""

    session: aiohttp.ClientSession
    server: str
    tls: ssl.SSLContext
    _kept: list[Obj] = field(default_factory=list)
    _kept_until: float = 0

    async def pod(self, namespace: str, name: str) -> Obj | None:
        return await self._get(f"/api/v1/namespaces/{quote(namespace)}/pods/{quote(name)}")

    async def pods(self, namespace: str = "", *, node: str = "", labels: str = "") -> list[Obj]:
        """Of all namespaces when none is named."""
        everything = not (namespace or node or labels)
        if everything and time.monotonic() < self._kept_until:
            return self._kept
        path = f"/api/v1/namespaces/{quote(namespace)}/pods" if namespace else "/api/v1/pods"
        query = {"resourceVersion": "0"}
        if node:
            query["fieldSelector"] = f"spec.nodeName={node}"
        if labels:
            query["labelSelector"] = labels
        found = _items(await self._get(path, query))
        if everything and len(found) >= MANY_PODS:
            self._kept, self._kept_until = found, time.monotonic() + KEEP_S
        return found

    async def nodes(self, *, labels: str = "") -> list[Obj]:
        query = {"resourceVersion": "0"} | ({"labelSelector": labels} if labels else {})
        return _items(await self._get("/api/v1/nodes", query))

    async def _get(self, path: str, query: Mapping[str, str] | None = None) -> Obj | None:
        async with self.session.get(self.server + path, params=query, ssl=self.tls) as response:
            if response.status == 404:
                return None
            response.raise_for_status()
            found: Obj = orjson.loads(await response.read())
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
