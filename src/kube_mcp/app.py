"""The composition root: the only file that knows everybody, and the place where each is built once."""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from kube_mcp import __version__
from kube_mcp.access.clusters import Clusters, ClusterSource
from kube_mcp.errors import IdentityProviderError, KubeMcpError
from kube_mcp.kube.metering import Metering
from kube_mcp.kube.transport import Transport
from kube_mcp.prompts._prompt import discover as discover_prompts
from kube_mcp.redaction.text import mask_text
from kube_mcp.render.budget import count
from kube_mcp.resources._resource import discover as discover_resources
from kube_mcp.server.instructions import instructions
from kube_mcp.server.kube_host import KubeHost
from kube_mcp.server.protocol import build_server
from kube_mcp.server.readiness import Problem
from kube_mcp.server.recorder import Recorder
from kube_mcp.settings import Settings
from kube_mcp.sources import Access, auth_config, check, cluster_sources, guard_options
from kube_mcp.telemetry.audit import AuditLog, to_stream
from kube_mcp.telemetry.logging import configure
from kube_mcp.telemetry.metrics import Metrics
from kube_mcp.tools._tool import discover as discover_tools

if TYPE_CHECKING:
    import aiohttp
    from mcp.server.lowlevel import Server

    from kube_mcp.access.modes import Mode
    from kube_mcp.auth.caller import Caller
    from kube_mcp.auth.config import AuthConfig
    from kube_mcp.auth.verifier import Verifier
    from kube_mcp.server.asgi import App
    from kube_mcp.server.bearer import Decision
    from kube_mcp.server.run import Listening

logger = logging.getLogger(__name__)

#: Probes ask often; a cluster that does not answer within this is not ready.
READY_TIMEOUT_S = 4.0


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
) -> Parts:
    """Put the parts together; nothing is connected to yet.

    Raises `SettingsError` and `CredentialsError`.
    """
    check(settings)
    tools = discover_tools()
    prompts = discover_prompts()
    resources = discover_resources()
    toolsets = tuple(dict.fromkeys(tool.toolset for tool in tools))
    access = Access(settings, toolsets)
    if not settings.policy.helm_releases and "helm" not in settings.policy.toolsets:
        # A tool that can only say "switched off" costs every conversation its description.
        tools = tuple(tool for tool in tools if tool.toolset != "helm")
    names = [
        *(tool.name for tool in tools),
        *(prompt.name for prompt in prompts),
        *(resource.name for resource in resources),
    ]
    metrics = Metrics(version=__version__, names=names)

    def metered(name: str, transport: Transport) -> Transport:
        return Metering(transport, metrics)

    if sources is None:
        sources = cluster_sources(settings, environ=environ, wrap=metered)
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


def serve_stdio(settings: Settings) -> int:
    """Serve on standard input and output, as the local kubeconfig's user, until input ends."""
    from kube_mcp.server.run import run
    from kube_mcp.server.stdio import leave, serve_stdio

    _configure(settings)
    parts = build(settings)

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
    from kube_mcp.server.exposure import check_exposure
    from kube_mcp.server.run import run

    _configure(settings)
    check(settings)
    check_exposure(
        settings.server.host,
        authenticated=bool(settings.auth.issuers),
        allow=settings.server.insecure_no_auth,
    )
    run(lambda: _serve_http(settings, or_demo=or_demo))
    return 0


async def _serve_http(settings: Settings, *, or_demo: bool) -> None:
    from kube_mcp.server.run import serve

    if or_demo:
        settings = await _or_demo(settings)
    async with AsyncExitStack() as stack:
        service = await _http_service(settings, stack)
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


@dataclass
class HttpService:
    """The HTTP side, assembled: ``app`` is the shell with everything that stands in front of it."""

    parts: Parts
    shell: Any
    app: App
    metrics_app: App | None


