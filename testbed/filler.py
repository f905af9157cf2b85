"""Fills a bed to the size of a real cluster, as fast as one API server takes it."""

from __future__ import annotations

import asyncio
import datetime
import itertools
import ssl
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import aiohttp
import orjson

from testbed import filler_objects as objects
from testbed import nodes
from testbed.errors import ApplyFailed
from testbed.filler_objects import APPS, FAULTS, Obj, Workload
from testbed.pki import KeyPair

T = TypeVar("T")

#: Pods of one Deployment; the rest of a namespace's pods are the last one's.
REPLICAS = 10

#: More do not make two cores write faster.
IN_FLIGHT = 48


@dataclass(frozen=True, slots=True)
class Size:
    """How much of what. ``broken`` workloads have a fault, spread over all namespaces."""

    pods: int
    nodes: int
    namespaces: int
    broken: int = 0

    @classmethod
    def of(cls, pods: int, *, nodes: int = 0, namespaces: int = 0, broken: int = 0) -> Size:
        """With 20 pods a node and 100 a namespace where nothing is said."""
        return cls(
            pods,
            nodes or max(3, pods // 20),
            namespaces or max(1, pods // 100),
            broken,
        )


@dataclass(slots=True)
class Filled:
    """What was made, and how long it took."""

    seconds: float = 0
    counts: dict[str, int] = field(default_factory=dict)
    #: The workloads with a fault: (namespace, Deployment, fault).
    broken: list[tuple[str, str, str]] = field(default_factory=list)


def fill(
    server: str,
    ca_file: Path,
    credentials: KeyPair,
    size: Size,
    *,
    version: str,
    progress: Callable[[str], None] = lambda _: None,
) -> Filled:
    """Makes it all; 10,000 pods take a few minutes on two cores. Names start with ``fill-``.

    Deployments, ReplicaSets, Pods, Services, ConfigMaps, Secrets and events, with owners and
    statuses; controllers must be ``still`` or they would make pods of their own.
    Raises ``ApplyFailed`` with the API server's first refusal.
    """
    return asyncio.run(_fill(server, ca_file, credentials, size, version, progress))


async def _fill(
    server: str,
    ca_file: Path,
    credentials: KeyPair,
    size: Size,
    version: str,
    progress: Callable[[str], None],
) -> Filled:
    tls = ssl.create_default_context(cafile=str(ca_file))
    tls.load_cert_chain(credentials.cert, credentials.key)
    started = time.monotonic()
    connector = aiohttp.TCPConnector(limit=IN_FLIGHT, ssl=tls)
    timeout = aiohttp.ClientTimeout(total=None, sock_read=60)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as session:
        writer = _Writer(session, server)
        now = datetime.datetime.now(datetime.UTC)
        names = [f"fill-node-{number}" for number in range(1, size.nodes + 1)]
        await _each(names, lambda name: _make_node(writer, name, version, now))
        progress(f"{size.nodes} nodes")
        spaces = [f"fill-{number:03}" for number in range(1, size.namespaces + 1)]
        await _each(spaces, lambda name: _make_namespace(writer, name))
        progress(f"{size.namespaces} namespaces")
        works = list(workloads(size, spaces, names, now))
        done = itertools.count(1)

        async def make(work: Workload) -> None:
            await _make_workload(writer, work)
            if (number := next(done)) % 50 == 0:
                progress(f"{number} of {len(works)} workloads")

        await _each(works, make)
    return Filled(
        time.monotonic() - started,
        writer.counts,
        [(work.namespace, work.name, work.fault) for work in works if work.fault],
    )


def workloads(
    size: Size, namespaces: list[str], machines: list[str], now: datetime.datetime
) -> Iterator[Workload]:
    """Exactly ``size.pods`` pods in all, faults spread evenly."""
    machine = itertools.cycle(machines)
    total = sum(-(-count // REPLICAS) for count in _shares(size.pods, len(namespaces)))
    every = max(1, total // size.broken) if size.broken else 0
    number = broken = 0
    for namespace, count in zip(namespaces, _shares(size.pods, len(namespaces)), strict=True):
        for index, start in enumerate(range(0, count, REPLICAS)):
            fault = None
            if every and number % every == 0 and broken < size.broken:
                fault = FAULTS[broken % len(FAULTS)]
                broken += 1
            number += 1
            replicas = min(REPLICAS, count - start)
            name = APPS[index % len(APPS)] + (
                f"-{index // len(APPS)}" if index >= len(APPS) else ""
            )
            nodes_of_it = tuple(itertools.islice(machine, replicas))
            yield Workload(namespace, name, replicas, nodes_of_it, now, fault)


def _shares(total: int, parts: int) -> list[int]:
    return [total // parts + (1 if part < total % parts else 0) for part in range(parts)]


class _Writer:
    """Posts objects and writes their statuses, counting."""

    def __init__(self, session: aiohttp.ClientSession, server: str) -> None:
        self._session = session
        self._server = server
        self.counts: dict[str, int] = {}

    async def make(self, path: str, obj: Obj, *, manager: str = "helm") -> Obj:
        """Creates the object and then its status, as the two writers of a real cluster do."""
        body = {key: value for key, value in obj.items() if key != "status"}
        stored = await self._send("POST", f"{path}?fieldManager={manager}", body)
        self.counts[obj["kind"]] = self.counts.get(obj["kind"], 0) + 1
        if "status" not in obj:
            return stored
        status = {"status": obj["status"]}
        name = stored["metadata"]["name"]
        return await self._send("PATCH", f"{path}/{name}/status?fieldManager=kubelet", status)

    async def _send(self, method: str, path: str, body: Any) -> Obj:
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        async with self._session.request(
            method, self._server + path, data=orjson.dumps(body), headers={"Content-Type": kind}
        ) as response:
            answer: Obj = orjson.loads(await response.read())
            # 409: the ServiceAccount's controller, or an earlier fill, was first.
            if response.status not in (200, 201, 409):
                raise ApplyFailed(f"{method} {path} was refused: {answer.get('message')}")
            return answer


async def _make_node(writer: _Writer, name: str, version: str, now: datetime.datetime) -> None:
    number = int(name.rpartition("-")[2])
    # Above the addresses of the bed's own few nodes.
    machine = nodes.node(
        name,
        address=nodes.address_at(1000 + number),
        version=version,
        now=now,
        zone=f"zone-{'abc'[number % 3]}",
    )
    await writer.make("/api/v1/nodes", machine, manager="kubelet")
    leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
    await writer.make(leases, nodes.lease(name, now=now), manager="kubelet")


async def _make_namespace(writer: _Writer, name: str) -> None:
    meta = {"name": name, "labels": {"testbed.kube-mcp/fill": "true"}}
    await writer.make(
        "/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": meta}
    )
    account = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "default", "namespace": name},
    }
    await writer.make(f"/api/v1/namespaces/{name}/serviceaccounts", account)


async def _make_workload(writer: _Writer, work: Workload) -> None:
    core = f"/api/v1/namespaces/{work.namespace}"
    apps = f"/apis/apps/v1/namespaces/{work.namespace}"
    for obj in objects.beside(work):
        await writer.make(f"{core}/{obj['kind'].lower()}s", obj)
    owner = await writer.make(f"{apps}/deployments", objects.deployment(work))
    controller = "kube-controller-manager"
    old = objects.replica_set(work, owner, current=False)
    await writer.make(f"{apps}/replicasets", old, manager=controller)
    new = objects.replica_set(work, owner, current=True)
    current = await writer.make(f"{apps}/replicasets", new, manager=controller)
    pods = [
        await writer.make(f"{core}/pods", objects.pod(work, current, index), manager=controller)
        for index in range(work.replicas)
    ]
    for event in objects.events(work, pods):
        await writer.make(f"{core}/events", event, manager="kubelet")


async def _each(items: Iterable[T], work: Callable[[T], Awaitable[None]]) -> None:
    """All of them, ``IN_FLIGHT`` at a time, ended by the first failure."""
    waiting = iter(items)

    async def take() -> None:
        for item in waiting:
            await work(item)

    async with asyncio.TaskGroup() as group:
        for _ in range(IN_FLIGHT):
            group.create_task(take())
