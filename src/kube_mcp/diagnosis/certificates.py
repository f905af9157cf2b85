"""cert-manager's Certificates, found by the Secret they fill."""

from __future__ import annotations

from kube_mcp.objects import Obj, dig_str
from kube_mcp.scene import Scene

CERTIFICATE = "Certificate.cert-manager.io"


def issuing(namespace: str, secret: str, scene: Scene) -> list[Obj]:
    """The Certificates that were read and should fill a Secret."""
    return [
        each
        for each in scene.seen(CERTIFICATE)
        if dig_str(each, "spec", "secretName") == secret
        and dig_str(each, "metadata", "namespace") == namespace
    ]
