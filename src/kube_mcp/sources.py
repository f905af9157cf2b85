"""From settings to the clusters, the identity mode, the policy and the sign-in they describe."""

from __future__ import annotations

import itertools
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kube_mcp.access.clusters import ClusterSource
from kube_mcp.access.policy import NOTHING, Policy
from kube_mcp.errors import CredentialsError, IdentityProviderError, SettingsError
from kube_mcp.kube.client import GuardOptions
from kube_mcp.kube.transport import Transport
from kube_mcp.settings import Settings

if TYPE_CHECKING:
    from kube_mcp.access.modes.impersonate import ImpersonateConfig
    from kube_mcp.access.modes.token_exchange import TokenExchangeConfig
    from kube_mcp.auth.caller import Caller
    from kube_mcp.auth.config import AuthConfig
    from kube_mcp.kube.connection import ClusterConfig
    from kube_mcp.kube.expiry import End
    from kube_mcp.snapshots.store import Store

logger = logging.getLogger(__name__)

#: Wraps the transport of a cluster, by its name: for metering.
Wrap = Callable[[str, Transport], Transport]


def _as_it_is(name: str, transport: Transport) -> Transport:
    return transport


def cluster_sources(
    settings: Settings, *, environ: Mapping[str, str] = os.environ, wrap: Wrap = _as_it_is
) -> tuple[ClusterSource, ...]:
    """The clusters to serve, the default first; nothing is connected to yet.

    A snapshot wins over everything; where no context is named, the cluster is looked for as
    kubectl does (`kube_mcp.kube.locate`). Raises `CredentialsError` where a kubeconfig cannot be used.
    """
    if settings.cluster.snapshot:
        return (_snapshot_source(settings.cluster.snapshot, wrap),)
    if not settings.cluster.contexts:
        from kube_mcp.kube.locate import locate

        config = locate(settings.cluster.kubeconfig, environ=environ)
        return (_live_source(settings, config, environ, wrap),)
    from kube_mcp.kube import kubeconfig

    read = kubeconfig.read(settings.cluster.kubeconfig, environ=environ)
    names = settings.cluster.contexts
    if "*" in names:
        every = kubeconfig.contexts(read, environ=environ)
        names = tuple(each.name for each in sorted(every, key=lambda each: not each.current))
    return tuple(
        _live_source(
            settings, kubeconfig.resolve(read, context=name, environ=environ), environ, wrap, name
        )
        for name in names
    )


def patient_sources(
    settings: Settings, *, environ: Mapping[str, str] = os.environ, wrap: Wrap = _as_it_is
) -> tuple[ClusterSource, ...]:
    """`cluster_sources`; where a kubeconfig cannot be used, one source that looks again each call.

    A client that starts a server on a pipe shows its user nothing of why it ended, but does show
    what a tool answers.
    """
    try:
        return cluster_sources(settings, environ=environ, wrap=wrap)
    except CredentialsError as error:
        logger.warning("Starting without a cluster, every call will look again: %s", error)

        def look_again() -> Transport:
            return cluster_sources(settings, environ=environ, wrap=wrap)[0].connect()

        name = settings.cluster.name or "cluster"
        return (ClusterSource(name, look_again, described="no cluster yet"),)


def _live_source(
    settings: Settings,
    config: ClusterConfig,
    environ: Mapping[str, str],
    wrap: Wrap,
    name: str = "",
) -> ClusterSource:
    from kube_mcp.kube.pool import open_pool

    name = name or settings.cluster.name or config.context or "cluster"
    most = settings.cluster.max_connections

    def connect() -> Transport:
        return wrap(name, open_pool(config, environ=environ, max_connections=most))

    def connect_bare() -> Transport:
        bare = config.without_credentials()
        return wrap(name, open_pool(bare, environ=environ, max_connections=most))

    def first_end() -> End | None:
        from kube_mcp.kube.expiry import first_end as look

        return look(config)

    return ClusterSource(
        name=name,
        first_end=first_end,
        connect=connect,
        connect_bare=connect_bare,
        # A pod's own namespace is where the server lives, not where people look for things; a
        # context's namespace is what its owner chose.
        default_namespace=config.namespace if config.context and config.namespace != "default"
        else "",
        described=f"{config.server} ({config.origin})" if config.origin else config.server,
    )  # fmt: skip


