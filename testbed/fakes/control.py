"""The bed's end of the fakes' control socket: what a test tells kubelets to say."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from testbed.errors import ApplyFailed


@dataclass(frozen=True, slots=True)
class KubeletControl:
    """Logs, usage and node logs by namespace, in the words of ``kubelet.yaml``."""

    control_socket: Path

    def put(self, namespace: str, content: str | Mapping[str, Any]) -> None:
        """Replaces what the kubelets know of this namespace. Raises ``ApplyFailed``."""
        document = yaml.safe_load(content) if isinstance(content, str) else dict(content)
        self._send("PUT", f"/content/{namespace}", document or {})

    def append(self, namespace: str, pod: str, container: str, text: str) -> None:
        """One more line at the end of a container's log, now; followers get it at once."""
        line = {"pod": pod, "container": container, "text": text}
        self._send("POST", f"/content/{namespace}/append", line)

    def drop(self, namespace: str) -> None:
        """Forgets the namespace."""
        self._send("DELETE", f"/content/{namespace}", None)

    def alive(self) -> bool:
        """Whether the fakes take requests."""
        try:
            self._send("DELETE", "/content/-", None)
        except (OSError, http.client.HTTPException):
            return False
        return True

    def _send(self, method: str, path: str, body: Any) -> None:
        connection = _UnixConnection(self.control_socket)
        try:
            data = json.dumps(body, default=str).encode() if body is not None else None
            connection.request(method, path, data, {"Content-Type": "application/json"})
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
        if response.status != 204:
            raise ApplyFailed(f"The fake kubelet refused this content: {text}")


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=30)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(30)
        self.sock.connect(str(self._path))
