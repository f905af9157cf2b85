"""What is decoded with a kind's shape is what `slim` keeps of the same objects, masked."""

from __future__ import annotations

import copy
import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kube_mcp.access.cluster import Cluster
from kube_mcp.access.gather import gather
from kube_mcp.access.parts import fill
from kube_mcp.diagnosis.shapes import SHAPES
from kube_mcp.diagnosis.slim import slim
from kube_mcp.kube import kubeconfig
from kube_mcp.kube.client import Client
from kube_mcp.kube.pool import open_pool
from kube_mcp.redaction.objects import mask_object
from kube_mcp.scene import Scene, key_of
from kube_mcp.shapes import Shape
from testbed import scenario
from testbed.bed import Bed
from tests.support.cases import cases, load
from tests.support.odd import ODD, paths, replace

# Whole numbers beyond 64 bits are no JSON of an API server's; decoders differ in what they make of it.
_ODD = [each for each in ODD if each != 10**30]
_CASES = cases(Path(__file__).parents[1] / "checks")


def _page(objects: Iterable[Any]) -> bytes:
    """As an API server lists them: the items do not say their type."""
    items = [
        {key: value for key, value in each.items() if key not in ("kind", "apiVersion")}
        if isinstance(each, dict)
        else each
        for each in objects
    ]
    return orjson.dumps({"metadata": {"resourceVersion": "1"}, "items": items})


def _slimmed(key: str, objects: Iterable[Any]) -> list[Any]:
    return [mask_object(slim(key, orjson.loads(orjson.dumps(each))), kind=key) for each in objects]


def _shaped(key: str, body: bytes) -> list[Any] | None:
    """The same, read as `kube_mcp.access.cluster.Cluster.list` does; None where it is left whole."""
    page = SHAPES[key].decode(body)
    if page is None:
        return None
    found = []
    for item in page["items"]:
        own, parts = SHAPES[key].split(item)
        mask_object(own, kind=key)
        fill(parts)
        found.append(own)
    return found


def _without_type(objects: Iterable[Any]) -> list[Any]:
    return [
        {name: value for name, value in each.items() if name not in ("kind", "apiVersion")}
        for each in objects
    ]


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
        found = _shaped(key, _page([each]))
        if found is not None:
            assert found == _without_type(_slimmed(key, [each]))
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
    found = _shaped(key, _page([obj]))
    if found is not None:
        assert found == _without_type(_slimmed(key, [obj]))


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
    found = _shaped("Pod", _page([_pod("abcde", "n1"), _pod("fghij", "n2")]))
    assert found is not None
    one, other = (each["spec"] for each in found)
    assert one["containers"] is other["containers"]
    assert one["volumes"] is other["volumes"]
    assert (one["nodeName"], other["nodeName"]) == ("n1", "n2")


def test_what_only_looks_like_the_name_of_a_token_volume_is_kept_as_it_is() -> None:
    pods = [
        _pod("abcde", "n1", envFrom=[{"configMapRef": {"name": f"kube-api-access-{name}"}}])
        for name in ("klmno", "pqrst")
    ]
    found = _shaped("Pod", _page(pods))
    assert found is not None
    assert [each["spec"]["containers"][0]["envFrom"] for each in found] == [
        [{"configMapRef": {"name": "kube-api-access-klmno"}}],
        [{"configMapRef": {"name": "kube-api-access-pqrst"}}],
    ]


def test_a_shared_part_is_masked_like_any_other() -> None:
    token = "ghp_" + "a1B2c3D4e5" * 3 + "f6G7h8"
    pod = _pod("abcde", "n1", image=f"https://ci:{token}@registry.example.com/web:1")
    pod["metadata"]["labels"]["note"] = token
    pod["metadata"]["ownerReferences"] = [{"kind": "ReplicaSet", "name": token}]
    for _ in range(2):  # the second time from what is remembered
        found = _shaped("Pod", _page([pod]))
        assert found is not None
        text = orjson.dumps(found).decode()
        assert token not in text
        assert text.count("<masked") == 3


def test_of_a_config_map_only_the_names_of_its_keys_are_kept() -> None:
    config = {
        "metadata": {"name": "x"},
        "data": {"password": "hunter2"},
        "binaryData": {"b": "eA=="},
    }
    found = _shaped("ConfigMap", _page([config]))
    assert found == _without_type(_slimmed("ConfigMap", [config]))
    assert found is not None
    assert found[0]["data"] == {"password": ""}
    assert "eA==" not in repr(found)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"items": null}', b'{"items": [{"spec": 1}]}'])
def test_a_page_of_another_form_is_left_to_the_ordinary_decoder(body: bytes) -> None:
    assert all(shape.decode(body) is None for shape in SHAPES.values())


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
