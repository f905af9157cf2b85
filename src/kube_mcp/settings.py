"""Every setting, once: its name, type, default, unit and one sentence for the operator.

Later sources win: defaults, the TOML file, the drop-in directory (by file name), the environment,
flags. A key that does not exist is an error that names the nearest one: a misspelt setting that
is silently ignored has opened more servers than any bug.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from kube_mcp.errors import SettingsError, suggest
from kube_mcp.mistakes import inner_model, mended, sentence

ENV_PREFIX = "KUBE_MCP_"

#: Kubernetes puts these into every container of a namespace that has a Service named kube-mcp.
_SERVICE_LINKS = re.compile(r"KUBE_MCP_(SERVICE_|PORT($|_))")


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ServerSettings(_Section):
    """The HTTP side."""

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8080, ge=0, le=65535, description="Port to listen on; 0 takes a free one.")
    path: str = Field(
        "/mcp",
        pattern=r"^/[A-Za-z0-9._~/-]*$",
        description="Path of the MCP endpoint; `/` serves it too.",
    )
    metrics_port: int = Field(
        0,
        ge=0,
        le=65535,
        description="A port of its own for /metrics, /livez and /readyz; 0 serves them on the main one.",
    )
    metrics_host: str = Field("", description="Address for metrics_port; empty: the same as host.")
    metrics: bool = Field(True, description="Whether /metrics is served at all.")
    public_urls: tuple[str, ...] = Field(
        (), description="The URLs that clients type, the main one first, path included."
    )
    allowed_hosts: tuple[str, ...] = Field(
        (),
        description="Host headers taken besides loopback names, the listening address and the hosts of public_urls; `*` takes any.",
    )
    allowed_origins: tuple[str, ...] = Field(
        (),
        description="Origins of browser pages that may call (also answers CORS); empty leaves CORS to the proxy.",
    )
    max_body_bytes: int = Field(262_144, ge=1024, description="Largest request body, in bytes.")
    shutdown_grace_s: float = Field(
        20.0, ge=0, description="Seconds that calls in flight have to finish at shutdown."
    )
    insecure_no_auth: bool = Field(
        False,
        description="Serve everybody who can reach a non-loopback address, without sign-in. Everything the server's identity may read is then public to them.",
    )


class ClusterSettings(_Section):
    """Which cluster is read, and as whom."""

    name: str = Field("", max_length=100, description="A name for the cluster, shown to people.")
    kubeconfig: str = Field(
        "",
        description="Path of a kubeconfig; empty: in-cluster where there is a ServiceAccount, else $KUBECONFIG or ~/.kube/config.",
    )
    contexts: tuple[str, ...] = Field(
        (),
        description="Contexts to serve, the default first; empty: the current one. `*` serves all.",
    )
    snapshot: str = Field(
        "", description="Serve from a snapshot (folder or tar) instead of a cluster."
    )
    identity: Literal["service-account", "impersonate", "token-exchange", "passthrough"] = Field(
        "service-account", description="As whom the cluster is read for a caller."
    )
    accept_passthrough_risk: bool = Field(
        False,
        description="Confirms identity = passthrough: callers' tokens go to the API server, which must be their audience.",
    )
    timeout_s: float = Field(
        30.0, gt=0, le=600, description="Seconds one request to the API server may take."
    )
    max_connections: int = Field(64, ge=1, le=10_000, description="Connections to one API server.")


class ImpersonateSettings(_Section):
    """identity = "impersonate": the server's ServiceAccount acts for the caller."""

    user_prefix: str = Field(
        "oidc:", description="Put before every user name; RBAC names users with it."
    )
    group_prefix: str = Field("oidc:", description="Put before every group.")
    groups: tuple[str, ...] = Field(
        (), description="The only groups passed on; empty with an empty group_pattern passes none."
    )
    group_pattern: str = Field(
        "", description="Regular expression that a group must match whole to be passed on."
    )
    send_uid: bool = Field(True, description="Pass the token's subject on as the user's uid.")
    send_extra: bool = Field(
        True, description="Pass client and session on, for the API server's audit log."
    )
    max_groups: int = Field(
        50,
        ge=0,
        le=500,
        description="A caller with more groups to be passed on than this is refused.",
    )


