"""Dumps of kubectl and folders of manifests open as clusters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from kube_mcp.errors import SettingsError
from kube_mcp.snapshots.layout import open_snapshot
from kube_mcp.snapshots.transport import SnapshotTransport
from tests.support import build


def _list(kind: str, *items: dict[str, Any], version: str = "v1") -> bytes:
    bare = [
        {key: value for key, value in item.items() if key not in ("kind", "apiVersion")}
        for item in items
    ]
    return orjson.dumps({"kind": f"{kind}List", "apiVersion": version, "items": bare})


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    """What `kubectl cluster-info dump --all-namespaces --output-directory` leaves."""
    (tmp_path / "nodes.json").write_bytes(_list("Node", build.node("worker-1")))
    shop = tmp_path / "shop"
    (shop / "web-1").mkdir(parents=True)
    pod = build.pod("web-1", containers=[build.container("web"), build.container("proxy")])
    (shop / "pods.json").write_bytes(_list("Pod", pod))
    (shop / "services.json").write_bytes(_list("Service", build.service("web")))
    (shop / "deployments.json").write_bytes(
        _list("Deployment", build.deployment("web"), version="apps/v1")
    )
    event = build.event(pod, last=build.ago(seconds=5))
    (shop / "events.json").write_bytes(_list("Event", event))
    (shop / "web-1" / "logs.txt").write_text(
        "==== START logs for container web of pod shop/web-1 ====\n"
        "hello\n==== not a mark ====\nworld\n"
        "==== END logs for container web of pod shop/web-1 ====\n"
        "==== START logs for container proxy of pod shop/web-1 ====\n"
        "Request log error: the server rejected our request\n"
        "==== END logs for container proxy of pod shop/web-1 ====\n"
    )
    return tmp_path


async def test_a_dump_of_kubectl_opens_with_its_logs(dump: Path, ask: Any, rows: Any) -> None:
    server = SnapshotTransport(open_snapshot(dump))
    assert (await ask(server, "/api/v1/namespaces/shop/pods")).names == ["web-1"]
    assert (await ask(server, "/apis/apps/v1/deployments")).names == ["web"]
    log = await ask(
        server, "/api/v1/namespaces/shop/pods/web-1/log", {"container": "web", "tailLines": "2"}
    )
    assert log.body == b"==== not a mark ====\nworld\n"
    empty = await ask(server, "/api/v1/namespaces/shop/pods/web-1/log", {"container": "proxy"})
    assert empty.body == b""


async def test_the_moment_of_a_dump_is_the_latest_it_tells_of(dump: Path, rows: Any) -> None:
    store = open_snapshot(dump)
    assert store.captured_at.isoformat() == "2026-11-24T11:59:55+00:00"
    events = await rows(SnapshotTransport(store), "/api/v1/events")
    assert events[0][0] == "0s"


MANIFESTS = """
apiVersion: v1
kind: Namespace
metadata: {name: bank}
---
apiVersion: example.com/v1
kind: Policy
metadata: {name: strict, namespace: bank}
spec: {level: 3}
---
apiVersion: v1
kind: Secret
metadata: {name: db, namespace: bank}
stringData: {password: canary-in-a-manifest, user: u}
---
apiVersion: v1
kind: Service
metadata: {name: nowhere}
spec: {ports: [{port: 80}]}
"""


async def test_manifests_open_with_types_nobody_defined(
    tmp_path: Path, ask: Any, rows: Any
) -> None:
    (tmp_path / "all.yaml").write_text(MANIFESTS)
    (tmp_path / "values.yaml").write_text("replicas: 3\n")
    (tmp_path / "template.yaml").write_text("a: {{ .Values.x }}\n")
    (tmp_path / "README.md").write_text("no object\n")
    store = open_snapshot(tmp_path)
    server = SnapshotTransport(store)
    found = await ask(server, "/apis/example.com/v1/namespaces/bank/policies/strict")
    assert found.json["spec"] == {"level": 3}
    assert (await rows(server, "/apis/example.com/v1/policies"))[0] == ["strict", "<unknown>"]
    assert (await ask(server, "/api/v1/namespaces/default/services")).names == ["nowhere"]
    assert len(store.notes) == 2
    assert store.notes[0].startswith("left out: template.yaml")
    assert store.notes[1] == "left out: values.yaml holds no Kubernetes object"


async def test_values_of_secrets_in_manifests_are_dropped(
    tmp_path: Path, ask: Any, rows: Any
) -> None:
    (tmp_path / "all.yaml").write_text(MANIFESTS)
    server = SnapshotTransport(open_snapshot(tmp_path))
    whole = await ask(server, "/api/v1/namespaces/bank/secrets/db")
    assert b"canary" not in whole.body
    assert (await rows(server, "/api/v1/secrets"))[0][:3] == ["db", "Opaque", 2]


async def test_a_definition_gives_its_objects_their_plural_and_columns(
    tmp_path: Path, rows: Any
) -> None:
    crd = build.crd(
        "example.com",
        "Datum",
        plural="data",
        columns=[{"name": "Size", "type": "integer", "jsonPath": ".spec.size"}],
    )
    # The object's file comes first.
    (tmp_path / "a.json").write_bytes(
        orjson.dumps(build.obj("example.com/v1", "Datum", "d", namespace="shop", spec={"size": 4}))
    )
    (tmp_path / "b.json").write_bytes(orjson.dumps(crd))
    assert await rows(SnapshotTransport(open_snapshot(tmp_path)), "/apis/example.com/v1/data") == [
        ["d", 4]
    ]


def test_a_folder_without_any_object_says_what_would_do(tmp_path: Path) -> None:
    (tmp_path / "values.yaml").write_text("replicas: 3\n")
    with pytest.raises(SettingsError) as caught:
        open_snapshot(tmp_path)
    assert "There is no Kubernetes object in" in str(caught.value)
    assert "kube-mcp snapshot capture" in caught.value.hint
