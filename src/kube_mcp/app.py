"""The commands that serve, and the one that captures: settings in, a running program out."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from kube_mcp import __version__
from kube_mcp.access.clusters import Clusters
from kube_mcp.contradictions import check
from kube_mcp.errors import KubeMcpError
from kube_mcp.parts import Parts, build
from kube_mcp.redaction.text import mask_text
from kube_mcp.render.budget import count
from kube_mcp.settings import Settings
from kube_mcp.sources import cluster_sources
from kube_mcp.telemetry.logging import configure

if TYPE_CHECKING:
    from kube_mcp.server.run import Listening

logger = logging.getLogger(__name__)


def serve_stdio(settings: Settings) -> int:
    """Serve on standard input and output, as the local kubeconfig's user, until input ends."""
    from kube_mcp.server.run import run
    from kube_mcp.server.stdio import leave, serve_stdio

    _configure(settings)
    parts = build(settings, patient=True)

    async def main() -> None:
        try:
            await serve_stdio(parts.server)
        finally:
            await parts.clusters.aclose()

    run(main)
    leave(0)
    return 0


def serve_http(settings: Settings, *, or_demo: bool = False) -> int:
    """Serve over HTTP until a signal asks to stop."""
    from kube_mcp.server.run import run

    _configure(settings)
    check(settings, listens=True)
    run(lambda: _serve_http(settings, or_demo=or_demo))
    return 0


async def _serve_http(settings: Settings, *, or_demo: bool) -> None:
    from kube_mcp.server.run import serve
    from kube_mcp.service import http_service

    if or_demo:
        settings = await _or_demo(settings)
    async with AsyncExitStack() as stack:
        service = await http_service(settings, stack)
        shell = service.shell
        await serve(
            shell,
            app=service.app,
            host=settings.server.host,
            port=settings.server.port,
            metrics_app=service.metrics_app,
            metrics_host=settings.server.metrics_host,
            metrics_port=settings.server.metrics_port,
            grace_s=settings.server.shutdown_grace_s,
            on_listening=lambda listening: _announce(settings, service.parts, listening),
        )


async def _or_demo(settings: Settings) -> Settings:
    """The settings as they are where the cluster answers, else with the built-in demo."""
    if settings.cluster.snapshot:
        return settings
    try:
        clusters = Clusters(cluster_sources(settings), timeout_s=5.0)
        try:
            opened = await clusters.open_own()
            await opened.version()
        finally:
            await clusters.aclose()
    except KubeMcpError as error:
        say(f"No cluster to read: {error}")
        say("Serving the built-in demo cluster instead.\n")
        return settings.model_copy(
            update={"cluster": settings.cluster.model_copy(update={"snapshot": "demo"})}
        )
    return settings


def _announce(settings: Settings, parts: Parts, listening: Listening) -> None:
    """Where the server is and how clients are told of it; people read this, so only on a terminal
    or with text logs."""
    if settings.log.format != "text":
        return
    url = f"{listening.url}{settings.server.path}"
    where = ", ".join(parts.clusters.described(name) for name in parts.clusters.names)
    say(
        f"""kube-mcp {__version__} reads {where}
and listens on {url} (health: {listening.url}/health)

Ask it something:     kube-mcp demo --url {url}
Claude Code:          claude mcp add --transport http kubernetes {url}
VS Code:              {{"servers": {{"kubernetes": {{"type": "http", "url": "{url}"}}}}}}
Cursor:               {{"mcpServers": {{"kubernetes": {{"url": "{url}"}}}}}}
Claude Desktop:       {{"mcpServers": {{"kubernetes": {{"command": "{_command()}", "args": ["stdio"]}}}}}}
MCP Inspector:        npx @modelcontextprotocol/inspector --transport http --server-url {url}

Ctrl-C ends it.
"""
    )


def _command() -> str:
    found = os.path.join(os.path.dirname(sys.executable), "kube-mcp")
    return found if os.path.exists(found) else "kube-mcp"


def capture_snapshot(
    settings: Settings, target: str, *, namespaces: tuple[str, ...], include_logs: bool
) -> int:
    """Write the cluster, masked, into a folder or an archive, and say what could not be read."""
    from kube_mcp.snapshots.capture import capture

    _configure(settings)

    async def main() -> int:
        clusters = Clusters(cluster_sources(settings), timeout_s=settings.cluster.timeout_s)
        try:
            cluster = await clusters.open_own()
            done = await capture(
                cluster,
                target,
                namespaces=namespaces,
                include_logs=include_logs,
                progress=lambda what: logger.info("%s", what.capitalize()),
            )
        finally:
            await clusters.aclose()
        for gap in done.gaps:
            say(gap)
        say(
            f"Wrote {count(done.objects, 'object')} of {count(done.types, 'kind')} and "
            f"{count(done.logs, 'log')} ({done.written_bytes:,} bytes, masked) to {done.path}."
        )
        return 0

    return asyncio.run(main())


def _configure(settings: Settings) -> None:
    configure(level=settings.log.level, as_json=settings.log.format == "json", mask=mask_text)


def say(text: str) -> None:
    """Something for the person at the terminal: stderr, because stdout may be the protocol's."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()
