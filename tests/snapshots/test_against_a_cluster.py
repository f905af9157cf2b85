"""The same objects, asked of a real API server and of a store: the answers must be the same."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import zip_longest
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson
import pytest

from kube_mcp.access.cluster import Cluster
from kube_mcp.kube.client import Client
from kube_mcp.kube.locate import locate
from kube_mcp.kube.paths import resource_path
from kube_mcp.kube.pool import open_pool
from kube_mcp.objects import ResourceType
from kube_mcp.snapshots import kinds
from kube_mcp.snapshots.capture import capture
from kube_mcp.snapshots.layout import open_snapshot
from kube_mcp.snapshots.store import Store
from kube_mcp.snapshots.transport import SnapshotTransport
from testbed.bed import Bed
from tests.support import build, samples

pytestmark = pytest.mark.cluster

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

# The two clocks are read a moment apart.
_SPAN = re.compile(r"\b(?:[0-9]+[smhdy]){1,2}\b")
_SPANS = frozenset(
    {"Age", "Last Seen", "First Seen", "Duration", "Restarts", "Last Schedule", "Since"}
)
# Not listed by their keys: one is made up when it is asked for, one is sorted by precedence.
_ORDERED_OTHERWISE = frozenset({"componentstatuses", "flowschemas.flowcontrol.apiserver.k8s.io"})


@pytest.fixture(scope="module")
def place(bed: Bed) -> Iterator[str]:
    """A namespace that holds every sample."""
    name = "like-a-cluster"
    bed.create_namespace(name)
    bed.apply([samples.WIDGETS])
    bed.apply(samples.CLUSTER_WIDE)
    written = orjson.dumps([*samples.NAMESPACED, *samples.CUSTOM])
    moved = orjson.loads(
        written.replace(b'"namespace":"shop"', f'"namespace":"{name}"'.encode()).replace(
            b'"worker-1"',
            f'"{bed.admin.get("/api/v1/nodes")["items"][0]["metadata"]["name"]}"'.encode(),
        )
    )
    for obj in moved:
        for owner in obj["metadata"].get("ownerReferences", []):
            del owner["uid"]  # the bed fills in the one its owner has got
    bed.apply(moved, namespace=name)
    yield name
    for obj in (samples.WIDGETS, *samples.CLUSTER_WIDE):
        kind = next(one for one in kinds.builtin_types() if one.kind == obj["kind"])
        bed.admin.delete(resource_path(kind, name=obj["metadata"]["name"]))
    bed.delete_namespace(name)


@pytest.fixture(scope="module")
def types(bed: Bed) -> list[ResourceType]:
    """Every type of ours that the real one serves, and the custom one."""
    return [
        *(one for one in kinds.builtin_types() if "list" in one.verbs),
        *kinds.crd_types(samples.WIDGETS),
    ]


@pytest.fixture(scope="module")
def copy(bed: Bed, place: str, types: list[ResourceType]) -> SnapshotTransport:
    """The real cluster's objects in a store."""
    store = Store(captured_at=datetime.now(UTC))
    for resource in types:
        if resource.group == "events.k8s.io":
            continue
        listed = bed.admin.get(resource_path(resource))
        for item in listed["items"]:
            store.add({**item, "apiVersion": resource.api_version, "kind": resource.kind})
    return SnapshotTransport(store, clock=lambda: datetime.now(UTC))


def _real(bed: Bed, path: str, query: dict[str, str], accept: str = "") -> Any:
    target = f"{path}?{urlencode(query)}" if query else path
    headers = {"Accept": accept} if accept else {}
    return bed.admin.request("GET", target, headers=headers)


def _same_spans(table: Any) -> list[list[Any]]:
    """Rows with every span of time as the same word."""
    columns = [column["name"] for column in table["columnDefinitions"]]
    return [
        [
            _SPAN.sub("SPAN", cell) if name in _SPANS and isinstance(cell, str) else cell
            for name, cell in zip_longest(columns, row["cells"], fillvalue="Age")
        ]
        for row in table["rows"]
    ]


def _columns(table: Any) -> list[tuple[Any, ...]]:
    return [
        (one["name"], one["type"], one["format"], one["priority"])
        for one in table["columnDefinitions"]
    ]


async def test_tables_are_those_of_the_api_server(
    bed: Bed, place: str, types: list[ResourceType], copy: SnapshotTransport, ask: Any
) -> None:
    differences = {}
    compared = 0
    for resource in types:
        path = resource_path(resource, namespace=place if resource.namespaced else "")
        theirs = _real(bed, path, {}, TABLE).json()
        ours = (await ask(copy, path, accept=TABLE)).json
        compared += len(theirs["rows"])
        if resource.full_name in _ORDERED_OTHERWISE:
            for table in (ours, theirs):
                table["rows"].sort(key=lambda row: row["cells"][0])
        if _columns(ours) != _columns(theirs):
            differences[resource.full_name] = (_columns(ours), _columns(theirs))
        elif _same_spans(ours) != _same_spans(theirs):
            pairs = zip(_same_spans(ours), _same_spans(theirs), strict=False)
            differences[resource.full_name] = [pair for pair in pairs if pair[0] != pair[1]]
    assert not differences
    assert compared > 100


