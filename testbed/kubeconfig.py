"""kubeconfig files for the bed's users."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from testbed.pki import KeyPair


def write(
    path: Path,
    *,
    server: str,
    ca: bytes,
    user: str,
    token: str | None = None,
    client: KeyPair | None = None,
    namespace: str = "default",
    context: str = "testbed",
) -> Path:
    """One cluster, one user, one context, everything inline: the file can be copied anywhere."""
    credentials: dict[str, Any] = {}
    if token is not None:
        credentials["token"] = token
    if client is not None:
        credentials["client-certificate-data"] = _base64(client.cert.read_bytes())
        credentials["client-key-data"] = _base64(client.key.read_bytes())
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": context,
        "clusters": [
            {
                "name": context,
                "cluster": {"server": server, "certificate-authority-data": _base64(ca)},
            }
        ],
        "users": [{"name": user, "user": credentials}],
        "contexts": [
            {
                "name": context,
                "context": {"cluster": context, "user": user, "namespace": namespace},
            }
        ],
    }
    path.touch(mode=0o600)
    path.write_text(json.dumps(config, indent=1))
    return path


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