async def _http_service(settings: Settings, stack: AsyncExitStack) -> HttpService:
    """Everything behind the listening socket. What must be closed is left to ``stack``."""
    from kube_mcp.server.cors import Cors
    from kube_mcp.server.doors import Doors
    from kube_mcp.server.endpoint import McpEndpoint
    from kube_mcp.server.http import HttpShell, MetricsApp
    from kube_mcp.server.limits import CallerLimits, Gate, Limits
    from kube_mcp.server.patience import Patience
    from kube_mcp.server.public_urls import PublicUrls
    from kube_mcp.server.readiness import Readiness
    from kube_mcp.server.step_up import StepUp
    from kube_mcp.server.wellknown import WellKnown, resource_metadata

    config = auth_config(settings)
    session: aiohttp.ClientSession | None = None
    verifier: Verifier | None = None
    if config is not None:
        from kube_mcp.auth.assemble import assemble
        from kube_mcp.auth.provider import open_session

        session = open_session()
        stack.push_async_callback(session.close)
        verifier = assemble(config, session)
        stack.push_async_callback(verifier.aclose)
    mode = _mode(settings, session, verifier)
    parts = build(settings, mode=mode)
    stack.push_async_callback(parts.clusters.aclose)

    gate = Gate(
        Limits(
            rate_per_s=settings.limits.calls_per_minute / 60,
            burst=settings.limits.burst,
            in_flight_per_subject=min(
                settings.limits.in_flight_per_caller, settings.limits.in_flight
            ),
            in_flight_total=settings.limits.in_flight,
        ),
        monotonic=time.monotonic,
    )
    step_up = None

    def limited(app: App) -> App:
        return CallerLimits(app, gate, on_wait=parts.metrics.refused)

    protect: Callable[[App], App] = limited
    public = PublicUrls(settings.server.public_urls) if config is not None else None
    if config is not None and verifier is not None and public is not None:
        from kube_mcp.access.admission import admission
        from kube_mcp.server.bearer import BearerAuth
        from kube_mcp.server.challenge import Challenge

        challenge = Challenge(public, config.sign_in_scopes)
        known = verifier
        # Whoever has no identity in the cluster is refused at the door, not call by call.
        door = {} if mode is None else {"admit": admission(mode)}

        def signed_in(app: App) -> App:
            return BearerAuth(
                limited(app),
                known,
                challenge,
                audit=lambda decision: _record(parts, decision),
                patience=Patience(monotonic=time.monotonic),
                **door,
            )

        protect = signed_in
        step_up = StepUp(
            lambda caller, tool: _scopes_lacking(parts, caller, tool), challenge.insufficient_scope
        )
    readiness = Readiness(
        lambda: _problems(parts, verifier),
        timeout_s=READY_TIMEOUT_S,
        on_result=lambda ready: parts.metrics.ready(is_ready=ready),
    )
    own_port = bool(settings.server.metrics_port)
    hosts = tuple(urlsplit(url).netloc for url in settings.server.public_urls)
    shell = HttpShell(
        McpEndpoint(parts.server),
        version=__version__,
        readiness=readiness,
        doors=Doors(
            hosts=(*settings.server.allowed_hosts, *hosts, settings.server.host),
            origins=(*settings.server.allowed_origins, *_origins(settings.server.public_urls)),
        ),
        # What clients type, for a proxy that does not strip it.
        paths=(settings.server.path, *(url.path for url in (public.all if public else ()))),
        protect=protect,
        step_up=step_up,
        max_body_bytes=settings.server.max_body_bytes,
        metrics=parts.metrics,
        serve_metrics=settings.server.metrics and not own_port,
        metrics_hidden_from=hosts,
    )
    app: App = shell
    if config is not None and public is not None and verifier is not None:
        issuers = tuple(each.issuer for each in config.issuers)
        app = WellKnown(
            app,
            public,
            lambda url: resource_metadata(
                url,
                issuers=issuers,
                scopes=_scopes(config, parts.access),
                name=config.resource_name,
                documentation=config.resource_documentation,
            ),
            relay=_relay(verifier) if config.relay_authorization_server else None,
        )
    if settings.server.allowed_origins:
        app = Cors(app, settings.server.allowed_origins)
    metrics_app = None
    if own_port:
        shown = parts.metrics if settings.server.metrics else None
        metrics_app = MetricsApp(shown, readiness=readiness)
    return HttpService(parts, shell, app, metrics_app)


def _scopes(config: AuthConfig, access: Access) -> tuple[str, ...]:
    """The scopes a client may ask for: those of every sign-in, then those that open toolsets."""
    more = (scope for grant in access.settings.policy.grants for scope in grant.scopes)
    return tuple(dict.fromkeys((*config.sign_in_scopes, *more)))