class IssuerSettings(_Section):
    """One application of an identity provider whose tokens are taken."""

    issuer: str = Field(
        description="The issuer, byte for byte as its discovery document writes it."
    )
    audience: tuple[str, ...] = Field(
        description="What a token's `aud` may be: the public URL, or the client id."
    )
    allowed_clients: tuple[str, ...] = Field(description="Client ids (`azp`) that may call.")
    jwks_uri: str = Field(
        "", description="Where the keys are, if not where the discovery document says."
    )
    ca_file: str = Field("", description="CA bundle (PEM) for talking to the provider.")
    require_at_jwt: bool = Field(False, description="Take only tokens of type at+jwt.")
    client_claims: tuple[str, ...] = Field(
        ("azp",), description="Claims that name the client, the first one present counts."
    )
    username_claim: str = Field("sub", description="Claim used as the user name; never email.")
    groups_claim: str = Field("groups", description="Claim with the groups.")
    introspection: bool = Field(False, description="Use [auth.introspection] for this issuer.")


class IntrospectionSettings(_Section):
    """RFC 7662: ask the provider about each token."""

    enabled: bool = Field(
        False, description="For all issuers; else it is for those with introspection = true."
    )
    client_id: str = Field("", description="Client that may ask.")
    client_secret_file: str = Field("", description="File with that client's secret.")
    url: str = Field("", description="Endpoint; empty: from the discovery document.")
    client_auth: Literal["basic", "post"] = Field(
        "basic", description="How the client identifies itself."
    )
    when: Literal["opaque", "always", "only"] = Field(
        "opaque", description="opaque: for tokens that are no JWTs; always: on top; only: instead."
    )
    cache_s: float = Field(60.0, gt=0, le=60, description="Seconds an answer is kept.")


class AuthSettings(_Section):
    """Sign-in (OIDC). Off while there is no issuer."""

    issuers: tuple[IssuerSettings, ...] = Field(
        (), description="Trusted issuers, the one for clients to use first."
    )
    required_scopes: tuple[str, ...] = Field(
        ("openid",), description="Scopes every token must have."
    )
    required_groups: tuple[str, ...] = Field(
        (), description="One of these groups must be in every token; empty: any."
    )
    scopes_supported: tuple[str, ...] = Field(
        ("openid", "profile", "email"),
        description="Scopes clients are told to ask for when they sign in; those of policy.grants are asked for when something needs them, unless they stand here too.",
    )
    offer_offline_access: bool = Field(
        False,
        description="List offline_access among them, for clients that ask for no refresh token otherwise.",
    )
    relay_metadata: bool = Field(
        False, description="Serve the provider's metadata at the well-known places too."
    )
    algorithms: tuple[str, ...] = Field(
        ("RS256", "ES256", "ES384"),
        description="Signature algorithms taken; only asymmetric ones can be named.",
    )
    leeway_s: int = Field(10, ge=0, le=30, description="Seconds that clocks may differ.")
    allow_http_loopback: bool = Field(
        False, description="Take an issuer at http://127.0.0.1, for tests only."
    )
    introspection: IntrospectionSettings = Field(default_factory=IntrospectionSettings)


class TokenExchangeSettings(_Section):
    """identity = "token-exchange" (RFC 8693)."""

    token_url: str = Field(
        "",
        description="The provider's token endpoint; empty: from the metadata of the caller's issuer.",
    )
    sts_client_id: str = Field("", description="Client that may exchange.")
    sts_client_secret_file: str = Field("", description="File with that client's secret.")
    sts_audience: str = Field("", description="Audience of the token for the cluster.")
    ca_file: str = Field("", description="CA bundle (PEM) for talking to the token endpoint.")
    sts_scope: str = Field("", description="Scope to ask for.")


class GrantSettings(_Section):
    """Opens toolsets to callers who have one of the scopes or groups; closes them to all others."""

    toolsets: tuple[str, ...] = Field(description="Toolsets this opens.")
    scopes: tuple[str, ...] = Field((), description="One of these scopes opens them.")
    groups: tuple[str, ...] = Field((), description="One of these groups opens them.")


