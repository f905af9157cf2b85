"""The files that put one more MCP server under ``/mcp/<service>``: text in, text out.

The GitOps base of this server is made from the same templates, so what is tested for one holds for
the next. Nothing here touches a cluster.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from kube_mcp.errors import InputError

#: A DNS label, short enough that ``<name>-mcp-server`` is one too.
_NAME = re.compile(r"[a-z]([a-z0-9-]{0,30}[a-z0-9])?")
_IMAGE = re.compile(r"[a-z0-9][\w.:/@-]*(:[\w.-]+|@sha256:[0-9a-f]{64})")
_PATH = re.compile(r"/([\w.-]+(/[\w.-]+)*)?")
_MARK = re.compile(r"@([A-Z]+)@")

#: What the folder below ``clusters/`` is called before it is copied.
CLUSTER = "example"
#: What every server's kustomization includes, from the root of the GitOps folder.
_COMPONENT = "components/mcp-server"


@dataclass(frozen=True, slots=True, kw_only=True)
class McpServer:
    """One MCP server behind the shared prefix.

    ``name`` is the service (``grafana``): namespace, OAuth client and Service are called
    ``<name>-mcp-server``, its URL is ``https://HOST/mcp/<name>``. ``path`` is where the server
    itself answers MCP, ``/`` where it takes what is left when the prefix is stripped.
    Raises `InputError` for a value that could not be part of a name or a URL.
    """

    name: str
    image: str = ""
    port: int = 8080
    path: str = "/"

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise InputError(
                f"'{self.name}' cannot be part of a host name and a path; expected 1 to 32 small"
                " letters, digits and dashes, beginning with a letter."
            )
        if self.image and not _IMAGE.fullmatch(self.image):
            raise InputError(
                f"'{self.image}' is not an image with a version; expected something like"
                " 'registry.example.com/grafana-mcp:1.2.3', or a digest."
            )
        if self.image.endswith(":latest"):
            raise InputError(
                f"'{self.image}' is a different program every day.", hint="Name a version."
            )
        if not 1 <= self.port <= 65535:
            raise InputError(f"{self.port} is not a port; expected 1 to 65535.")
        if not _PATH.fullmatch(self.path):
            raise InputError(f"'{self.path}' is not a path; expected one like '/' or '/mcp'.")

    def fields(self) -> dict[str, str]:
        """What the templates call by name."""
        return {
            "NAME": self.name,
            "TITLE": self.name.replace("-", " ").title(),
            "FULL": f"{self.name}-mcp-server",
            "IMAGE": self.image,
            "PORT": str(self.port),
            "ENVIRONMENT": re.sub(r"\W", "_", self.name).upper(),
            "REWRITE": self._rewrite(),
        }

    def _rewrite(self) -> str:
        if self.path == "/":
            return f"  stripPrefix:\n    prefixes: [/mcp/{self.name}]"
        return (
            "  # $$ and not $: Flux replaces variables in this file.\n"
            "  replacePathRegex:\n"
            f"    regex: ^/mcp/{self.name}(/.*)?$$\n"
            f"    replacement: {self.path}$$1"
        )


def rendered(folder: str, server: McpServer, *, cluster: str = CLUSTER) -> dict[str, str]:
    """Every template of ``folder`` (``server``: any; ``foreign``: not this project's) for ``server``.

    ``cluster`` is the folder below ``clusters/`` that Flux applies.
    """
    values = server.fields()
    named = {"cluster": cluster, **{key.lower(): value for key, value in values.items()}}
    out = {}
    for template in sorted(files(__name__).joinpath("templates", folder).iterdir(), key=str):
        text = template.read_text(encoding="utf-8")
        out[_PLACES[template.name].format(**named)] = _MARK.sub(
            lambda mark: values[mark.group(1)], text
        )
    return out


#: Where each template's text goes, from the root of the GitOps folder.
_PLACES: Mapping[str, str] = {
    "namespace.yaml": "apps/base/{full}/namespace.yaml",
    "ingressroute.yaml": "apps/base/{full}/ingressroute.yaml",
    "oauth-secret-sealed.yaml": "apps/base/{full}/oauth-secret-sealed.yaml",
    "blueprint.yaml": "apps/base/authentik/blueprint-{name}-mcp.yaml",
    "rbac.yaml": "apps/base/{full}/rbac.yaml",
    "deployment.yaml": "apps/base/{full}/deployment.yaml",
    "service.yaml": "apps/base/{full}/service.yaml",
    "kustomization.yaml": "apps/base/{full}/kustomization.yaml",
    "flux.yaml": "clusters/{cluster}/{full}.yaml",
}


def scaffold(server: McpServer, *, cluster: str = CLUSTER) -> dict[str, str]:
    """All files for one more server, by their path in the GitOps folder."""
    if not server.image:
        raise InputError(
            f"{server.name} needs an image.", hint="Give one, such as --image NAME:VERSION."
        )
    return {**rendered("server", server), **rendered("foreign", server, cluster=cluster)}


def write(server: McpServer, folder: Path) -> tuple[list[Path], str]:
    """Write the files below ``folder``; the paths written, and what is left to do by hand.

    The Flux Kustomization goes where that of the server that is there already lies. Writes nothing
    at all, and raises `InputError`, where the folder is not a GitOps folder or files are there.
    """
    if not (folder / _COMPONENT).is_dir():
        raise InputError(
            f"There is no {_COMPONENT} in '{folder}', so it is not the GitOps folder.",
            hint="Name that with --into.",
        )
    cluster = _cluster(folder)
    made = {folder / path: text for path, text in scaffold(server, cluster=cluster).items()}
    there = [str(path) for path in made if path.exists()]
    if there:
        raise InputError(
            f"{', '.join(there)} exist{'s' if len(there) == 1 else ''} already; nothing was written.",
            hint="Remove what may be replaced, or choose another name or folder.",
        )
    for path, text in made.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(made), next_steps(server)


def _cluster(folder: Path) -> str:
    """The one folder below ``clusters/`` that applies an MCP server, under whatever name."""
    found = {path.parent.name for path in folder.glob("clusters/*/*-mcp-server.yaml")}
    return found.pop() if len(found) == 1 else CLUSTER


def next_steps(server: McpServer) -> str:
    """What no file can do, in order."""
    name = server.name
    return (
        f"1. Add blueprint-{name}-mcp.yaml to apps/base/authentik/kustomization.yaml, and"
        f" authentik-blueprint-{name}-mcp to the values blueprints.configMaps of Authentik's chart.\n"
        f"2. Read apps/base/{name}-mcp-server/deployment.yaml: give the server the settings it needs"
        " to check tokens. A server that does not check them must not be routed.\n"
        f"3. Seal its client secret, if it needs one: deploy/scripts/seal-oauth-secret.sh {name}\n"
        f"4. Commit, and open https://HOST/mcp/{name} in a client with the client id"
        f" {name}-mcp-server."
    )