def _origins(urls: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, urls))


def _relay(verifier: Verifier) -> Callable[[], Awaitable[Mapping[str, Any]]]:
    async def first() -> Mapping[str, Any]:
        return (await verifier.issuers[0].metadata.get()).raw

    return first


def _mode(
    settings: Settings, session: aiohttp.ClientSession | None, verifier: Verifier | None
) -> Mode | None:
    """As whom the cluster is read for a caller; None reads it as this server for everybody."""
    identity = settings.cluster.identity
    if identity == "impersonate":
        from kube_mcp.access.modes.impersonate import ImpersonateConfig, ImpersonateMode

        names = settings.impersonate
        return ImpersonateMode(
            ImpersonateConfig(
                username_prefix=names.user_prefix,
                groups_prefix=names.group_prefix,
                allowed_groups=names.groups,
                allowed_groups_pattern=names.group_pattern,
                max_groups=names.max_groups,
                send_uid=names.send_uid,
                send_extra=names.send_extra,
            )
        )
    if identity == "passthrough":
        from kube_mcp.access.modes.passthrough import WARNING, PassthroughMode

        logger.warning(WARNING)
        return PassthroughMode(accept_risk=settings.cluster.accept_passthrough_risk)
    if identity == "token-exchange" and session is not None and verifier is not None:
        from kube_mcp.access.modes.token_exchange import TokenExchangeConfig, TokenExchangeMode
        from kube_mcp.auth.provider import ProviderClient

        asked = settings.token_exchange
        known = {each.trusted.issuer: each for each in verifier.issuers}

        async def endpoint(issuer: str) -> str:
            metadata = await known[issuer].metadata.get()
            if not metadata.token_endpoint:
                raise IdentityProviderError(f"{issuer} names no token endpoint.")
            return metadata.token_endpoint

        return TokenExchangeMode(
            TokenExchangeConfig(
                sts_client_id=asked.sts_client_id,
                sts_client_secret_file=asked.sts_client_secret_file,
                sts_audience=asked.sts_audience,
                sts_scope=asked.sts_scope,
                token_url=asked.token_url,
                ca_file=asked.ca_file,
                allow_http_loopback=settings.auth.allow_http_loopback,
            ),
            ProviderClient(
                session,
                ca_file=asked.ca_file,
                allow_http_loopback=settings.auth.allow_http_loopback,
            ),
            endpoint,
            now=time.time,
        )
    return None


def _scopes_lacking(parts: Parts, caller: Caller | None, tool: str) -> tuple[str, ...]:
    toolset = parts.host.toolset(tool)
    if not toolset or toolset in parts.access.open_toolsets(caller):
        return ()
    return parts.access.scopes_for(toolset)


def _record(parts: Parts, decision: Decision) -> None:
    """Refusals go to the audit trail and the metrics; good tokens are in each call's own line."""
    if decision.allowed:
        return
    parts.metrics.refused(decision.code)
    logger.warning("Refused a request: %s", decision.sentence, extra={"code": decision.code})
    if parts.audit is not None:
        parts.audit.event(
            "refused",
            {
                "code": decision.code,
                "status": decision.status,
                "reason": decision.sentence,
                "claimed": decision.claimed,
                "client": decision.client_address,
            },
        )


async def _problems(parts: Parts, verifier: Verifier | None) -> list[Problem]:
    """What keeps the server from working just now: every cluster, and the identity provider."""

    async def cluster(name: str) -> Problem | None:
        part = f"cluster {name}" if len(parts.clusters.names) > 1 else "cluster"
        try:
            opened = await parts.clusters.open_own(name)
            await opened.text("/readyz")
            await opened.resources()
        except KubeMcpError as error:
            return Problem(part, error.code, str(error))
        return None

    found = await asyncio.gather(*(cluster(name) for name in parts.clusters.names))
    problems = [each for each in found if each is not None]
    if verifier is not None:
        problems += [
            Problem("identity provider", "unreachable", sentence)
            for sentence in await verifier.problems()
        ]
    return problems


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
VS Code, Cursor:      {{"mcpServers": {{"kubernetes": {{"url": "{url}"}}}}}}
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
