"""Every kind's rows, as a file to review; that they are the API server's is proved on one."""

from __future__ import annotations

from typing import Any

import pytest
from inline_snapshot import external_file

from kube_mcp.snapshots import kinds
from kube_mcp.snapshots.store import Store
from kube_mcp.snapshots.transport import SnapshotTransport
from tests.support import build, samples

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


async def test_every_sample_prints_as_it_did(ask: Any) -> None:
    objects = [
        samples.WIDGETS,
        *samples.CLUSTER_WIDE,
        *samples.NAMESPACED,
        *samples.CUSTOM,
        *samples.EXTENSIONS,
        build.node("worker-1", unschedulable=True, labels={"node-role.kubernetes.io/gpu": ""}),
        build.node("worker-2", ready=False),
        build.namespace("shop"),
        build.pod_metrics(build.pod()),
    ]
    server = SnapshotTransport(Store(objects, captured_at=build.NOW))
    shown = []
    for resource in sorted(server.store.types, key=lambda one: one.full_name):
        if "list" not in resource.verbs:
            continue
        path = f"{resource.base_path}/{resource.name}"
        table = (await ask(server, path, accept=TABLE)).json
        if not table["rows"]:
            continue
        header = " | ".join(
            f"{one['name']}{'*' * one['priority']}" for one in table["columnDefinitions"]
        )
        rows = [" | ".join(map(repr, row["cells"])) for row in table["rows"]]
        shown.append("\n".join([f"# {resource.full_name}", header, *rows]))
    assert "\n\n".join(shown) + "\n" == external_file("expected_tables.txt")


def test_no_kind_is_without_a_sample() -> None:
    sampled = {
        obj["kind"]
        for obj in (
            *samples.CLUSTER_WIDE,
            *samples.NAMESPACED,
            *samples.EXTENSIONS,
            samples.WIDGETS,
            build.node(),
            build.namespace(),
        )
    }
    listed = {one.kind for one in kinds.builtin_types() if "list" in one.verbs}
    assert listed - sampled == set()


async def test_a_pod_that_has_ended_is_marked_so_that_it_can_be_left_out(ask: Any) -> None:
    pods = [build.pod("a"), build.pod("b", phase="Succeeded"), build.pod("c", phase="Failed")]
    server = SnapshotTransport(Store(pods, captured_at=build.NOW))
    rows = (await ask(server, "/api/v1/pods", accept=TABLE)).json["rows"]
    assert [row.get("conditions", [{}])[0].get("reason") for row in rows] == [
        None,
        "Succeeded",
        "Failed",
    ]


async def test_one_object_can_be_asked_for_as_a_table(ask: Any) -> None:
    server = SnapshotTransport(Store([build.pod("web-1")], captured_at=build.NOW))
    answer = await ask(server, "/api/v1/namespaces/shop/pods/web-1", accept=TABLE)
    assert [row["cells"][0] for row in answer.json["rows"]] == ["web-1"]


HOSTILE: list[Any] = [None, "text", 7, [], ["x"], {}, {"x": "y"}, True]


@pytest.mark.parametrize("kind", [one for one in kinds.builtin_types() if "list" in one.verbs])
async def test_objects_of_any_shape_are_printed_somehow(ask: Any, kind: Any) -> None:
    objects = []
    for number, value in enumerate(HOSTILE):
        metadata: dict[str, Any] = {"name": f"n{number}", "creationTimestamp": value}
        if kind.namespaced:
            metadata["namespace"] = "shop"
        metadata |= {"labels": value, "annotations": value, "ownerReferences": value}
        fields = ("spec", "status", "data", "conditions", "subsets", "endpoints", "ports", "rules")
        deep = {"spec": {"ports": value, "selector": value, "template": value, "containers": value}}
        shape = dict.fromkeys((*fields, "subjects", "involvedObject", "series", "webhooks"), value)
        for variant, extra in enumerate(({}, deep)):
            named = {**metadata, "name": f"n{number}-{variant}"}
            objects.append(
                {
                    **shape,
                    **extra,
                    "apiVersion": kind.api_version,
                    "kind": kind.kind,
                    "metadata": named,
                }
            )
    server = SnapshotTransport(Store(objects, captured_at=build.NOW))
    answer = await ask(server, f"{kind.base_path}/{kind.name}", accept=TABLE)
    assert len(answer.json["rows"]) == len(objects)
