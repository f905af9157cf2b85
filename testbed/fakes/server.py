"""The process that plays the machines: four sockets in the bed's folder, no port."""

from __future__ import annotations

import asyncio
import datetime
import ssl
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from testbed.errors import ApplyFailed
from testbed.fakes import content, egress
from testbed.fakes.cluster import Cluster
from testbed.fakes.kubelet import Kubelet
from testbed.fakes.metrics import MetricsApi
from testbed.fakes.store import Store

#: Where a kubelet listens on every node.
KUBELET_PORT = 10250
#: The metrics Service's address, from the part of the range that is never handed out.
METRICS_IP = "10.96.0.53"


@dataclass(frozen=True, slots=True)
class Config:
    """Files, as written by the bed for this process."""

    server: str
    ca: str
    client_cert: str
    client_key: str
    kubelet_cert: str
    kubelet_key: str
    metrics_cert: str
    metrics_key: str
    front_proxy_ca: str
    control_socket: str
    egress_socket: str
    kubelet_socket: str
    metrics_socket: str

    @classmethod
    def load(cls, values: Mapping[str, str]) -> Config:
        return cls(**values)

    def dump(self) -> dict[str, str]:
        return asdict(self)


async def run(config: Config) -> None:
    """Serves until cancelled."""
    client_tls = ssl.create_default_context(cafile=config.ca)
    client_tls.load_cert_chain(config.client_cert, config.client_key)
    async with aiohttp.ClientSession() as session:
        store = Store()
        cluster = Cluster(session, config.server, client_tls)
        kubelet_tls = _tls(config.kubelet_cert, config.kubelet_key, config.ca)
        metrics_tls = _tls(config.metrics_cert, config.metrics_key, config.front_proxy_ca)
        await _listen(Kubelet(cluster, store).app(), config.kubelet_socket, kubelet_tls)
        await _listen(MetricsApi(cluster, store).app(), config.metrics_socket, metrics_tls)
        router = _Router(config, store, cluster)
        await egress.serve(Path(config.egress_socket), router.route)
        # Last: whoever can reach the control socket may rely on the others.
        await _listen(_control(store, router), config.control_socket, None)
        await asyncio.Event().wait()


async def _listen(app: web.Application, socket: str, tls: ssl.SSLContext | None) -> None:
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True)
    await runner.setup()
    await web.UnixSite(runner, socket, ssl_context=tls).start()


def _tls(cert: str, key: str, client_ca: str) -> ssl.SSLContext:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(cert, key)
    tls.load_verify_locations(client_ca)
    # Optional, because a kubelet answers 401 to a stranger instead of closing the door.
    tls.verify_mode = ssl.CERT_OPTIONAL
    return tls


class _Router:
    """Knows which addresses are played, and which nodes are out of reach."""

    def __init__(self, config: Config, store: Store, cluster: Cluster) -> None:
        self._kubelet = Path(config.kubelet_socket)
        self._metrics = Path(config.metrics_socket)
        self._store = store
        self._cluster = cluster
        self._dead: frozenset[str] = frozenset()

    def route(self, host: str, port: int) -> Path | None:
        if port == KUBELET_PORT and host not in self._dead:
            return self._kubelet
        if (host, port) == (METRICS_IP, 443):
            return self._metrics
        return None

    async def refresh(self) -> None:
        """Resolves the names of unreachable nodes to their addresses."""
        names = {name for one in self._store.all() for name in one.unreachable}
        nodes = await self._cluster.nodes() if names else []
        self._dead = frozenset(
            address["address"]
            for node in nodes
            if node["metadata"]["name"] in names
            for address in node.get("status", {}).get("addresses", ())
        )


def _control(store: Store, router: _Router) -> web.Application:
    """How a test changes what the fakes say; only the owner of the bed's folder gets here."""

    async def put(request: web.Request) -> web.Response:
        document: dict[str, Any] = await request.json()
        try:
            now = datetime.datetime.now(datetime.UTC)
            store.put(request.match_info["namespace"], content.parse(document, now=now))
        except (ApplyFailed, ValueError) as error:
            return web.Response(status=400, text=str(error))
        await router.refresh()
        return web.Response(status=204)

    async def drop(request: web.Request) -> web.Response:
        store.drop(request.match_info["namespace"])
        await router.refresh()
        return web.Response(status=204)

    async def append(request: web.Request) -> web.Response:
        line = await request.json()
        store.append(request.match_info["namespace"], line["pod"], line["container"], line["text"])
        return web.Response(status=204)

    app = web.Application(client_max_size=2**30)
    app.router.add_put("/content/{namespace}", put)
    app.router.add_delete("/content/{namespace}", drop)
    app.router.add_post("/content/{namespace}/append", append)
    return app
