"""A kubelet for every node: container logs, stats and node logs, over TLS with client
certificates."""

from __future__ import annotations

import asyncio
import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass

from aiohttp import web
from aiohttp.typedefs import Handler

from testbed.fakes import logs, stats
from testbed.fakes.cluster import Cluster, Obj, node_of_address
from testbed.fakes.content import Line, Log, nanoseconds
from testbed.fakes.store import Store

#: A follower's waits: long enough that a test can see one line after the other.
FOLLOW_STEP_S = 0.05
CHUNK_BYTES = 65_536

_PROXIED = re.compile(r"/nodes/(?:https:)?([^/:]+)(?::\d+)?/proxy")


@dataclass(frozen=True, slots=True)
class Kubelet:
    """The HTTP side; one instance plays all nodes and tells them apart by the address asked."""

    cluster: Cluster
    store: Store

    def app(self) -> web.Application:
        app = web.Application(middlewares=[_needs_client_certificate])
        app.router.add_get("/containerLogs/{namespace}/{pod}/{container}", self.container_logs)
        app.router.add_get("/stats/summary", self.stats_summary)
        app.router.add_get("/logs/{path:.*}", self.node_logs)
        app.router.add_get("/healthz", _healthz)
        return app

    async def container_logs(self, request: web.Request) -> web.StreamResponse:
        namespace, name, container = (
            request.match_info[key] for key in ("namespace", "pod", "container")
        )
        try:
            want = logs.options(request.query, now=datetime.datetime.now(datetime.UTC))
            pod = await self.cluster.pod(namespace, name)
            logs.check_container(pod, name, container, previous=want.previous)
        except logs.Refused as refused:
            return web.Response(status=refused.status, text=refused.message)
        assert pod is not None
        log = self._log(namespace, pod, container, previous=want.previous)
        await asyncio.sleep(log.delay_s)
        response = web.StreamResponse(headers={"Content-Type": "text/plain"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        sent = len(log)
        limit = logs.Limit(want.limit_bytes)
        for chunk in _chunks(logs.render(log, want)):
            await response.write(limit.cut(chunk))
            if limit.reached:
                break
        if want.follow and not want.previous and _is_running(pod, container):
            await self._follow(log, want, response, sent, limit)
        await response.write_eof()
        return response

    def _log(self, namespace: str, pod: Obj, container: str, *, previous: bool) -> Log:
        """A container that waits for its next start shows its last run as the current log."""
        name = pod["metadata"]["name"]
        content = self.store.content(namespace)
        log = content.log(name, container, previous=previous)
        if log is None and not previous and logs.reads_last_run(pod, container):
            log = content.log(name, container, previous=True)
        return log or Log()

    async def _follow(
        self,
        log: Log,
        want: logs.LogOptions,
        response: web.StreamResponse,
        sent: int,
        limit: logs.Limit,
    ) -> None:
        """What is appended from now on, until the log ends, the limit is reached or the reader
        goes away."""
        announced = iter(log.followed)
        while not limit.reached:
            news = self.store.news
            fresh = list(log.lines(sent))
            sent += len(fresh)
            if text := next(announced, None):
                now = nanoseconds(datetime.datetime.now(datetime.UTC))
                fresh.append(Line(now, text.encode()))
            for chunk in logs.format_lines(fresh, want):
                await response.write(limit.cut(chunk))
            if fresh and log.followed:
                await asyncio.sleep(FOLLOW_STEP_S)
                continue
            if log.ends:
                return
            if not limit.reached:
                await news.wait()

    async def stats_summary(self, request: web.Request) -> web.Response:
        node = await self._node(request)
        if node is None:
            return web.Response(status=404, text="no such node")
        pods = await self.cluster.pods(node=node["metadata"]["name"])
        now = datetime.datetime.now(datetime.UTC)
        return web.json_response(stats.summary(node, pods, self.store, now=now))

    async def node_logs(self, request: web.Request) -> web.Response:
        """Files below /var/log, and ``?query=`` for a service's journal."""
        node = await self._node(request)
        files: dict[str, str] = {}
        for content in self.store.all():
            files |= content.node_logs.get(node["metadata"]["name"] if node else "", {})
        path = request.match_info["path"]
        if service := request.query.get("query"):
            text = files.get(f"journal/{service}", files.get(f"{service}.log"))
            if text is None:
                return web.Response(status=400, text=f"options present and query resolved to "
                                    f"log files for {service}: no logs found")  # fmt: skip
            return web.Response(text=_select(text, request))
        if not path or path.endswith("/"):
            names = sorted({n[len(path) :].split("/")[0] for n in files if n.startswith(path)})
            listing = "".join(f'<a href="{name}">{name}</a>\n' for name in names)
            return web.Response(text=f"<pre>\n{listing}</pre>\n", content_type="text/html")
        if path not in files:
            return web.Response(status=404, text="404 page not found")
        return web.Response(text=files[path])

    async def _node(self, request: web.Request) -> Obj | None:
        """Through nodes/proxy the Host is the API server's, and the node is in the forwarded path."""
        nodes = await self.cluster.nodes()
        if match := _PROXIED.search(request.headers.get("X-Forwarded-Uri", "")):
            return next((n for n in nodes if n["metadata"]["name"] == match[1]), None)
        return node_of_address(nodes, request.host.rpartition(":")[0])


@web.middleware
async def _needs_client_certificate(request: web.Request, handler: Handler) -> web.StreamResponse:
    transport = request.transport
    if transport is None or not transport.get_extra_info("peercert"):
        return web.Response(status=401, text="Unauthorized")
    return await handler(request)


async def _healthz(_: web.Request) -> web.Response:
    return web.Response(text="ok")


def _is_running(pod: Obj, container: str) -> bool:
    return any(
        status["name"] == container and "running" in status.get("state", {})
        for kind in ("containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses")
        for status in pod.get("status", {}).get(kind, ())
    )


def _chunks(lines: Iterator[bytes]) -> Iterator[bytes]:
    """Fewer, larger writes: one a line makes 50 MB take a minute."""
    batch: list[bytes] = []
    size = 0
    for line in lines:
        batch.append(line)
        size += len(line)
        if size >= CHUNK_BYTES:
            yield b"".join(batch)
            batch, size = [], 0
    if batch:
        yield b"".join(batch)


def _select(text: str, request: web.Request) -> str:
    lines = text.splitlines(keepends=True)
    if pattern := request.query.get("pattern"):
        lines = [line for line in lines if re.search(pattern, line)]
    if tail := request.query.get("tailLines"):
        lines = lines[-int(tail) :]
    return "".join(lines)
