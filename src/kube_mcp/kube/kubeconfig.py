"""kubeconfig files → one `ClusterConfig`, by kubectl's rules.

Where kubectl guesses (``localhost:8080``) or asks (a user name, on the terminal), a server can do
neither, so these are errors that name what is missing. Each row is held by a test; kubectl's
column was seen with kubectl 1.32.

| case                                   | kubectl                        | here                  |
|----------------------------------------|--------------------------------|-----------------------|
| several files in KUBECONFIG            | first wins per name            | same                  |
| current-context in several files       | first that is not empty        | same                  |
| a relative path in a file              | relative to that file          | same                  |
| a listed file is missing               | skipped                        | same                  |
| no file at all                         | localhost:8080                 | error                 |
| an explicit file is missing            | error                          | same                  |
| an explicit file and KUBECONFIG        | explicit alone                 | same                  |
| an empty file                          | localhost:8080                 | error                 |
| broken YAML in any file                | error                          | same                  |
| a name twice in one file               | error                          | same                  |
| no current-context                     | localhost:8080                 | error, lists contexts |
| an unknown context asked for           | error                          | error, suggests       |
| a context without a cluster            | localhost:8080                 | error                 |
| a context with an unknown cluster      | localhost:8080                 | error, suggests       |
| a context with an unknown user         | anonymous, or asks             | error, suggests       |
| a context without a user               | anonymous, or asks             | anonymous             |
| a context without a namespace          | default                        | same                  |
| a cluster without a server             | localhost:8080                 | error                 |
| a server without a scheme              | https if TLS is set, else http | same                  |
| a server with a path                   | API is below the path          | same                  |
| credentials for an http server         | not sent                       | same                  |
| CA as file and data                    | error                          | same                  |
| CA file cannot be read                 | error                          | same                  |
| data that is not base64                | error                          | same                  |
| CA together with insecure              | error                          | same                  |
| insecure written as text               | error                          | same                  |
| a number as token                      | error                          | same                  |
| tokenFile and token                    | file, token until it can read  | same                  |
| tokenFile alone                        | read again as it changes       | same                  |
| token together with a password         | error                          | same                  |
| token together with exec               | token                          | same                  |
| user name and password                 | basic auth                     | same                  |
| a client certificate without its key   | error                          | same                  |
| a client key without its certificate   | ignored                        | error if that is all  |
| a client certificate as file and data  | error                          | same                  |
| exec with apiVersion v1alpha1          | error                          | same                  |
| exec v1 without interactiveMode        | error                          | same                  |
| exec v1beta1 without interactiveMode   | IfAvailable                    | same                  |
| exec with interactiveMode Always       | uses the terminal              | error                 |
| exec command with a slash              | relative to the file           | same                  |
| exec with provideClusterInfo           | cluster in the environment     | same                  |
| auth-provider                          | error                          | same                  |
| as, as-uid, as-groups, as-user-extra   | impersonates                   | same                  |
| as-groups without as                   | error                          | same                  |
| proxy-url with http or https           | used before the environment    | same                  |
| proxy-url with socks5                  | used                           | error                 |
| proxy from the environment             | unless NO_PROXY covers it      | same                  |
| disable-compression                    | no gzip                        | same                  |
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from kube_mcp.errors import CredentialsError, suggest
from kube_mcp.kube import kubeconfig_user
from kube_mcp.kube.connection import ClusterConfig
from kube_mcp.kube.kubeconfig_entry import Entry, lower
from kube_mcp.kube.proxies import is_this_machine, proxy_for

# libyaml is ten times faster on a file with hundreds of clusters, but not in every build.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Kubeconfig:
    """What the files say together. ``files`` are those that exist, in order of precedence."""

    files: tuple[Path, ...]
    current_context: str
    contexts: Mapping[str, Entry]
    clusters: Mapping[str, Entry]
    users: Mapping[str, Entry]

    @property
    def origin(self) -> str:
        """The files in words, for messages."""
        return " and ".join(str(file) for file in self.files)


@dataclass(frozen=True, slots=True)
class ContextInfo:
    """One context, as a person chooses between them.

    ``problem`` is the sentence `resolve` would fail with, empty where it would not.
    """

    name: str
    cluster: str
    user: str
    namespace: str
    server: str
    current: bool
    problem: str = ""


def load(
    path: str = "", *, context: str = "", environ: Mapping[str, str], home: Path | None = None
) -> ClusterConfig:
    """The connection that ``kubectl`` would use with the same file, context and environment.

    ``path`` replaces ``KUBECONFIG`` and the default file; ``context`` the current context.
    Raises `CredentialsError` with what is wrong, and where, for the cases in the table above.
    """
    return resolve(read(path, environ=environ, home=home), context=context, environ=environ)


def paths(path: str = "", *, environ: Mapping[str, str], home: Path | None = None) -> list[Path]:
    """The files kubectl would look for, whether they exist or not."""
    if path:
        return [Path(path).expanduser()]
    listed = [part for part in environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    if listed:
        # No shell has expanded '~' where an assistant's configuration sets the variable.
        return list(dict.fromkeys(Path(part).expanduser() for part in listed))
    return [(home or Path.home()) / ".kube" / "config"]


def read(path: str = "", *, environ: Mapping[str, str], home: Path | None = None) -> Kubeconfig:
    """The files, merged. Raises `CredentialsError` where none exists or one cannot be parsed."""
    wanted = paths(path, environ=environ, home=home)
    present = [file for file in wanted if file.is_file()]
    if not present:
        raise CredentialsError(
            f"There is no kubeconfig at {' or '.join(str(file) for file in wanted)}.",
            hint="Name one with KUBECONFIG or in the settings; "
            "inside a pod, the ServiceAccount is used without one.",
        )
    documents = [(file.absolute(), _document(file)) for file in present]
    return Kubeconfig(
        files=tuple(file for file, _ in documents),
        current_context=next(filter(None, (_current(file, doc) for file, doc in documents)), ""),
        contexts=_named("contexts", "context", documents),
        clusters=_named("clusters", "cluster", documents),
        users=_named("users", "user", documents),
    )


def contexts(config: Kubeconfig, *, environ: Mapping[str, str]) -> tuple[ContextInfo, ...]:
    """Every context, in the files' order, also the ones that cannot be used."""
    found = []
    for name, entry in config.contexts.items():
        problem = server = ""
        try:
            server = resolve(config, context=name, environ=environ).server
        except CredentialsError as error:
            problem = str(error)
        found.append(
            ContextInfo(
                name=name,
                cluster=str(entry.fields.get("cluster") or ""),
                user=str(entry.fields.get("user") or ""),
                namespace=str(entry.fields.get("namespace") or "default"),
                server=server,
                current=name == config.current_context,
                problem=problem,
            )
        )
    return tuple(found)