class GroupPolicySettings(_Section):
    """Narrows what the members of a group are shown. Allow-lists of several groups add up; denies all hold."""

    group: str = Field(description="The group, as in the token.")
    namespaces_allow: tuple[str, ...] = Field(
        (), description="Only these namespaces (`*` as in a shell)."
    )
    namespaces_deny: tuple[str, ...] = Field((), description="Never these namespaces.")
    kinds_allow: tuple[str, ...] = Field((), description="Only these kinds.")
    kinds_deny: tuple[str, ...] = Field((), description="Never these kinds.")


class PolicySettings(_Section):
    """What is shown through this server, whatever the cluster allows."""

    toolsets: tuple[str, ...] = Field((), description="Toolsets served; empty: all.")
    namespaces_allow: tuple[str, ...] = Field(
        (), description="Only these namespaces (`*` as in a shell); empty: all."
    )
    namespaces_deny: tuple[str, ...] = Field((), description="Never these namespaces.")
    kinds_allow: tuple[str, ...] = Field(
        (), description="Only these kinds, written like those of kinds_deny; empty: all."
    )
    kinds_deny: tuple[str, ...] = Field(
        (),
        description="Never these kinds, as one writes them for kubectl: secrets, deployments, `*.cert-manager.io`. Without a group it is that kind in every group.",
    )
    helm_releases: bool = Field(
        False,
        description="Read Helm's release Secrets for get_helm_release; their values are masked.",
    )
    node_logs: bool = Field(
        False,
        description="Ask kubelets for node logs and statistics (get_node_logs, get_node_stats). "
        "Takes `get` on nodes/proxy, which the role never grants: before Kubernetes 1.35 whoever "
        "has it can run commands in pods. Meant for a local kubeconfig.",
    )
    who_can: bool = Field(False, description="Let check_access ask about other subjects.")
    grants: tuple[GrantSettings, ...] = Field(
        (), description="Scopes and groups that open toolsets."
    )
    groups: tuple[GroupPolicySettings, ...] = Field((), description="Narrowing per group.")


class LimitsSettings(_Section):
    """How much one caller, and all together, may ask."""

    calls_per_minute: int = Field(
        240,
        ge=1,
        description="Calls a minute for each caller; without sign-in there is no such limit.",
    )
    burst: int = Field(40, ge=1, description="Calls a caller may make at once after a pause.")
    in_flight_per_caller: int = Field(16, ge=1, description="Calls of one caller at a time.")
    in_flight: int = Field(128, ge=1, description="Calls at a time in total.")
    call_timeout_s: float = Field(
        60.0, gt=0, le=280, description="Seconds one tool call may take; clients give up at 300."
    )
    max_answer_bytes: int = Field(
        30_000,
        ge=2_000,
        le=48_000,
        description="Largest answer, in bytes; some clients cut at 50,000 characters.",
    )


