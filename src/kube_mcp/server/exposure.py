"""Nobody serves a cluster to a network by accident."""

from __future__ import annotations

from kube_mcp.server.doors import is_loopback


def exposure_problem(host: str, *, authenticated: bool, allow: bool) -> str:
    """Why everybody who reaches ``host`` could read the cluster, or an empty string.

    ``allow`` is the operator's word that they should.
    """
    if authenticated or allow or is_loopback(host):
        return ""
    return (
        f"server.host is {host!r}, which other machines can reach, and nobody has to sign in:"
        " everything this server's identity may read would be open to them. Listen on 127.0.0.1,"
        " configure auth.issuers, or set server.insecure_no_auth = true (--insecure-no-auth) if that"
        " is what you want."
    )