def resolve(config: Kubeconfig, *, context: str = "", environ: Mapping[str, str]) -> ClusterConfig:
    """One context with all it refers to. Raises `CredentialsError`, as `load` does."""
    chosen = _context(config, context)
    cluster = _referred(config, chosen, "cluster", config.clusters)
    if cluster is None:
        raise CredentialsError(
            f"The context {chosen.name!r} in {chosen.file} names no cluster.",
            hint="Set it with 'kubectl config set-context --cluster'.",
        )
    user = _referred(config, chosen, "user", config.users)
    server, proxy_url, proxy_origin = _server(cluster, environ)
    ca_file, ca_pem = cluster.file_or_data("certificate-authority")
    insecure = cluster.flag("insecure-skip-tls-verify")
    if insecure and (ca_file or ca_pem):
        raise CredentialsError(
            f"{cluster.where} has both a certificate authority and insecure-skip-tls-verify.",
            hint="Remove insecure-skip-tls-verify: with a certificate authority it is not needed.",
        )
    result = ClusterConfig(
        server=server,
        context=chosen.name,
        origin=config.origin,
        namespace=chosen.text("namespace") or "default",
        ca_file=ca_file,
        ca_pem=ca_pem,
        tls_server_name=cluster.text("tls-server-name"),
        insecure_skip_tls_verify=insecure,
        proxy_url=proxy_url,
        proxy_origin=proxy_origin,
        compress=not cluster.flag("disable-compression") and not is_this_machine(server),
    )
    if user is None:
        return result
    return kubeconfig_user.with_user(result, user, cluster=cluster)