class LogSettings(_Section):
    """What is written to stderr."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe message written."
    )
    format: Literal["json", "text"] = Field(
        "json", description="One JSON object a line, or text for people."
    )
    audit: bool = Field(True, description="One JSON line for each call and each refused token.")


class Settings(_Section):
    """The whole configuration."""

    server: ServerSettings = Field(default_factory=ServerSettings)
    cluster: ClusterSettings = Field(default_factory=ClusterSettings)
    impersonate: ImpersonateSettings = Field(default_factory=ImpersonateSettings)
    auth: AuthSettings = Field(default_factory=AuthSettings)
    token_exchange: TokenExchangeSettings = Field(default_factory=TokenExchangeSettings)
    policy: PolicySettings = Field(default_factory=PolicySettings)
    limits: LimitsSettings = Field(default_factory=LimitsSettings)
    log: LogSettings = Field(default_factory=LogSettings)


#: A list that is none, of tables that are none, with keys that are none: no mistake lies deeper.
_MOST_LAYERS = 4


class UnusableSettings(SettingsError):
    """What is wrong with the settings by themselves.

    ``rest`` are the settings without it, so that what contradicts itself in them can be told in the
    same breath; None where nothing is left. See `kube_mcp.mistakes.STAND_IN`.
    """

    def __init__(self, problems: Sequence[str], *, rest: Settings | None) -> None:
        super().__init__(problems)
        self.rest = rest


def load(
    *,
    file: str = "",
    directory: str = "",
    environ: Mapping[str, str] = os.environ,
    flags: Mapping[str, Any] | None = None,
) -> Settings:
    """The settings from every source. ``flags`` are dotted keys: ``server.port``.

    Raises `UnusableSettings` with every problem, one sentence each.
    """
    problems: list[str] = []
    merged: dict[str, Any] = {}
    for path in _files(file, directory, problems):
        _merge(merged, _read(path, problems))
    for key, value in _from_environment(environ, problems):
        _set(merged, key, value)
    for key, value in (flags or {}).items():
        if value is not None:
            _set(merged, key, value)
    settings = _validated(merged, problems)
    if problems or settings is None:
        raise UnusableSettings(list(dict.fromkeys(problems)), rest=settings)
    return settings


def _validated(merged: Any, problems: list[str]) -> Settings | None:
    """The settings, without what is wrong in them: one mistake must not hide the next."""
    for _ in range(_MOST_LAYERS):
        try:
            return Settings.model_validate(merged)
        except ValidationError as error:
            found: Any = error.errors()
            problems += [sentence(each, Settings) for each in found]
            merged = mended(merged, found, Settings)
            if merged is None:
                return None
    return None


def keys(model: type[BaseModel] = Settings, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every setting as its dotted key and its field: the source of the documentation."""
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from keys(inner, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", field


def env_name(key: str) -> str:
    """``server.max_body_bytes`` as ``KUBE_MCP_SERVER_MAX_BODY_BYTES``."""
    return ENV_PREFIX + key.replace(".", "_").upper()


def _files(file: str, directory: str, problems: list[str]) -> Iterator[Path]:
    if file:
        if Path(file).is_file():
            yield Path(file)
        else:
            problems.append(f"The configuration file {file} does not exist.")
    if directory:
        if Path(directory).is_dir():
            yield from sorted(Path(directory).glob("*.toml"))
        else:
            problems.append(f"The configuration directory {directory} does not exist.")


def _read(path: Path, problems: list[str]) -> dict[str, Any]:
    try:
        with path.open("rb") as opened:
            return tomllib.load(opened)
    except (OSError, UnicodeDecodeError) as error:
        problems.append(f"{path} cannot be read: {error}.")
    except tomllib.TOMLDecodeError as error:
        problems.append(f"{path} is not TOML: {error}.")
    return {}


def _merge(into: dict[str, Any], more: Mapping[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, Mapping) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = dict(value) if isinstance(value, Mapping) else value


def _set(into: dict[str, Any], key: str, value: Any) -> None:
    *parents, last = key.split(".")
    for parent in parents:
        into = into.setdefault(parent, {})
        if not isinstance(into, dict):
            return  # what stands there instead of a table is said by itself
    into[last] = value


def _from_environment(environ: Mapping[str, str], problems: list[str]) -> Iterator[tuple[str, Any]]:
    known = {env_name(key): (key, field) for key, field in keys()}
    settable = [name for name, (_, field) in known.items() if inner_model(field)[0] is None]
    for name, value in sorted(environ.items()):
        if not name.startswith(ENV_PREFIX) or _SERVICE_LINKS.match(name) or name in _OTHER_ENV:
            continue
        if name not in known:
            meant = _table_meant(name, known) or suggest(name, settable)
            problems.append(f"The environment variable {name} is not a setting. {meant}".rstrip())
            continue
        key, field = known[name]
        if inner_model(field)[0] is not None:
            problems.append(f"{name}: a list of tables can only be set in a file ({key}).")
            continue
        if get_origin(field.annotation) is tuple:
            yield key, [part.strip() for part in value.split(",") if part.strip()]
        else:
            yield key, value


def _table_meant(name: str, known: Mapping[str, tuple[str, Any]]) -> str:
    """That a variable names a list of tables, or a key of one, which no variable can hold."""
    for key, field in known.values():
        inner, many = inner_model(field)
        if inner is None or not many:
            continue
        singular = env_name(key).removesuffix("S")
        beside = env_name(key.rpartition(".")[0])
        names = {singular, *(f"{start}_{each.upper()}" for each in inner.model_fields
                             for start in (env_name(key), singular, beside))}  # fmt: skip
        if name in names:
            return f"[[{key}]] can only be set in a file."
    return ""


#: Read elsewhere: where the configuration is, and where the tests find their files.
_OTHER_ENV = frozenset({"KUBE_MCP_CONFIG", "KUBE_MCP_CONFIG_DIR", "KUBE_MCP_CRDS"})
