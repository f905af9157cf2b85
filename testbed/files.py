"""The configuration files that kube-apiserver reads."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Self reviews are kept with their bodies, so that a test can say what was asked; everything else
#: without, so that the audit log of a scale test stays small.
AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        # The control plane's own traffic is most of the log and never what a test asks about.
        {
            "level": "None",
            "users": ["system:apiserver", "system:kube-controller-manager"],
        },
        {
            "level": "Request",
            "resources": [
                {"group": "authorization.k8s.io"},
                {"group": "authentication.k8s.io", "resources": ["selfsubjectreviews"]},
            ],
        },
        {"level": "Metadata"},
    ],
}


@dataclass(frozen=True, slots=True)
class TrustedIssuer:
    """An issuer whose tokens the API server takes, as an operator configures it.

    The prefixes keep the names of one issuer apart from the cluster's own and from another's.
    """

    url: str
    ca_pem: str
    audiences: tuple[str, ...]
    username_claim: str = "sub"
    username_prefix: str = "oidc:"
    groups_claim: str = "groups"
    groups_prefix: str = "oidc:"
    discovery_url: str = ""


def authentication(issuers: Sequence[TrustedIssuer]) -> dict[str, Any]:
    """The structured authentication configuration that trusts these issuers."""
    return {
        "apiVersion": "apiserver.config.k8s.io/v1beta1",
        "kind": "AuthenticationConfiguration",
        "jwt": [_authenticator(issuer) for issuer in issuers],
        "anonymous": {"enabled": True},
    }


def _authenticator(issuer: TrustedIssuer) -> dict[str, Any]:
    where: dict[str, Any] = {
        "url": issuer.url,
        "certificateAuthority": issuer.ca_pem,
        "audiences": list(issuer.audiences),
    }
    if issuer.discovery_url:
        where["discoveryURL"] = issuer.discovery_url
    if len(issuer.audiences) > 1:
        where["audienceMatchPolicy"] = "MatchAny"
    return {
        "issuer": where,
        "claimMappings": {
            "username": {"claim": issuer.username_claim, "prefix": issuer.username_prefix},
            "groups": {"claim": issuer.groups_claim, "prefix": issuer.groups_prefix},
        },
    }


def egress(socket: Path) -> dict[str, Any]:
    """Sends what the API server says to nodes and Services through the fakes' proxy, so that
    nodes can have addresses of their own without any of them existing on this machine."""
    return {
        "apiVersion": "apiserver.k8s.io/v1beta1",
        "kind": "EgressSelectorConfiguration",
        "egressSelections": [
            {
                "name": "cluster",
                "connection": {
                    "proxyProtocol": "HTTPConnect",
                    "transport": {"uds": {"udsName": str(socket)}},
                },
            }
        ],
    }


def write(path: Path, content: dict[str, Any]) -> Path:
    """As JSON, which is YAML, replaced at once: the API server reloads some files on change."""
    temporary = path.with_name(f".{path.name}.new")
    temporary.write_text(json.dumps(content, indent=1))
    temporary.replace(path)
    return path