async def test_lists_and_objects_are_those_of_the_api_server(
    bed: Bed, place: str, copy: SnapshotTransport, ask: Any
) -> None:
    partial = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
    for path in (
        f"/api/v1/namespaces/{place}/pods",
        f"/apis/apps/v1/namespaces/{place}/deployments",
        f"/apis/samples.example.com/v1/namespaces/{place}/widgets",
        "/api/v1/nodes",
    ):
        for accept in ("", partial):
            theirs, ours = (
                _real(bed, path, {}, accept).json(),
                (await ask(copy, path, accept=accept)).json,
            )
            for one in (theirs, ours):
                one["metadata"].pop("resourceVersion")
                for item in one["items"]:
                    _forget_heartbeats(item)
            assert ours == theirs, path


def _forget_heartbeats(item: dict[str, Any]) -> None:
    item["metadata"].pop("managedFields", None)
    item["metadata"].pop("resourceVersion", None)
    for condition in item.get("status", {}).get("conditions", []):
        condition.pop("lastHeartbeatTime", None)


# What is asked, and whether the words must be the same: ours explain a broken selector better.
QUESTIONS = [
    ("/api/v1/namespaces/{place}/pods/nothing", {}, "", True),
    ("/apis/apps/v1/namespaces/{place}/deployments/nothing", {}, "", True),
    ("/apis/samples.example.com/v1/namespaces/{place}/widgets/nothing", {}, "", True),
    ("/api/v1/namespaces/nothing", {}, "", True),
    ("/api/v1/namespaces/nothing/pods/nothing", {}, "", True),
    ("/api/v1/nothings", {}, "", True),
    ("/api/v1/pods/nothing", {}, "", True),
    ("/apis/apps/v1/nothings", {}, "", True),
    ("/apis/apps/v7/pods", {}, "", True),
    ("/apis/samples.example.com/v1/nothings", {}, "", True),
    ("/apis/samples.example.com/v7", {}, "", True),
    ("/apis/samples.example.com/v7/widgets", {}, "", True),
    ("/apis/samples.example.com/v1/namespaces/{place}/widgets/full/scale", {}, "", True),
    ("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", {}, "", True),
    ("/api/v2", {}, "", True),
    ("/api/v1/namespaces/{place}/nodes", {}, "", True),
    ("/apis/nothing.example.com/v1", {}, "", True),
    ("/apis/apps/v7", {}, "", True),
    ("/nothing", {}, "", True),
    ("/api/v1/pods", {"fieldSelector": "spec.foo=1"}, "", True),
    ("/apis/apps/v1/deployments", {"fieldSelector": "spec.foo=1"}, "", True),
    ("/apis/batch/v1/jobs", {"fieldSelector": "spec.foo=1"}, "", True),
    ("/apis/samples.example.com/v1/widgets", {"fieldSelector": "spec.foo=1"}, "", True),
    ("/api/v1/nodes", {"fieldSelector": "spec.foo=1"}, "", True),
    ("/api/v1/events", {"fieldSelector": "involvedObject.foo=1"}, "", True),
    ("/api/v1/pods", {"fieldSelector": "spec.nodeName"}, "", False),
    ("/api/v1/pods", {"labelSelector": "a b"}, "", False),
    ("/api/v1/pods", {"labelSelector": "a in b"}, "", False),
    ("/api/v1/pods", {"limit": "many"}, "", True),
    ("/api/v1/pods", {"continue": "!"}, "", False),
    ("/api/v1/pods", {"continue": "bm90IGpzb24"}, "", False),
    ("/api/v1/pods", {"includeObject": "Some"}, TABLE, True),
    ("/api/v1/pods", {}, "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io", False),
    ("/api/v1/pods", {}, "text/html", False),
    ("/api/v1/namespaces/{place}/pods/pending/log", {}, "", True),
    ("/api/v1/namespaces/{place}/pods/well/log", {"container": "x"}, "", True),
    ("/api/v1/namespaces/{place}/pods/half/log", {}, "", True),
    ("/api/v1/namespaces/{place}/pods/sidecar/log", {}, "", True),
    ("/api/v1/namespaces/{place}/pods/well/log", {"previous": "true"}, "", True),
    ("/api/v1/namespaces/{place}/pods/well/log", {"tailLines": "-1"}, "", True),
    ("/api/v1/namespaces/{place}/pods/well/log", {"limitBytes": "0"}, "", True),
    ("/api/v1/namespaces/{place}/pods/well/log", {"sinceSeconds": "0"}, "", True),
    (
        "/api/v1/namespaces/{place}/pods/well/log",
        {"sinceSeconds": "1", "sinceTime": build.ago(minutes=1)},
        "",
        True,
    ),
    ("/api/v1/namespaces/{place}/pods/nothing/log", {}, "", True),
    ("/api/v1/namespaces/{place}/pods/well/scale", {}, "", True),
    ("/api/v1/namespaces/{place}/pods/init-pull/log", {"container": "second"}, "", True),
]


