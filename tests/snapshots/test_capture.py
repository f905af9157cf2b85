"""A cluster is captured, opened again, and answers as it did; nothing unmasked is on disk."""

from __future__ import annotations

import os
import stat
import tarfile
from pathlib import Path
from typing import Any

import orjson
import pytest

from kube_mcp.access.cluster import Cluster
from kube_mcp.errors import InputError, ServerFault, SettingsError
from kube_mcp.kube.client import Client
from kube_mcp.kube.transport import Transport
from kube_mcp.snapshots import files
from kube_mcp.snapshots.capture import capture
from kube_mcp.snapshots.demo import CANARIES, demo_store
from kube_mcp.snapshots.layout import open_snapshot
from kube_mcp.snapshots.transport import SnapshotTransport
from tests.support import build
from tests.support.api_server import FakeApiServer


def _source(transport: Transport, name: str = "home") -> Cluster:
    return Cluster(Client(transport), name=name)


@pytest.fixture
def demo() -> SnapshotTransport:
    return SnapshotTransport(demo_store(build.NOW))


@pytest.mark.parametrize("target", ["folder", "archive.tar", "archive.tar.gz"])
async def test_what_was_captured_answers_as_the_cluster_did(
    tmp_path: Path, demo: SnapshotTransport, rows: Any, ask: Any, target: str
) -> None:
    done = await capture(_source(demo), tmp_path / target)
    again = SnapshotTransport(open_snapshot(tmp_path / target))
    for path in (
        "/api/v1/pods",
        "/api/v1/nodes",
        "/api/v1/secrets",
        "/api/v1/events",
        "/apis/apps/v1/deployments",
        "/apis/helm.toolkit.fluxcd.io/v2/helmreleases",
        "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices",
    ):
        before, after = await rows(demo, path), await rows(again, path)
        if path == "/api/v1/events":  # one tells a URL with a password
            before, after = [row[:6] for row in before], [row[:6] for row in after]
        assert after == before, path
    for path in ("/apis", "/api/v1", "/version"):
        assert (await ask(again, path)).json == (await ask(demo, path)).json
    assert again.store.cluster_name == "home"
    assert again.store.captured_at == build.NOW
    assert done.objects == sum(
        len(again.store.all(kind)) for kind in {one.kind for one in again.store.types}
    )


async def test_logs_come_with_their_times_and_the_run_before(
    tmp_path: Path, demo: SnapshotTransport, ask: Any
) -> None:
    done = await capture(_source(demo), tmp_path / "s")
    again = SnapshotTransport(open_snapshot(tmp_path / "s"))
    pod = next(name for name in (await ask(again, "/api/v1/pods")).names if name.startswith("cart"))
    path = f"/api/v1/namespaces/shop/pods/{pod}/log"
    for query in ({"previous": "true"}, {"timestamps": "true"}, {"sinceSeconds": "60"}):
        assert (await ask(again, path, query)).body == (await ask(demo, path, query)).body
    assert done.logs > 10


async def test_no_canary_is_in_any_file(tmp_path: Path, demo: SnapshotTransport) -> None:
    await capture(_source(demo), tmp_path / "s")
    everything = b"\n".join(files.read(tmp_path / "s").values())
    assert b"postgres-credentials" in everything
    leaks = [place for place, value in CANARIES.items() if value.encode() in everything]
    assert not leaks
    for line in (tmp_path / "s/resources/core_v1/secrets.jsonl").read_bytes().splitlines():
        assert not {"data", "stringData"} & set(orjson.loads(line))


async def test_what_may_not_be_read_is_a_gap_and_is_refused_again(tmp_path: Path, ask: Any) -> None:
    server = FakeApiServer(build.pod("web-1"), build.secret("db"), build.node_metrics())
    server.deny("list", "secrets")
    server.deny("*", "pods/log")
    server.fail_group("metrics.k8s.io/v1beta1")
    heard: list[str] = []
    done = await capture(_source(server), tmp_path / "s", progress=heard.append)
    assert "1 pods" in heard
    gaps = "\n".join(done.gaps)
    assert "metrics.k8s.io/v1beta1" in gaps
    assert "the log of shop/web-1/app" in gaps
    again = SnapshotTransport(open_snapshot(tmp_path / "s"))
    refused = await ask(again, "/api/v1/secrets")
    assert refused.status == 403
    assert refused.json["message"] in gaps
    assert (await ask(again, "/apis/metrics.k8s.io/v1beta1/nodes")).status == 503
    assert again.store.notes == done.gaps


async def test_only_the_namespaces_asked_for_are_read(tmp_path: Path, ask: Any) -> None:
    server = FakeApiServer(
        build.namespace("shop"),
        build.namespace("bank"),
        build.pod("web-1", namespace="shop"),
        build.pod("vault-1", namespace="bank"),
        build.node("worker-1"),
    )
    await capture(_source(server), tmp_path / "s", namespaces=["shop"])
    assert not any("/namespaces/bank" in asked for asked in server.asked)
    again = SnapshotTransport(open_snapshot(tmp_path / "s"))
    assert (await ask(again, "/api/v1/pods")).names == ["web-1"]
    assert (await ask(again, "/api/v1/namespaces")).names == ["shop"]
    assert (await ask(again, "/api/v1/nodes")).names == ["worker-1"]
    assert (await ask(again, "/api/v1/namespaces/bank/pods")).status == 403


