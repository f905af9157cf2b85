"""Objects can be of any shape: a timeline never trips over one."""

from __future__ import annotations

import copy
import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kube_mcp.diagnosis.changes import KINDS, timeline
from kube_mcp.diagnosis.history import keep_history, revisions
from kube_mcp.redaction.objects import mask_object
from kube_mcp.render.changes import changes_text, difference_text, revisions_text
from kube_mcp.scene import Scene, key_of, ref_to
from kube_mcp.snapshots.demo import demo_store
from tests.support.odd import paths, replace

_NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
_ODD: list[Any] = [
    None, "", "x", "²", 0, -1, 3.5, 10**30, True, [], {}, [None], ["a"], {"a": None}, [{}], [[]],
    "2026-03-01T11:59:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z",
]  # fmt: skip

_WRITTEN = [
    {"manager": "kubectl-edit", "operation": "Update", "time": "2026-03-01T11:00:00Z",
     "fieldsV1": {"f:spec": {"f:template": {"f:spec": {"f:containers": {
         'k:{"name":"web"}': {".": {}, "f:image": {}}}}}}}},
]  # fmt: skip


def _objects() -> list[dict[str, Any]]:
    """The demo's shop and its Flux, with writers and Helm's own records added."""
    store = demo_store(_NOW)
    found: list[Any] = []
    for key in KINDS:
        kind, _, group = key.partition(".")
        found += [
            copy.deepcopy(obj)
            for obj in store.all(kind, group=group or None)
            if obj["metadata"].get("namespace", "") in ("shop", "flux-system", "")
        ]
    for obj in found:
        obj["metadata"]["managedFields"] = copy.deepcopy(_WRITTEN)
    found += yaml.safe_load_all("""
kind: Secret
metadata: {name: sh.helm.release.v1.db.v4, namespace: shop, labels: {owner: helm, name: db, version: "4", status: failed, modifiedAt: "1772356000"}}
---
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: shop}
spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: cart}}
status: {lastScaleTime: "2026-03-01T11:00:00Z", desiredReplicas: 3}
---
kind: ControllerRevision
metadata: {name: postgres-1, namespace: shop, creationTimestamp: "2026-03-01T11:00:00Z", ownerReferences: [{apiVersion: apps/v1, kind: StatefulSet, name: postgres, controller: true}]}
revision: 1
data: {spec: {template: {spec: {containers: [{name: db, image: "db:1"}]}}}}
""")
    return found


_BASE = _objects()


def _survives(objects: list[dict[str, Any]], *, about: int | None = None) -> None:
    kept = [mask_object(keep_history(key_of(obj), obj)) for obj in copy.deepcopy(objects)]
    scene = Scene.of(kept, now=_NOW, namespace="shop", served=KINDS)
    obj = kept[about] if about is not None else None
    found = timeline(scene, since=timedelta(days=30), about=obj)
    text = changes_text(found, now=_NOW, span="30d", where="x", namespace="shop", max_bytes=4000)
    assert len(text.encode()) <= 4000
    for each in kept:
        if key_of(each) in ("Deployment", "StatefulSet"):
            known = revisions(ref_to(each), scene)
            assert revisions_text(known, now=_NOW, max_bytes=1000)
            if len(known) > 1:
                assert difference_text(known[1], known[0], max_bytes=1000)


@settings(
    max_examples=int(os.environ.get("KUBE_MCP_FUZZ", "60")),
    deadline=None,
    derandomize="KUBE_MCP_FUZZ" not in os.environ,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_a_namespace_with_values_replaced_by_odd_ones_gives_a_timeline(data: st.DataObject) -> None:
    objects = copy.deepcopy(_BASE)
    touched = 0
    for _ in range(data.draw(st.integers(1, 30))):
        touched = data.draw(st.integers(0, len(objects) - 1))
        # The kind is what files an object: it is never odd in what an API server serves.
        places = [each for each in paths(objects[touched]) if each != ("kind",)]
        odd = copy.deepcopy(data.draw(st.sampled_from(_ODD)))
        replace(objects[touched], data.draw(st.sampled_from(places)), odd)
    _survives(objects, about=data.draw(st.sampled_from([None, touched])))


@pytest.mark.parametrize("odd", _ODD, ids=repr)
def test_objects_of_which_every_part_is_odd_give_a_timeline(odd: Any) -> None:
    objects = []
    for key in KINDS:
        name, _, group = key.partition(".")
        base = {"kind": name, "apiVersion": f"{group}/v1" if group else "v1"}
        writer = {"manager": odd, "time": odd, "fieldsV1": odd}
        meta = {"name": "x", "namespace": "shop", "creationTimestamp": odd, "annotations": odd,
                "ownerReferences": [odd], "managedFields": [odd, writer], "finalizers": odd,
                "deletionTimestamp": odd, "deletionGracePeriodSeconds": odd,
                "labels": {"owner": "helm", "name": odd, "modifiedAt": odd}}  # fmt: skip
        objects += [
            {**base, "metadata": odd, "spec": odd, "status": odd, "data": odd, "revision": odd},
            {**base, "metadata": meta, "spec": {"template": odd, "selector": odd},
             "status": {"history": [odd], "artifact": odd, "conditions": [odd]}},
        ]  # fmt: skip
    for about in (None, *range(len(objects))):
        _survives(objects, about=about)