def _snapshot_source(path: str, wrap: Wrap) -> ClusterSource:
    from kube_mcp.snapshots.transport import SnapshotTransport

    store = _store(path)  # now, so that a file that cannot be read stops the start
    return ClusterSource(
        name="demo" if path == "demo" else "snapshot",
        connect=lambda: wrap("snapshot", SnapshotTransport(store)),
        described="the built-in demo" if path == "demo" else f"the snapshot {path}",
        clock=lambda: store.captured_at,
    )


def _store(path: str) -> Store:
    if path == "demo":
        from kube_mcp.snapshots.demo import demo_store

        return demo_store()
    from kube_mcp.snapshots.layout import open_snapshot

    return open_snapshot(path)


@dataclass(frozen=True)
class Access:
    """What a caller may use and see, from the policy settings."""

    settings: Settings
    toolsets: tuple[str, ...]

    def policy(self, caller: Caller | None) -> Policy:
        """The narrowing for one caller: the general one, and that of each of their groups."""
        general = self.settings.policy
        base = Policy(
            namespaces_allow=general.namespaces_allow,
            namespaces_deny=general.namespaces_deny,
            kinds_deny=general.kinds_deny,
            kinds_allow=(general.kinds_allow,) if general.kinds_allow else (),
            toolsets=self._open_in_policy(caller),
        )
        mine = [each for each in general.groups if caller and each.group in caller.groups]
        if not mine:
            return base
        # Allow-lists of several groups add up: being in one more group must not take away.
        allow = _added_up(each.namespaces_allow for each in mine)
        kinds = _added_up(each.kinds_allow for each in mine)
        return base.narrowed(
            Policy(
                namespaces_allow=allow,
                namespaces_deny=tuple(name for each in mine for name in each.namespaces_deny),
                kinds_deny=tuple(name for each in mine for name in each.kinds_deny),
                kinds_allow=(kinds,) if kinds else (),
            )
        )

    def open_toolsets(self, caller: Caller | None) -> frozenset[str]:
        """The toolsets one caller may use."""
        policy = self.settings.policy
        served = set(policy.toolsets or self.toolsets)
        granted = {name for grant in policy.grants for name in grant.toolsets}
        for grant in policy.grants:
            if caller is None:
                continue
            if caller.scopes & set(grant.scopes) or set(caller.groups) & set(grant.groups):
                granted -= set(grant.toolsets)
        return frozenset(served - granted)

    def _open_in_policy(self, caller: Caller | None) -> tuple[str, ...]:
        """The open toolsets as `Policy` writes them: empty for all."""
        opened = self.open_toolsets(caller)
        return () if opened >= set(self.toolsets) else tuple(sorted(opened)) or NOTHING

    @property
    def scopes(self) -> tuple[str, ...]:
        """Every scope that opens a toolset."""
        grants = self.settings.policy.grants
        return tuple(dict.fromkeys(scope for grant in grants for scope in grant.scopes))

    def scopes_for(self, toolset: str) -> tuple[str, ...]:
        """The scope that would open a toolset which is closed to a caller; none if groups decide.

        One is enough, and who asks for another as well may be given neither.
        """
        if toolset not in (self.settings.policy.toolsets or self.toolsets):
            return ()
        found = (
            scope
            for grant in self.settings.policy.grants
            if toolset in grant.toolsets
            for scope in grant.scopes
        )
        return tuple(itertools.islice(found, 1))