async def test_schemas_are_kept_by_their_path(tmp_path: Path, ask: Any) -> None:
    server = FakeApiServer()
    url = "/openapi/v3/apis/apps/v1?hash=AB"
    server.document("/openapi/v3", {"paths": {"apis/apps/v1": {"serverRelativeURL": url}}})
    schema = {
        "properties": {
            "password": {
                "type": "string",
                "description": "token=hunter2hunter2x",
                "default": "hunter2",
                "example": "$(DB_PASSWORD)",
            },
            "tokens": {"items": {"default": "hunter2"}},
            "mode": {"default": "strict"},
        }
    }
    server.document("/openapi/v3/apis/apps/v1", schema)
    await capture(_source(server), tmp_path / "s")
    again = SnapshotTransport(open_snapshot(tmp_path / "s"))
    index = (await ask(again, "/openapi/v3")).json
    assert index["paths"] == {"apis/apps/v1": {"serverRelativeURL": "/openapi/v3/apis/apps/v1"}}
    found = (await ask(again, "/openapi/v3/apis/apps/v1")).json["properties"]
    assert "hunter2" not in str(found)
    kept = found["password"]
    assert (kept["type"], kept["default"]) == ("string", "<masked: 7 chars>")
    assert kept["example"] == "$(DB_PASSWORD)"
    assert found["mode"]["default"] == "strict"


async def test_without_logs_none_is_asked_for(tmp_path: Path, demo: SnapshotTransport) -> None:
    done = await capture(_source(demo), tmp_path / "s", include_logs=False, include_schemas=False)
    assert done.logs == 0
    assert not (tmp_path / "s/logs").exists()


async def test_a_long_log_keeps_its_end(tmp_path: Path) -> None:
    server = FakeApiServer(build.pod("web-1"))
    server.add_log("web-1", "".join(f"line {number:05}\n" for number in range(5000)))
    await capture(_source(server), tmp_path / "s", max_log_bytes=1000)
    kept = (tmp_path / "s/logs/shop/web-1/app.log").read_text()
    assert kept.endswith("line 04999\n")
    assert len(kept) < 1200


async def test_files_are_for_their_owner_alone(tmp_path: Path) -> None:
    await capture(_source(FakeApiServer()), tmp_path / "s")
    await capture(_source(FakeApiServer()), tmp_path / "s.tar")
    for path in (tmp_path / "s", tmp_path / "s.tar"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
    with tarfile.open(tmp_path / "s.tar") as archive:
        assert all(member.mode == 0o600 for member in archive)


@pytest.mark.parametrize("target", ["s", "s.tar.gz"])
async def test_a_capture_that_fails_leaves_nothing_behind(tmp_path: Path, target: str) -> None:
    server = FakeApiServer()
    server.fail(500, "InternalError", "boom", times=100)
    with pytest.raises(ServerFault, match="boom"):
        await capture(_source(server), tmp_path / target)
    assert not files.read(tmp_path)
    assert not os.listdir(tmp_path)


async def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "kept").write_text("kept")
    (tmp_path / "file.tar").write_text("kept")
    (tmp_path / "empty").mkdir()
    for target in ("full", "file.tar"):
        with pytest.raises(InputError, match="exists already"):
            await capture(_source(FakeApiServer()), tmp_path / target)
    with pytest.raises(InputError, match="There is no folder"):
        await capture(_source(FakeApiServer()), tmp_path / "none" / "s")
    await capture(_source(FakeApiServer()), tmp_path / "empty")
    assert (tmp_path / "empty" / "snapshot.json").exists()


def _header(**fields: Any) -> bytes:
    return orjson.dumps({"format": "kube-mcp snapshot", "version": 1, **fields})


@pytest.mark.parametrize(
    ("header", "complaint"),
    [
        (b"{", "is not JSON"),
        (b"[]", "does not describe a snapshot"),
        (orjson.dumps({"version": 1}), "does not describe a snapshot"),
        (_header(version=2), "has format 2; this version reads up to 1"),
        (_header(version="x"), "has format 0"),
    ],
)
def test_a_header_that_cannot_be_used_says_why(
    tmp_path: Path, header: bytes, complaint: str
) -> None:
    (tmp_path / "snapshot.json").write_bytes(header)
    with pytest.raises(SettingsError, match=complaint):
        open_snapshot(tmp_path)


def test_an_object_that_is_none_names_its_file(tmp_path: Path) -> None:
    (tmp_path / "snapshot.json").write_bytes(_header())
    (tmp_path / "resources").mkdir()
    (tmp_path / "resources" / "pods.jsonl").write_bytes(b"{")
    with pytest.raises(SettingsError, match=r"resources/pods\.jsonl cannot be read"):
        open_snapshot(tmp_path)


async def test_a_snapshot_packed_by_hand_may_have_a_folder_around_it(
    tmp_path: Path, ask: Any
) -> None:
    await capture(_source(FakeApiServer(build.pod("web-1"))), tmp_path / "s")
    with tarfile.open(tmp_path / "by-hand.tgz", "w:gz") as archive:
        archive.add(tmp_path / "s", "s")
    again = SnapshotTransport(open_snapshot(tmp_path / "by-hand.tgz"))
    assert (await ask(again, "/api/v1/pods")).names == ["web-1"]
