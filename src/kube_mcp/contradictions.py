"""What is wrong with settings only when they are seen together, found before anything starts.

Whatever is set and has no effect is one of them where it was meant to close something: a grant of a
toolset that does not exist leaves the real one open.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from kube_mcp.errors import SettingsError, suggest
from kube_mcp.mistakes import STAND_IN
from kube_mcp.settings import (
    AuthSettings,
    GroupPolicySettings,
    PolicySettings,
    Settings,
    UnusableSettings,
)
from kube_mcp.sources import impersonate_config, sign_in_config, token_exchange_config

_NAMESPACE_PATTERN = re.compile(r"[-a-z0-9.*?\[\]!]+")
_KIND_PATTERN = re.compile(r"[-A-Za-z0-9.*?\[\]!]+")
_SCOPE = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+")


def check(settings: Settings, *, listens: bool = False) -> None:
    """Raises `SettingsError` with every contradiction. ``listens`` is for serving over HTTP."""
    if problems := contradictions(settings, listens=listens):
        raise SettingsError(problems)


def loaded(load: Callable[[], Settings], *, listens: bool = False) -> Settings:
    """The settings, or `SettingsError` with every problem, of single ones and of all together."""
    try:
        return load()
    except UnusableSettings as error:
        more = contradictions(error.rest, listens=listens) if error.rest is not None else []
        raise SettingsError(
            [*error.problems, *(each for each in more if STAND_IN not in each)]
        ) from error


def contradictions(settings: Settings, *, listens: bool = False) -> list[str]:
    """Everything that contradicts itself, one sentence each."""
    found = [*_identity(settings), *_sign_in(settings), *_policy(settings)]
    if listens:
        found += _listening(settings)
    return list(dict.fromkeys(found))


def _identity(settings: Settings) -> Iterator[str]:
    identity = settings.cluster.identity
    if identity == "service-account":
        return
    if not settings.auth.issuers:
        yield (
            f"cluster.identity is '{identity}', which reads the cluster as the caller, but nobody "
            "signs in: set auth.issuers."
        )
    if settings.cluster.snapshot:
        yield f"cluster.identity '{identity}' cannot be used with a snapshot."
    if identity == "passthrough" and not settings.cluster.accept_passthrough_risk:
        yield (
            "cluster.identity 'passthrough' sends the caller's own token to the API server, which "
            "the MCP specification forbids for tokens that were not made out to the cluster; set "
            "cluster.accept_passthrough_risk = true if the cluster is the audience."
        )
    if identity == "impersonate":
        yield from impersonate_config(settings).problems()
    if identity == "token-exchange":
        yield from token_exchange_config(settings).problems()


def _sign_in(settings: Settings) -> Iterator[str]:
    auth = settings.auth
    config = sign_in_config(settings)
    if config is not None:
        yield from config.problems()
        asked = auth.introspection
        filled_in = asked.client_id or asked.client_secret_file or asked.url
        if filled_in and not asked.enabled and not any(each.introspection for each in auth.issuers):
            yield (
                "auth.introspection is filled in and not used: set auth.introspection.enabled ="
                " true, or introspection = true for an issuer."
            )
        return
    if settings.server.public_urls or settings.server.allowed_origins:
        from kube_mcp.auth.config import CorsConfig, public_url_problem

        for url in settings.server.public_urls:
            if problem := public_url_problem(url, allow_http_loopback=True):
                yield problem
        yield from CorsConfig(allowed_origins=settings.server.allowed_origins).problems()
    for name, used in (
        ("auth.required_groups", auth.required_groups),
        ("auth.required_scopes", auth.required_scopes != AuthSettings().required_scopes),
        ("auth.introspection.enabled", auth.introspection.enabled),
        ("policy.grants", settings.policy.grants),
        ("policy.groups", settings.policy.groups),
    ):
        if used:
            yield f"{name} is set, but nobody signs in: there is no [[auth.issuers]]."


def _policy(settings: Settings) -> Iterator[str]:
    policy = settings.policy
    yield from _toolsets("policy.toolsets", policy.toolsets)
    for number, grant in enumerate(policy.grants, 1):
        where = f"policy.grants, entry {number}"
        if not grant.toolsets:
            yield f"{where}: toolsets is empty, so nothing is opened, and nothing closed."
        yield from _toolsets(f"{where}: toolsets", grant.toolsets)
        if not grant.scopes and not grant.groups:
            yield f"{where}: neither scopes nor groups are named, so it opens its toolsets to nobody."
        for scope in grant.scopes:
            if not _SCOPE.fullmatch(scope):
                yield f"{where}: {scope!r} is no scope; expected one word without blanks or quotes."
        if "" in grant.groups:
            yield f"{where}: groups holds an empty entry."
    for number, each in enumerate(policy.groups, 1):
        where = f"policy.groups, entry {number} ({each.group}): "
        if not any(
            (each.namespaces_allow, each.namespaces_deny, each.kinds_allow, each.kinds_deny)
        ):
            yield f"{where}nothing is narrowed; set an allow- or a deny-list."
        yield from _patterns(where, each)
    yield from _patterns("policy.", policy)


def _patterns(where: str, lists: PolicySettings | GroupPolicySettings) -> Iterator[str]:
    for name, patterns in (
        ("namespaces_allow", lists.namespaces_allow),
        ("namespaces_deny", lists.namespaces_deny),
    ):
        for pattern in patterns:
            if not _NAMESPACE_PATTERN.fullmatch(pattern):
                yield (
                    f"{where}{name} holds {pattern!r}, which no namespace is called; expected"
                    " lower-case names, or patterns such as 'team-*'."
                )
    for name, patterns in (("kinds_allow", lists.kinds_allow), ("kinds_deny", lists.kinds_deny)):
        for pattern in patterns:
            if not _KIND_PATTERN.fullmatch(pattern):
                yield (
                    f"{where}{name} holds {pattern!r}, which no kind is called; expected names as"
                    " one writes them for kubectl, or patterns such as '*.cert-manager.io'."
                )


def _toolsets(where: str, names: tuple[str, ...]) -> Iterator[str]:
    if not names:
        return
    from kube_mcp.tools._tool import discover

    known = sorted({tool.toolset for tool in discover()})
    for name in names:
        if name not in known:
            meant = suggest(name, known) or f"There are: {', '.join(known)}."
            yield f"{where} holds {name!r}, which is no toolset. {meant}"


def _listening(settings: Settings) -> Iterator[str]:
    from kube_mcp.server.exposure import exposure_problem

    server = settings.server
    problem = exposure_problem(
        server.host, authenticated=bool(settings.auth.issuers), allow=server.insecure_no_auth
    )
    if problem:
        yield problem
    for host in server.allowed_hosts:
        if re.search(r"[/\s@]", host):
            yield (
                f"server.allowed_hosts holds {host!r}; expected a name as it stands in a Host"
                " header, such as 'kube-mcp.example.com'."
            )
