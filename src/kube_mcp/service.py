"""The HTTP side, assembled: sign-in, limits, probes and documents around the protocol."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from kube_mcp import __version__
from kube_mcp.auth.secret_file import SecretFile
from kube_mcp.errors import CredentialsError, KubeMcpError
from kube_mcp.modes import identity_mode
from kube_mcp.parts import Parts, build
from kube_mcp.server.limits import Limits
from kube_mcp.server.readiness import Problem
from kube_mcp.server.recorder import caller_fields
from kube_mcp.settings import Settings
from kube_mcp.sources import auth_config, client_secrets, provider_proxy

if TYPE_CHECKING:
    import aiohttp

    from kube_mcp.auth.caller import Caller
    from kube_mcp.auth.verifier import Verifier
    from kube_mcp.server.asgi import App
    from kube_mcp.server.bearer import Decision

logger = logging.getLogger(__name__)

#: Probes ask often; what does not answer within this is not ready, and is named.
PART_TIMEOUT_S = 3.5

#: For all parts together, which are asked at the same time.
READY_TIMEOUT_S = 4.0

#: More calls a second than one process can answer.
_UNLIMITED = 1_000_000


@dataclass
class HttpService:
    """The HTTP side, assembled: ``app`` is the shell with everything that stands in front of it."""

    parts: Parts
    shell: Any
    app: App
    metrics_app: App | None


async def http_service(settings: Settings, stack: AsyncExitStack) -> HttpService:
    """Everything behind the listening socket. What must be closed is left to ``stack``."""
    from kube_mcp.server.cors import Cors
    from kube_mcp.server.doors import Doors
    from kube_mcp.server.endpoint import McpEndpoint
    from kube_mcp.server.http import HttpShell, MetricsApp
    from kube_mcp.server.limits import CallerLimits, Gate
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
        verifier = assemble(config, session, proxy_for=provider_proxy)
        stack.push_async_callback(verifier.aclose)
    mode = identity_mode(settings, session, verifier)
    parts = build(settings, mode=mode)
    stack.push_async_callback(parts.clusters.aclose)

    def record(decision: Decision) -> None:
        _record(parts, decision)

    gate = Gate(_limits(settings), monotonic=time.monotonic)
    step_up = None

    def limited(app: App) -> App:
        return CallerLimits(app, gate, audit=record)

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
                audit=record,
                patience=Patience(monotonic=time.monotonic),
                **door,
            )

        protect = signed_in
        step_up = StepUp(
            lambda caller, operation, name: _scopes_lacking(parts, caller, operation, name),
            challenge.insufficient_scope,
            record,
        )
    readiness = Readiness(
        lambda: not_ready(parts, verifier),
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
    if settings.server.allowed_origins:
        app = Cors(app, settings.server.allowed_origins)
    # In front of that: the way to sign in is the same for all, so any page may read it.
    if config is not None and public is not None and verifier is not None:
        issuers = tuple(each.issuer for each in config.issuers)
        app = WellKnown(
            app,
            public,
            lambda url: resource_metadata(
                url,
                issuers=issuers,
                scopes=config.sign_in_scopes,
                name=config.resource_name,
                documentation=config.resource_documentation,
            ),
            relay=_relay(verifier) if config.relay_authorization_server else None,
        )
    metrics_app = None
    if own_port:
        shown = parts.metrics if settings.server.metrics else None
        metrics_app = MetricsApp(shown, readiness=readiness)
    return HttpService(parts, shell, app, metrics_app)


def _limits(settings: Settings) -> Limits:
    """What a caller may do. Without sign-in all callers are one, so only the total counts."""
    limits = settings.limits
    if not settings.auth.issuers:
        return Limits(
            rate_per_s=_UNLIMITED,
            burst=_UNLIMITED,
            in_flight_per_subject=limits.in_flight,
            in_flight_total=limits.in_flight,
        )
    return Limits(
        rate_per_s=limits.calls_per_minute / 60,
        burst=limits.burst,
        in_flight_per_subject=min(limits.in_flight_per_caller, limits.in_flight),
        in_flight_total=limits.in_flight,
    )


def _origins(urls: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{parts.scheme}://{parts.netloc}" for parts in map(urlsplit, urls))


def _relay(verifier: Verifier) -> Callable[[], Awaitable[Mapping[str, Any]]]:
    async def first() -> Mapping[str, Any]:
        return (await verifier.issuers[0].metadata.get()).raw

    return first


def _scopes_lacking(
    parts: Parts, caller: Caller | None, operation: str, name: str
) -> tuple[str, ...]:
    toolset = parts.host.toolset(operation, name)
    if not toolset or toolset in parts.access.open_toolsets(caller):
        return ()
    needed = parts.access.scopes_for(toolset)
    # With what the token grants already, or the next one would open this and close that.
    granted = caller.scopes if caller is not None else frozenset()
    return tuple(
        scope for scope in parts.access.scopes if scope in granted or scope in needed
    ) if needed else ()  # fmt: skip


#: How clients find out where to sign in, that it is time to refresh, and which scope to ask for.
_MENDED_BY_CLIENTS = frozenset({"no-token", "token-expired", "missing-scope"})


def _record(parts: Parts, decision: Decision) -> None:
    """Refusals go to the audit trail and the metrics; good tokens are in each call's own line."""
    if decision.allowed:
        return
    parts.metrics.refused(decision.code)
    level = logging.INFO if decision.code in _MENDED_BY_CLIENTS else logging.WARNING
    logger.log(level, "Refused a request: %s", decision.sentence, extra={"code": decision.code})
    if parts.audit is not None:
        parts.audit.event(
            "refused",
            {
                "code": decision.code,
                "status": decision.status,
                "reason": decision.sentence,
                "caller": caller_fields(decision.caller),
                "claimed": decision.claimed,
                "client": decision.client_address,
            },
        )


async def not_ready(parts: Parts, verifier: Verifier | None) -> list[Problem]:
    """What keeps the server from working just now: clusters, the identity provider, secrets."""

    async def cluster(name: str) -> Problem | None:
        part = f"cluster {name}" if len(parts.clusters.names) > 1 else "cluster"
        try:
            async with asyncio.timeout(PART_TIMEOUT_S):
                opened = await parts.clusters.open_own(name)
                await opened.text("/readyz")
                await opened.resources()
        except KubeMcpError as error:
            return Problem(part, error.code, str(error))
        except TimeoutError:
            return Problem(part, "timed_out", f"No answer within {PART_TIMEOUT_S:g} s.")
        return None

    async def provider() -> list[Problem]:
        told = [] if verifier is None else await verifier.problems(wait_s=PART_TIMEOUT_S)
        return [Problem("identity provider", "unreachable", sentence) for sentence in told]

    async def secrets() -> list[Problem]:
        problems = []
        for _, file in client_secrets(parts.settings):
            try:
                await SecretFile(file).read()
            except CredentialsError as error:
                problems.append(Problem("client secret", "missing", str(error)))
        return problems

    clusters, signing_in, unreadable = await asyncio.gather(
        asyncio.gather(*(cluster(name) for name in parts.clusters.names)), provider(), secrets()
    )
    return [*(each for each in clusters if each is not None), *signing_in, *unreadable]
