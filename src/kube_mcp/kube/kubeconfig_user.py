"""The user of a kubeconfig: how to sign in, and as whom to act."""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from kube_mcp.errors import CredentialsError
from kube_mcp.kube.connection import (
    Anonymous,
    BasicAuth,
    BearerToken,
    BearerTokenFile,
    ClientCertificate,
    ClusterConfig,
    CredentialSource,
    ExecPlugin,
    Impersonation,
)
from kube_mcp.kube.kubeconfig_entry import Entry, lower
from kube_mcp.objects import dig_list

_EXEC_GROUP = "client.authentication.k8s.io"
_EXEC_VERSIONS = (f"{_EXEC_GROUP}/v1", f"{_EXEC_GROUP}/v1beta1")


def with_user(config: ClusterConfig, user: Entry, *, cluster: Entry) -> ClusterConfig:
    """The connection with this user's credentials, where it may carry any.

    Over plain HTTP nothing is sent, as kubectl does: who listens would have it.
    Raises `CredentialsError` for what cannot be used.
    """
    impersonation = _impersonation(user)
    source = _source(user, config, cluster)
    certificate = _certificate(user, is_all=isinstance(source, Anonymous))
    if not config.is_https:
        return replace(config, impersonation=impersonation)
    return replace(
        config, impersonation=impersonation, client_certificate=certificate, source=source
    )


def _source(user: Entry, config: ClusterConfig, cluster: Entry) -> CredentialSource:
    if user.mapping("auth-provider"):
        name = user.mapping("auth-provider").get("name", "")
        raise CredentialsError(
            f"{user.where} signs in with the auth-provider {name!r}, "
            "which kubectl dropped in version 1.26.",
            hint="Use its exec plugin: gke-gcloud-auth-plugin for gcp, kubelogin for azure and oidc.",
        )
    token, token_file = user.text("token"), user.path("tokenFile")
    username, password = user.text("username"), user.text("password")
    if (token or token_file) and (username or password):
        raise CredentialsError(
            f"{user.where} has both a token and a user name with password.",
            hint="Remove one of them.",
        )
    # An exec plugin is checked also where a token makes it unnecessary: kubectl does.
    plugin = _exec_plugin(user, config, cluster)
    if token_file:
        return BearerTokenFile(token_file, fallback=token)
    if token:
        return BearerToken(token)
    if username or password:
        return BasicAuth(username, password)
    return plugin or Anonymous()


def _certificate(user: Entry, *, is_all: bool) -> ClientCertificate | None:
    """The pair, or ``None``. A key alone is forgiven beside other credentials, as kubectl does."""
    certificate_file, certificate_pem = user.file_or_data("client-certificate")
    key_file, key_pem = user.file_or_data("client-key")
    has_certificate = bool(certificate_file or certificate_pem)
    has_key = bool(key_file or key_pem)
    if has_certificate != has_key and (has_certificate or is_all):
        has, lacks = ("certificate", "key") if has_certificate else ("key", "certificate")
        raise CredentialsError(
            f"{user.where} has a client {has} and no client {lacks}.",
            hint=f"Add client-{lacks} or client-{lacks}-data.",
        )
    if not has_certificate:
        return None
    return ClientCertificate(certificate_file, certificate_pem, key_file, key_pem)


def _impersonation(user: Entry) -> Impersonation | None:
    name, uid, groups = user.text("as"), user.text("as-uid"), user.texts("as-groups")
    extra = user.mapping("as-user-extra")
    if not all(isinstance(values, list) for values in extra.values()):
        raise CredentialsError(f"{user.where}: as-user-extra is not a map of lists.")
    if not name:
        if uid or groups or extra:
            raise CredentialsError(
                f"{user.where} has as-uid, as-groups or as-user-extra, but no 'as'.",
                hint="Add the name of the user to act as.",
            )
        return None
    return Impersonation(
        user=name,
        uid=uid,
        groups=groups,
        extra=tuple((str(key), tuple(map(str, values))) for key, values in extra.items()),
    )


def _exec_plugin(user: Entry, config: ClusterConfig, cluster: Entry) -> ExecPlugin | None:
    fields = user.mapping("exec")
    if not fields:
        return None
    plugin = Entry(user.name, fields, user.file, f"The exec plugin of {lower(user.where)}")
    command, version = plugin.text("command"), plugin.text("apiVersion")
    if not command:
        raise CredentialsError(f"{plugin.where} has no command.")
    if version not in _EXEC_VERSIONS:
        raise CredentialsError(
            f"{plugin.where} has the apiVersion {version!r}; only v1 and v1beta1 of "
            f"{_EXEC_GROUP} are in use.",
            hint="Write the kubeconfig anew with the current version of your provider's tool.",
        )
    return ExecPlugin(
        # Only a command with a slash in it is a path; a bare word is looked for in PATH.
        command=plugin.path("command") if os.sep in command else command,
        args=plugin.texts("args"),
        env=_environment(plugin),
        api_version=version,
        interactive_mode=_interactive_mode(plugin, version),
        install_hint=plugin.text("installHint"),
        cluster=_cluster_info(config, cluster) if plugin.flag("provideClusterInfo") else None,
    )


def _interactive_mode(plugin: Entry, version: str) -> str:
    mode = plugin.text("interactiveMode")
    if not mode and version.endswith("v1beta1"):
        return "IfAvailable"
    if mode == "Always":
        raise CredentialsError(
            f"{plugin.where} wants a terminal (interactiveMode: Always), and there is none here.",
            hint="Use a way of signing in that asks nothing, such as a ServiceAccount's token.",
        )
    if mode not in ("Never", "IfAvailable"):
        raise CredentialsError(
            f"{plugin.where} has the interactiveMode {mode!r}.",
            hint="With apiVersion v1 it must be Never or IfAvailable.",
        )
    return mode


def _environment(plugin: Entry) -> tuple[tuple[str, str], ...]:
    entries = plugin.fields.get("env") or []
    if not isinstance(entries, list):
        raise CredentialsError(f"{plugin.where}: env is not a list of names and values.")
    pairs = []
    for entry in entries:
        fields = entry if isinstance(entry, Mapping) else {}
        name, value = fields.get("name"), fields.get("value", "")
        if not isinstance(name, str) or not name or not isinstance(value, str):
            raise CredentialsError(
                f"{plugin.where}: an entry of env is not a name with a text as its value."
            )
        pairs.append((name, value))
    return tuple(pairs)


def _cluster_info(config: ClusterConfig, cluster: Entry) -> Mapping[str, object]:
    """What ``provideClusterInfo`` promises the plugin, in the words of ``ExecCredential``."""
    pem = config.ca_pem.encode() or (Path(config.ca_file).read_bytes() if config.ca_file else b"")
    info: dict[str, Any] = {
        "server": config.server,
        "tls-server-name": config.tls_server_name,
        "insecure-skip-tls-verify": config.insecure_skip_tls_verify,
        "certificate-authority-data": base64.b64encode(pem).decode(),
        "proxy-url": cluster.text("proxy-url"),
        "disable-compression": cluster.flag("disable-compression"),
    }
    for extension in dig_list(cluster.fields, "extensions"):
        if isinstance(extension, Mapping) and extension.get("name") == f"{_EXEC_GROUP}/exec":
            info["config"] = extension.get("extension")
    return {key: value for key, value in info.items() if value}
