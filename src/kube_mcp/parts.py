"""What both ways of serving share: clusters, tools and telemetry, built from the settings."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kube_mcp import __version__
from kube_mcp.access.clusters import Clusters, ClusterSource
from kube_mcp.contradictions import check
from kube_mcp.kube.metering import Metering
from kube_mcp.kube.transport import Transport
from kube_mcp.prompts._prompt import discover as discover_prompts
from kube_mcp.redaction.text import mask_text
from kube_mcp.resources._resource import discover as discover_resources
from kube_mcp.server.instructions import instructions
from kube_mcp.server.kube_host import KubeHost
from kube_mcp.server.protocol import build_server
from kube_mcp.server.recorder import Recorder
from kube_mcp.settings import Settings
from kube_mcp.sources import Access, cluster_sources, guard_options, patient_sources
from kube_mcp.telemetry.audit import AuditLog, to_stream
from kube_mcp.telemetry.metrics import Metrics
from kube_mcp.tools._tool import discover as discover_tools

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server

    from kube_mcp.access.modes import Mode
    from kube_mcp.auth.caller import Caller


@dataclass
class Parts:
    """What both ways of serving share, built from the settings."""

    settings: Settings
    clusters: Clusters
    access: Access
    host: KubeHost
    metrics: Metrics
    audit: AuditLog | None
    server: Server[Any]


def build(
    settings: Settings,
    *,
    mode: Mode | None = None,
    environ: Mapping[str, str] = os.environ,
    sources: tuple[ClusterSource, ...] | None = None,
    patient: bool = False,
) -> Parts:
    """Put the parts together; nothing is connected to yet.

    Raises `SettingsError`, and `CredentialsError` unless ``patient``: then every call says what
    is wrong with the kubeconfig until it is not.
    """
    check(settings)
    tools = discover_tools()
    prompts = discover_prompts()
    resources = discover_resources()
    toolsets = tuple(dict.fromkeys(tool.toolset for tool in tools))
    access = Access(settings, toolsets)
    # A tool that can only say "switched off" costs every conversation its description.
    off = {
        toolset
        for toolset, on in (
            ("helm", settings.policy.helm_releases),
            ("nodes", settings.policy.node_logs),
        )
        if not on and toolset not in settings.policy.toolsets
    }
    tools = tuple(tool for tool in tools if tool.toolset not in off)
    names = [
        *(tool.name for tool in tools),
        *(prompt.name for prompt in prompts),
        *(resource.name for resource in resources),
    ]
    metrics = Metrics(version=__version__, names=names)

    def metered(name: str, transport: Transport) -> Transport:
        return Metering(transport, metrics)

    if sources is None:
        find = patient_sources if patient else cluster_sources
        sources = find(settings, environ=environ, wrap=metered)
    clusters = Clusters(
        sources,
        mode=mode,
        policy_for=access.policy,
        allow=guard_options(settings),
        timeout_s=settings.cluster.timeout_s,
    )
    audit = AuditLog(to_stream(sys.stderr), mask=mask_text) if settings.log.audit else None

    def may_use(caller: Caller | None, toolset: str) -> bool:
        return toolset in access.open_toolsets(caller)

    def may_see(caller: Caller | None, toolset: str) -> bool:
        # A tool that a better token would open is listed, or no client would ever ask for one.
        return may_use(caller, toolset) or bool(access.scopes_for(toolset))

    host = KubeHost(
        tools=tools,
        prompts=prompts,
        resources=resources,
        open_cluster=clusters.open,
        cluster_names=clusters.names,
        may_use=may_use,
        may_see=may_see,
        recorder=Recorder(metrics=metrics, audit=audit),
        timeout_s=settings.limits.call_timeout_s,
        max_bytes=settings.limits.max_answer_bytes,
    )
    named = clusters.names if len(clusters.names) > 1 else ()
    server = build_server(
        host,
        version=__version__,
        instructions=instructions(cluster_names=named),
        lists_are_public=not settings.policy.grants,
    )
    return Parts(settings, clusters, access, host, metrics, audit, server)
