"""A pod's ServiceAccount → a `ClusterConfig`.

The kubelet mounts the token, the cluster's certificate authority and the namespace, and replaces
the files while the pod runs; so their paths are kept here, not their contents.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kube_mcp.errors import CredentialsError
from kube_mcp.kube.connection import BearerTokenFile, ClusterConfig
from kube_mcp.kube.proxies import proxy_for

#: Where the kubelet mounts it, in every pod that does not opt out.
SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")

_HOST, _PORT = "KUBERNETES_SERVICE_HOST", "KUBERNETES_SERVICE_PORT"


def is_in_cluster(environ: Mapping[str, str], *, folder: Path = SERVICE_ACCOUNT) -> bool:
    """Whether this process runs in a pod that was given a ServiceAccount token."""
    return bool(environ.get(_HOST) and environ.get(_PORT)) and (folder / "token").is_file()


def in_cluster(environ: Mapping[str, str], *, folder: Path = SERVICE_ACCOUNT) -> ClusterConfig:
    """The cluster this pod runs in, as the pod's own ServiceAccount.

    Raises `CredentialsError` where a part of what makes that possible is missing.
    """
    host, port = environ.get(_HOST, ""), environ.get(_PORT, "")
    if not host or not port:
        raise CredentialsError(
            f"{_HOST if not host else _PORT} is not set, so this is not a pod of a cluster.",
            hint="Outside of a cluster, name a kubeconfig.",
        )
    token, authority = folder / "token", folder / "ca.crt"
    for file in (token, authority):
        if not file.is_file():
            raise CredentialsError(
                f"This pod has no {file}, so it has no ServiceAccount to read as.",
                hint="Set automountServiceAccountToken: true in the pod or its ServiceAccount.",
            )
    server = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    proxy_url, proxy_origin = proxy_for(server, environ=environ)
    return ClusterConfig(
        server=server,
        origin=f"the ServiceAccount in {folder}",
        namespace=_namespace(folder),
        ca_file=str(authority),
        proxy_url=proxy_url,
        proxy_origin=proxy_origin,
        source=BearerTokenFile(str(token)),
    )


def _namespace(folder: Path) -> str:
    try:
        return (folder / "namespace").read_text("utf-8").strip() or "default"
    except OSError:
        # A projected volume put together by hand often leaves it out.
        return "default"
