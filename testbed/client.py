"""A small client for the bed's own errands: applying objects, asking, deleting.

It shares nothing with the product: a mistake must not be made twice in the same way and cancel out.
"""

from __future__ import annotations

import http.client
import json
import ssl
import threading
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from testbed.errors import ApplyFailed, BedError
from testbed.pki import KeyPair

#: Names the bed in managedFields.
FIELD_MANAGER = "testbed"

_DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, whatever its status."""

    status: int
    body: bytes
    headers: Mapping[str, str]

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    @property
    def message(self) -> str:
        """The API server's sentence, where it sent one."""
        try:
            return str(json.loads(self.body)["message"])
        except (ValueError, KeyError, TypeError):
            return self.text.strip()


@dataclass(frozen=True, slots=True)
class Kind:
    """Where objects of one apiVersion and kind live."""

    api_version: str
    kind: str
    resource: str
    namespaced: bool
    has_status: bool

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        root = (
            f"/apis/{self.api_version}" if "/" in self.api_version else f"/api/{self.api_version}"
        )
        parts = [root]
        if self.namespaced and namespace:
            parts += ["namespaces", namespace]
        parts.append(self.resource)
        parts += [urllib.parse.quote(part, safe="") for part in (name, subresource) if part]
        return "/".join(parts)


class Client:
    """Synchronous, usable from several threads at once; connections are kept and shared."""

    def __init__(
        self,
        server: str,
        ca_file: Path,
        *,
        client: KeyPair | None = None,
        token: str | None = None,
    ) -> None:
        self._host = server.removeprefix("https://")
        self._tls = ssl.create_default_context(cafile=str(ca_file))
        if client is not None:
            self._tls.load_cert_chain(client.cert, client.key)
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._lock = threading.Lock()
        self._idle: list[http.client.HTTPSConnection] = []
        self._kinds: dict[tuple[str, str], Kind] = {}

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
        timeout_s: float = 30,
    ) -> Answer:
        """One request; any status is an answer. Raises ``OSError`` when there is no server."""
        data = None
        sent = {**self._headers, "Accept": "application/json", **(headers or {})}
        if body is not None:
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            sent["Content-Type"] = content_type
        try:
            return self._send(method, path, data, sent, timeout_s)
        except (
            http.client.HTTPException,
            ConnectionError,
            ssl.SSLEOFError,
            ssl.SSLZeroReturnError,
        ):
            # The server closed an idle connection, or was restarted by a test.
            self.close()
            return self._send(method, path, data, sent, timeout_s)

    def get(self, path: str) -> Any:
        """The decoded body. Raises ``BedError`` for anything but 200."""
        answer = self.request("GET", path)
        if answer.status != 200:
            raise BedError(f"GET {path} answered {answer.status}: {answer.message}")
        return answer.json()

    def kind(self, api_version: str, kind: str) -> Kind:
        """Looks it up by discovery, again when it is not known yet (a CRD may be new)."""
        key = (api_version, kind)
        if key not in self._kinds:
            self._discover()
        if key not in self._kinds:
            raise ApplyFailed(
                f"The API server serves no {kind} in {api_version}: install its CRD first "
                "(`bed.install_crds()`), or correct apiVersion and kind."
            )
        return self._kinds[key]

    def serves(self, api_version: str, kind: str) -> bool:
        """Whether discovery knows the kind by now."""
        try:
            self.kind(api_version, kind)
        except ApplyFailed:
            return False
        return True

    def find(self, obj: Mapping[str, Any]) -> Answer:
        """The stored object with this one's kind, namespace and name; 404 when there is none."""
        return self.request("GET", self.path_of(obj))

    def path_of(self, obj: Mapping[str, Any], subresource: str = "") -> str:
        """The path of an object, from its own words."""
        meta = obj["metadata"]
        kind = self.kind(obj["apiVersion"], obj["kind"])
        return kind.path(meta.get("namespace", ""), meta["name"], subresource)

    def apply(self, obj: Mapping[str, Any], *, subresource: str = "") -> dict[str, Any]:
        """Server-side apply, taking over fields that others own. Returns the stored object."""
        path = f"{self.path_of(obj, subresource)}?fieldManager={FIELD_MANAGER}&force=true"
        answer = self.request("PATCH", path, dict(obj), content_type="application/apply-patch+yaml")
        if answer.status not in (200, 201):
            raise ApplyFailed(_refused(obj, answer))
        stored: dict[str, Any] = answer.json()
        return stored

    def put_status(self, obj: Mapping[str, Any]) -> dict[str, Any]:
        """Writes ``obj["status"]`` through the status subresource as it stands."""
        answer = self.request(
            "PATCH",
            f"{self.path_of(obj, 'status')}?fieldManager={FIELD_MANAGER}&fieldValidation=Strict",
            {"status": obj["status"]},
            content_type="application/merge-patch+json",
        )
        if answer.status != 200:
            raise ApplyFailed(_refused(obj, answer))
        stored: dict[str, Any] = answer.json()
        return stored

    def create(self, path: str, obj: Mapping[str, Any]) -> dict[str, Any]:
        """POST to a collection or a subresource."""
        answer = self.request("POST", path, dict(obj))
        if answer.status not in (200, 201):
            raise ApplyFailed(_refused(obj, answer))
        stored: dict[str, Any] = answer.json()
        return stored

    def delete(self, path: str, *, grace_s: int | None = None) -> int:
        """Deletes an object or a collection; returns the status, 404 included."""
        query = "" if grace_s is None else f"?gracePeriodSeconds={grace_s}"
        return self.request("DELETE", path + query).status

    def close(self) -> None:
        """Closes idle connections; the next request opens one again."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _send(
        self,
        method: str,
        path: str,
        data: bytes | None,
        headers: Mapping[str, str],
        timeout_s: float,
    ) -> Answer:
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            connection = http.client.HTTPSConnection(self._host, context=self._tls)
        connection.timeout = timeout_s
        if connection.sock is not None:
            connection.sock.settimeout(timeout_s)
        try:
            connection.request(method, path, data, dict(headers))
            response = connection.getresponse()
            answer = Answer(response.status, response.read(), dict(response.getheaders()))
        except BaseException:
            connection.close()
            raise
        with self._lock:
            self._idle.append(connection)
        return answer

    def _discover(self) -> None:
        for root in ("/api", "/apis"):
            answer = self.request("GET", root, headers={"Accept": _DISCOVERY})
            if answer.status != 200:
                raise BedError(f"Discovery at {root} answered {answer.status}: {answer.message}")
            for group in answer.json()["items"]:
                name = group["metadata"].get("name", "")
                for version in group["versions"]:
                    api_version = f"{name}/{version['version']}" if name else version["version"]
                    for resource in version.get("resources", ()):
                        self._remember(api_version, resource)

    def _remember(self, api_version: str, resource: Mapping[str, Any]) -> None:
        kind = resource["responseKind"]["kind"]
        subresources = {sub["subresource"] for sub in resource.get("subresources", ())}
        self._kinds[api_version, kind] = Kind(
            api_version,
            kind,
            resource["resource"],
            resource["scope"] == "Namespaced",
            "status" in subresources,
        )


def _refused(obj: Mapping[str, Any], answer: Answer) -> str:
    meta = obj.get("metadata", {})
    name = "/".join(part for part in (meta.get("namespace"), meta.get("name")) if part)
    return f"The API server refused {obj.get('kind')} {name} with {answer.status}: {answer.message}"
