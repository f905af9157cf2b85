"""What is decoded with a kind's shape is what `slim` keeps of the same objects, masked."""

from __future__ import annotations

import copy
import os
from collections import defaultdict
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Raw

from kube_mcp.access.cluster import Cluster
from kube_mcp.access.gather import gather
from kube_mcp.access.parts import fill
from kube_mcp.diagnosis.check import all_checks, needs
from kube_mcp.diagnosis.crashes import wants_logs
from kube_mcp.diagnosis.engine import run
from kube_mcp.diagnosis.focus import about
from kube_mcp.diagnosis.shapes import SHAPES
from kube_mcp.diagnosis.slim import slim
from kube_mcp.graph.build import build, kinds
from kube_mcp.graph.walk import around
from kube_mcp.kube import kubeconfig
from kube_mcp.kube.client import Client
from kube_mcp.kube.pool import open_pool
from kube_mcp.redaction.objects import mask_object
from kube_mcp.render.findings import findings_text
from kube_mcp.render.relations import relations_text
from kube_mcp.scene import Scene, key_of, ref_to
from kube_mcp.shapes import Shape
from testbed import scenario
from testbed.bed import Bed
from tests.support.cases import cases, load
from tests.support.odd import ODD, paths, replace

# Whole numbers beyond 64 bits are no JSON of an API server's; decoders differ in what they make of it.
_ODD = [each for each in ODD if each != 10**30]
_KINDS = needs(all_checks()) | kinds()
_CASES = cases(Path(__file__).parents[1] / "checks")


def _json(obj: Any) -> bytes:
    """As an API server has it in a list: the items do not say their type."""
    return orjson.dumps({k: v for k, v in obj.items() if k not in ("kind", "apiVersion")})


def _slimmed(key: str, obj: Any) -> dict[str, Any]:
    """What is kept of an object that is decoded whole."""
    found = mask_object(slim(key, orjson.loads(_json(obj))), kind=key)
    return {name: value for name, value in found.items() if name not in ("kind", "apiVersion")}


def _shaped(key: str, obj: Any) -> dict[str, Any] | None:
    """The same, read by its shape; None where that is left to the ordinary decoder."""
    split = SHAPES[key](Raw(_json(obj)))
    if split is None:
        return None
    own, parts = split
    mask_object(own, kind=key)
    fill(parts)
    return own


@cache
def _objects() -> dict[str, list[Any]]:
    """Every object of every check's cases that has a shape."""
    found: dict[str, list[Any]] = defaultdict(list)
    for path in _CASES:
        for obj in load(path).objects:
            obj = orjson.loads(
                orjson.dumps(obj, option=orjson.OPT_PASSTHROUGH_DATETIME, default=str)
            )
            if key_of(obj) in SHAPES:
                found[key_of(obj)].append(obj)
    # No case has one of these; it is a Deployment of former days.
    found["ReplicationController"] = found["Deployment"]
    return dict(found)


@pytest.mark.parametrize("key", sorted(SHAPES))
def test_a_shape_keeps_of_every_case_what_slim_keeps(key: str) -> None:
    objects = _objects().get(key, [])
    assert objects, f"no case of any check has a {key}"
    read = 0
    for each in objects:
        found = _shaped(key, each)
        if found is not None:
            assert found == _slimmed(key, each)
            read += 1
    assert read > len(objects) / 2


@settings(
    max_examples=int(os.environ.get("KUBE_MCP_FUZZ", "600")),
    deadline=None,
    derandomize="KUBE_MCP_FUZZ" not in os.environ,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_an_odd_object_is_read_as_slim_reads_it_or_left_to_slim(data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(sorted(_objects())))
    obj = copy.deepcopy(data.draw(st.sampled_from(_objects()[key])))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.sampled_from(paths(obj)))
        replace(obj, place, copy.deepcopy(data.draw(st.sampled_from(_ODD))))
    found = _shaped(key, obj)
    if found is not None:
        assert found == _slimmed(key, obj)