def _added_up(lists: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    """What any of several allow-lists allows; empty, which is everything, where one is."""
    known = list(lists)
    return tuple(name for each in known for name in each) if all(known) else ()


def guard_options(settings: Settings) -> GuardOptions:
    """What the guard lets through beyond plain reads."""
    return GuardOptions(
        access_reviews=settings.policy.who_can,
        helm_release_secrets=settings.policy.helm_releases,
        node_logs=settings.policy.node_logs,
    )


def sign_in_config(settings: Settings) -> AuthConfig | None:
    """Sign-in as configured, right or wrong, or None where there is no issuer."""
    auth = settings.auth
    if not auth.issuers:
        return None
    from kube_mcp.auth.claims import ClaimNames
    from kube_mcp.auth.config import AuthConfig, CorsConfig, IntrospectionConfig, TrustedIssuer

    asked = auth.introspection
    introspection = IntrospectionConfig(
        client_id=asked.client_id,
        client_secret_file=asked.client_secret_file,
        url=asked.url,
        client_auth=asked.client_auth,
        when=asked.when,
        cache_s=asked.cache_s,
    )
    return AuthConfig(
        public_urls=settings.server.public_urls,
        issuers=tuple(
            TrustedIssuer(
                issuer=each.issuer,
                audience=each.audience,
                allowed_clients=each.allowed_clients,
                jwks_uri=each.jwks_uri,
                ca_file=each.ca_file,
                algorithms=auth.algorithms,
                require_at_jwt=each.require_at_jwt,
                client_claims=each.client_claims,
                claims=ClaimNames(username=each.username_claim, groups=each.groups_claim),
                introspection=introspection if asked.enabled or each.introspection else None,
                allow_http_loopback=auth.allow_http_loopback,
            )
            for each in auth.issuers
        ),
        required_scopes=auth.required_scopes,
        required_groups=auth.required_groups,
        challenge_scopes=auth.scopes_supported,
        advertise_offline_access=auth.offer_offline_access,
        relay_authorization_server=auth.relay_metadata,
        leeway_s=auth.leeway_s,
        cors=CorsConfig(allowed_origins=settings.server.allowed_origins),
        allow_http_loopback=auth.allow_http_loopback,
    )


def auth_config(settings: Settings) -> AuthConfig | None:
    """Sign-in as it can be used, or None where there is no issuer.

    Raises `SettingsError` with every problem.
    """
    config = sign_in_config(settings)
    if config is not None and (problems := config.problems()):
        raise SettingsError(problems)
    return config


def provider_proxy(url: str) -> str:
    """The proxy on the way to an identity provider, as the environment names it for all programs.

    Raises `IdentityProviderError` for a kind of proxy that is not spoken here.
    """
    from kube_mcp.kube.proxies import proxy_for

    try:
        return proxy_for(url, environ=os.environ)[0]
    except CredentialsError as error:
        raise IdentityProviderError(error.message, hint=error.hint) from error


def shared_names(settings: Settings) -> str:
    """That people of several providers would be taken for one another, or an empty string."""
    hosts = sorted({urlsplit(each.issuer).netloc for each in settings.auth.issuers})
    if settings.cluster.identity != "impersonate" or len(hosts) < 2:
        return ""
    return (
        f"The issuers are at different hosts ({', '.join(hosts)}) and share the prefixes of"
        " [impersonate]: who has the same name at two of them is the same person in the cluster."
    )


def impersonate_config(settings: Settings) -> ImpersonateConfig:
    """How callers are impersonated, right or wrong."""
    from kube_mcp.access.modes.impersonate import ImpersonateConfig

    names = settings.impersonate
    return ImpersonateConfig(
        username_prefix=names.user_prefix,
        groups_prefix=names.group_prefix,
        allowed_groups=names.groups,
        allowed_groups_pattern=names.group_pattern,
        max_groups=names.max_groups,
        send_uid=names.send_uid,
        send_extra=names.send_extra,
    )


def token_exchange_config(settings: Settings) -> TokenExchangeConfig:
    """How callers' tokens are exchanged, right or wrong."""
    from kube_mcp.access.modes.token_exchange import TokenExchangeConfig

    asked = settings.token_exchange
    return TokenExchangeConfig(
        sts_client_id=asked.sts_client_id,
        sts_client_secret_file=asked.sts_client_secret_file,
        sts_audience=asked.sts_audience,
        sts_scope=asked.sts_scope,
        token_url=asked.token_url,
        ca_file=asked.ca_file,
        allow_http_loopback=settings.auth.allow_http_loopback,
    )


def client_secrets(settings: Settings) -> tuple[tuple[str, str], ...]:
    """The files with client secrets that these settings need, each with the setting that names it."""
    asks = settings.auth.introspection.enabled or any(
        issuer.introspection for issuer in settings.auth.issuers
    )
    found = []
    if asks:
        file = settings.auth.introspection.client_secret_file
        found.append(("auth.introspection.client_secret_file", file))
    if settings.cluster.identity == "token-exchange":
        file = settings.token_exchange.sts_client_secret_file
        found.append(("token_exchange.sts_client_secret_file", file))
    return tuple(found)