@pytest.mark.parametrize(
    ("path", "query", "accept", "same_words"),
    QUESTIONS,
    ids=[f"{path}?{urlencode(query)}" for path, query, _, _ in QUESTIONS],
)
async def test_errors_are_those_of_the_api_server(
    bed: Bed,
    place: str,
    copy: SnapshotTransport,
    ask: Any,
    path: str,
    query: dict[str, str],
    accept: str,
    same_words: bool,
) -> None:
    path = path.format(place=place)
    theirs = _real(bed, path, query, accept)
    ours = await ask(copy, path, query, accept=accept)
    assert ours.status == theirs.status, theirs.text
    if theirs.headers.get("Content-Type", "text/plain").startswith("text/plain"):
        assert ours.body == theirs.body
        return
    expected, found = theirs.json(), orjson.loads(ours.body)
    assert found["reason"] == expected["reason"]
    if same_words:
        assert found["message"] == expected["message"]
        assert found.get("details", {}).get("kind") == expected.get("details", {}).get("kind")


async def test_pages_are_those_of_the_api_server(
    bed: Bed, place: str, copy: SnapshotTransport, ask: Any
) -> None:
    path = f"/api/v1/namespaces/{place}/pods"
    for selector in ({}, {"labelSelector": "app=init"}):
        query = {"limit": "4", **selector}
        shapes = []
        for side in ("theirs", "ours"):
            token, shape = "", []
            for _ in range(20):
                asked = {**query, **({"continue": token} if token else {})}
                if side == "theirs":
                    page = _real(bed, path, asked).json()
                else:
                    page = (await ask(copy, path, asked)).json
                metadata = page["metadata"]
                names = [item["metadata"]["name"] for item in page["items"]]
                shape.append((names, metadata.get("remainingItemCount")))
                token = metadata.get("continue", "")
                if not token:
                    break
            shapes.append(shape)
        assert shapes[0] == shapes[1]


async def test_built_in_types_are_described_as_the_api_server_does(
    bed: Bed, copy: SnapshotTransport, ask: Any
) -> None:
    for path in ("/api", "/apis"):
        theirs = _described(_real(bed, path, {}, AGGREGATED).json())
        ours = _described((await ask(copy, path, accept=AGGREGATED)).json)
        missing = {name: one for name, one in ours.items() if theirs.get(name) != one}
        assert not missing, {name: (one, theirs.get(name)) for name, one in missing.items()}


def _described(document: Any) -> dict[str, Any]:
    found = {}
    for group in document["items"]:
        for version in group["versions"]:
            for one in version["resources"]:
                name = f"{group['metadata'].get('name', '')}/{version['version']}/{one['resource']}"
                found[name] = {
                    key: one.get(key)
                    for key in (
                        "responseKind",
                        "scope",
                        "singularResource",
                        "shortNames",
                        "categories",
                    )
                }
                found[name]["verbs"] = sorted(one["verbs"])
                found[name]["readable"] = {
                    sub["subresource"]: sub["responseKind"]
                    for sub in one.get("subresources", [])
                    if "get" in sub["verbs"] and sub["subresource"] in ("log", "status", "scale")
                }
    return found


async def test_a_captured_cluster_prints_the_same_tables(
    bed: Bed, place: str, types: list[ResourceType], ask: Any, tmp_path: Path
) -> None:
    pool = open_pool(locate(bed.kubeconfig_file, environ={}), environ={})
    try:
        source = Cluster(Client(pool), name="bed")
        done = await capture(source, tmp_path / "bed.tar.gz", namespaces=[place])
    finally:
        await pool.aclose()
    copy = SnapshotTransport(open_snapshot(tmp_path / "bed.tar.gz"))
    assert done.objects > 100
    assert not [gap for gap in done.gaps if "log of" not in gap]
    for resource in types:
        if not resource.namespaced or resource.full_name == "events.events.k8s.io":
            continue
        path = resource_path(resource, namespace=place)
        theirs = _real(bed, path, {}, TABLE).json()
        ours = (await ask(copy, path, accept=TABLE)).json
        assert _columns(ours) == _columns(theirs)
        assert _same_spans(ours) == _same_spans(theirs), resource.full_name
    schema = await ask(copy, "/openapi/v3/apis/apps/v1")
    assert "io.k8s.api.apps.v1.Deployment" in schema.json["components"]["schemas"]
