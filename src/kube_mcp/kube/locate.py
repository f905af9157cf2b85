"""Which cluster is meant when the settings leave it open."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kube_mcp.kube import kubeconfig
from kube_mcp.kube.connection import ClusterConfig
from kube_mcp.kube.incluster import SERVICE_ACCOUNT, in_cluster, is_in_cluster


def locate(
    path: str = "",
    *,
    context: str = "",
    environ: Mapping[str, str],
    home: Path | None = None,
    service_account: Path = SERVICE_ACCOUNT,
) -> ClusterConfig:
    """The cluster named by ``path`` or ``context``, else the one client-go would find.

    That is the kubeconfig's where there is a kubeconfig, and in a pod without one the pod's own.
    Raises `CredentialsError` where there is neither, or what there is cannot be used.
    """
    there_is_one = any(
        file.is_file() for file in kubeconfig.paths(path, environ=environ, home=home)
    )
    named = path or context
    if not named and not there_is_one and is_in_cluster(environ, folder=service_account):
        return in_cluster(environ, folder=service_account)
    return kubeconfig.load(path, context=context, environ=environ, home=home)