def _context(config: Kubeconfig, wanted: str) -> Entry:
    name = wanted or config.current_context
    known = ", ".join(repr(known) for known in config.contexts) or "none"
    if not name:
        raise CredentialsError(
            f"{config.origin} has no current-context, so it is open which cluster is meant.",
            hint=f"Choose one of its contexts ({known}), in the settings or with "
            "'kubectl config use-context'.",
        )
    if name not in config.contexts:
        raise CredentialsError(
            f"There is no context {name!r} in {config.origin}.",
            hint=suggest(name, list(config.contexts)) or f"Its contexts: {known}.",
        )
    return config.contexts[name]


def _referred(
    config: Kubeconfig, context: Entry, field: str, entries: Mapping[str, Entry]
) -> Entry | None:
    name = context.text(field)
    if not name:
        return None
    if name not in entries:
        known = ", ".join(repr(known) for known in entries) or "none"
        raise CredentialsError(
            f"The context {context.name!r} names the {field} {name!r}, "
            f"which is not in {config.origin}.",
            hint=suggest(name, list(entries)) or f"Its {field}s: {known}.",
        )
    return entries[name]


def _server(cluster: Entry, environ: Mapping[str, str]) -> tuple[str, str, str]:
    server = cluster.text("server").rstrip("/")
    if not server:
        raise CredentialsError(
            f"{cluster.where} has no server.", hint="Set it to https://host:port."
        )
    if "://" not in server:
        tls = any(
            cluster.fields.get(name)
            for name in (
                "certificate-authority",
                "certificate-authority-data",
                "insecure-skip-tls-verify",
            )
        )
        server = f"{'https' if tls else 'http'}://{server}"
    if not server.startswith(("https://", "http://")):
        raise CredentialsError(
            f"The server of {lower(cluster.where)} has the scheme {server.split('://')[0]!r}.",
            hint="It must be https:// (or http:// on this machine).",
        )
    parts = urlsplit(server)
    if "@" in parts.netloc or parts.query or parts.fragment or not parts.hostname:
        # Not quoted: what stands before the '@' is a password.
        raise CredentialsError(
            f"The server of {lower(cluster.where)} is more than an address.",
            hint="Write https://host:port, with a path at most; credentials belong to the user.",
        )
    proxy_url, proxy_origin = proxy_for(
        server, proxy_url=cluster.text("proxy-url"), environ=environ
    )
    return server, proxy_url, proxy_origin


def _document(file: Path) -> Mapping[str, Any]:
    try:
        found = yaml.load(file.read_bytes(), Loader=_Loader)  # noqa: S506 - a safe loader
    except OSError as error:
        raise CredentialsError(
            f"The kubeconfig {file} cannot be read: {error.strerror}."
        ) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        at = f" at line {mark.line + 1}" if mark else ""
        # The parser's own message quotes the text, and the text may be a token.
        raise CredentialsError(f"The kubeconfig {file} is not valid YAML{at}.") from None
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        raise CredentialsError(
            f"The kubeconfig {file} is not one: it holds a {type(found).__name__}, not a map."
        )
    return found


def _current(file: Path, document: Mapping[str, Any]) -> str:
    return Entry("", document, file, f"the kubeconfig {file}").text("current-context")


def _named(
    section: str, field: str, documents: Sequence[tuple[Path, Mapping[str, Any]]]
) -> dict[str, Entry]:
    merged: dict[str, Entry] = {}
    for file, document in documents:
        here: dict[str, Entry] = {}
        items = document.get(section) or []
        for item in items if isinstance(items, list) else [items]:
            name = item.get("name") if isinstance(item, Mapping) else None
            fields = item.get(field) if isinstance(item, Mapping) else None
            if not isinstance(name, str) or not isinstance(fields or {}, Mapping):
                raise CredentialsError(
                    f"Each of the {section} in {file} needs a name and a {field}, "
                    "as 'kubectl config' writes them."
                )
            if name in here:
                raise CredentialsError(f"{file} has the {field} {name!r} twice; keep one.")
            here[name] = Entry(name, fields or {}, file, f"The {field} {name!r} in {file}")
        # The first file that has a name decides about it alone; entries are never mixed.
        merged = {**here, **merged}
    return merged