def _pod(token: str, node: str, **more: Any) -> dict[str, Any]:
    mounted = "/var/run/secrets/kubernetes.io/serviceaccount"
    source = {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}}
    return {
        "metadata": {"name": f"web-{token}", "namespace": "shop", "labels": {"app": "web"}},
        "spec": {
            "volumes": [
                {"name": "config", "configMap": {"name": "web"}},
                {"name": f"kube-api-access-{token}", "projected": {"sources": [source]}},
            ],
            "containers": [
                {
                    "name": "app",
                    "image": "registry.example.com/web:1",
                    "volumeMounts": [
                        {"name": "config", "mountPath": "/etc/web"},
                        {
                            "name": f"kube-api-access-{token}",
                            "readOnly": True,
                            "mountPath": mounted,
                        },
                    ],
                    **more,
                }
            ],
            "nodeName": node,
        },
        "status": {"phase": "Running"},
    }


def test_the_replicas_of_a_workload_share_their_containers_and_volumes() -> None:
    found = [_shaped("Pod", _pod(*each)) for each in (("abcde", "n1"), ("fghij", "n2"))]
    one, other = (each["spec"] for each in found if each)
    assert one["containers"] is other["containers"]
    assert one["volumes"] is other["volumes"]
    assert (one["nodeName"], other["nodeName"]) == ("n1", "n2")


def test_what_only_looks_like_the_name_of_a_token_volume_is_kept_as_it_is() -> None:
    for name in ("kube-api-access-klmno", "kube-api-access-pqrst"):
        from_map = [{"configMapRef": {"name": name}}]
        found = _shaped("Pod", _pod("abcde", "n1", envFrom=from_map))
        assert found is not None
        assert found["spec"]["containers"][0]["envFrom"] == from_map


def test_a_shared_part_is_masked_like_any_other() -> None:
    token = "ghp_" + "a1B2c3D4e5" * 3 + "f6G7h8"
    pod = _pod("abcde", "n1", image=f"https://ci:{token}@registry.example.com/web:1")
    pod["metadata"]["labels"]["note"] = token
    pod["metadata"]["ownerReferences"] = [{"kind": "ReplicaSet", "name": token}]
    for _ in range(2):  # the second time from what is remembered
        text = orjson.dumps(_shaped("Pod", pod)).decode()
        assert token not in text
        assert text.count("<masked") == 3


def test_of_a_config_map_only_the_names_of_its_keys_are_kept() -> None:
    config = {
        "metadata": {"name": "x"},
        "data": {"password": "hunter2"},
        "binaryData": {"b": "eA=="},
    }
    found = _shaped("ConfigMap", config)
    assert found == _slimmed("ConfigMap", config)
    assert found is not None
    assert found["data"] == {"password": ""}
    assert "eA==" not in repr(found)


@pytest.mark.parametrize("text", [b"", b"[]", b"{}", b"null", b'{"metadata": 1}', b"{"])
def test_what_has_no_form_of_an_object_is_left_to_the_ordinary_decoder(text: bytes) -> None:
    assert all(shape(Raw(text)) is None for shape in SHAPES.values())


async def test_a_real_cluster_reads_the_same_with_shapes_and_without(bed: Bed) -> None:
    with ExitStack() as stack:
        for each in scenario.every()[::4]:
            stack.enter_context(bed.scenario(each.name))
        whole, shaped = await _read(bed, None), await _read(bed, SHAPES)
    for key in SHAPES:
        assert shaped.all(key) == whole.all(key), key
    assert len(shaped.all("Pod")) > 20


async def _read(bed: Bed, shapes: Mapping[str, Shape] | None) -> Scene:
    pool = open_pool(kubeconfig.load(str(bed.kubeconfig_file), environ={}), environ={})
    try:
        return await gather(
            Cluster(Client(pool)), SHAPES, namespace="", now=datetime.now(UTC), deadline_s=30.0,
            keep=slim, shapes=shapes,
        )  # fmt: skip
    finally:
        await pool.aclose()


@pytest.mark.parametrize("path", _CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_nobody_changes_what_later_readings_are_given_again(path: Path) -> None:
    case = load(path)
    objects = [slim(key_of(obj), obj) for obj in case.objects]
    scene = Scene.of(objects, now=case.now, namespace=case.namespace, served=_KINDS)
    before = copy.deepcopy(objects)
    diagnosis = run(all_checks(), scene)
    wants_logs(scene)
    graph = build(scene)
    for obj in objects:
        findings_text(about(diagnosis, scene, obj), max_bytes=7000)
        relations_text(around(graph, ref_to(obj), depth=3), scene, max_bytes=7000)
    assert objects == before
