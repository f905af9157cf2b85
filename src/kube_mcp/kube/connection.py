"""One cluster, resolved: everything needed to connect to it, as a value.

`kube_mcp.kube.kubeconfig` and `kube_mcp.kube.incluster` make these; the pool takes one and never
looks at a file's layout, an environment variable or another context.
Whatever is secret is left out of every ``repr``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Anonymous:
    """No credentials at all; the API server calls this ``system:anonymous``."""


@dataclass(frozen=True, slots=True)
class BearerToken:
    """A token that was given once and does not change."""

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class BearerTokenFile:
    """A token in a file that somebody else keeps fresh. ``fallback`` serves while it is missing."""

    path: str
    fallback: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class BasicAuth:
    """A user name and a password, which some proxies in front of API servers still ask for."""

    username: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ExecPlugin:
    """A program that prints credentials, such as ``aws eks get-token``.

    ``cluster`` is what the plugin is told about the cluster, and ``None`` where it is told
    nothing. ``args`` and ``env`` may hold secrets and are not shown.
    """

    command: str
    args: tuple[str, ...] = field(default=(), repr=False)
    env: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    api_version: str = "client.authentication.k8s.io/v1"
    interactive_mode: str = "IfAvailable"
    install_hint: str = ""
    cluster: Mapping[str, object] | None = field(default=None, repr=False)


CredentialSource = Anonymous | BearerToken | BearerTokenFile | BasicAuth | ExecPlugin


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """A client certificate and its key: each either PEM text or the path of a file."""

    certificate_file: str = ""
    certificate_pem: str = field(default="", repr=False)
    key_file: str = ""
    key_pem: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Impersonation:
    """As whom to act, in the words of a kubeconfig's ``as`` fields."""

    user: str
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()


@dataclass(frozen=True, slots=True)
class ClusterConfig:
    """How to reach one API server, and as whom.

    ``server`` is ``https://host:port``, with a path below which the API lives where a management
    plane needs one. ``context`` is the kubeconfig's name for it, empty in a pod; ``origin`` says
    in words where all this was read, for error messages. ``namespace`` is where things are looked
    for when nobody says. ``proxy_origin`` names the field or variable ``proxy_url`` came from.
    ``compress`` asks for gzip: it saves bytes on a long line and costs time on a short one.
    """

    server: str
    context: str = ""
    origin: str = ""
    namespace: str = "default"
    ca_file: str = ""
    ca_pem: str = field(default="", repr=False)
    tls_server_name: str = ""
    insecure_skip_tls_verify: bool = False
    proxy_url: str = field(default="", repr=False)
    proxy_origin: str = ""
    client_certificate: ClientCertificate | None = None
    impersonation: Impersonation | None = None
    source: CredentialSource = field(default_factory=Anonymous)
    compress: bool = False

    @property
    def is_https(self) -> bool:
        """Whether TLS protects the connection. Without it no credentials should be sent."""
        return self.server.startswith("https://")

    def without_credentials(self) -> ClusterConfig:
        """The same server with nothing of ours to sign in with.

        For requests that carry a caller's own token: a client certificate beside it would win,
        and the caller would read as this server.
        """
        return replace(self, client_certificate=None, impersonation=None, source=Anonymous())
