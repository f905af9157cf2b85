"""The metrics API, through /apis/metrics.k8s.io of the real API server."""

from __future__ import annotations

from typing import Any

import pytest

from testbed.bed import Bed

ROOT = "/apis/metrics.k8s.io/v1beta1"

PODS = """
apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: Pod
    metadata: {name: web-1, labels: {app: web}}
    spec: {nodeName: node-1, containers: [{name: app, image: i, resources: {requests: {cpu: 100m, memory: 100Mi}}}]}
    status: {phase: Running}
  - apiVersion: v1
    kind: Pod
    metadata: {name: db-1, labels: {app: db}}
    spec: {nodeName: node-2, containers: [{name: db, image: i}]}
    status: {phase: Running}
  - apiVersion: v1
    kind: Pod
    metadata: {name: done, labels: {app: done}}
    spec: {nodeName: node-2, containers: [{name: job, image: i}]}
    status: {phase: Succeeded}
"""


@pytest.fixture
def pods(bed: Bed, namespace: str) -> str:
    """The path of the namespace's pod metrics; web-1 has requests, db-1 a declared use."""
    bed.apply(PODS, namespace=namespace)
    use = {"pod": "db-*", "cpu": "1500m", "memory": "2Gi"}
    nodes = {"node-2": {"cpu": "7200m", "memory": "28Gi"}}
    bed.kubelet.put(namespace, {"metrics": {"pods": [use], "nodes": nodes}})
    return f"{ROOT}/namespaces/{namespace}/pods"


def names(answer: Any) -> list[str]:
    return [item["metadata"]["name"] for item in answer["items"]]


def test_the_api_is_available_and_discovered(bed: Bed) -> None:
    found = bed.admin.get(ROOT)
    assert {(r["name"], r["kind"]) for r in found["resources"]} == {
        ("nodes", "NodeMetrics"),
        ("pods", "PodMetrics"),
    }


def test_running_pods_have_metrics_and_ended_ones_do_not(bed: Bed, pods: str) -> None:
    assert names(bed.admin.get(pods)) == ["db-1", "web-1"]


def test_declared_use_is_what_is_reported(bed: Bed, pods: str) -> None:
    (container,) = bed.admin.get(f"{pods}/db-1")["containers"]
    assert container == {"name": "db", "usage": {"cpu": "1500000000n", "memory": "2097152Ki"}}


def test_undeclared_use_is_a_part_of_the_requests(bed: Bed, pods: str) -> None:
    (container,) = bed.admin.get(f"{pods}/web-1")["containers"]
    assert 30_000_000 <= int(container["usage"]["cpu"].rstrip("n")) <= 80_000_000


def test_labels_select_pods(bed: Bed, pods: str) -> None:
    assert names(bed.admin.get(f"{pods}?labelSelector=app%3Dweb")) == ["web-1"]


def test_a_pod_that_was_declared_missing_is_not_found(bed: Bed, namespace: str, pods: str) -> None:
    missing = {"pod": "web-1", "missing": True}
    bed.kubelet.put(namespace, {"metrics": {"pods": [missing]}})
    answer = bed.admin.request("GET", f"{pods}/web-1")
    assert answer.status == 404
    assert answer.message == 'pods.metrics.k8s.io "web-1" not found'


def test_nodes_use_what_was_declared(bed: Bed, pods: str) -> None:
    assert bed.admin.get(f"{ROOT}/nodes/node-2")["usage"] == {
        "cpu": "7200000000n",
        "memory": "29360128Ki",
    }
    assert "node-1" in names(bed.admin.get(f"{ROOT}/nodes"))


def test_all_namespaces_can_be_listed(bed: Bed, namespace: str, pods: str) -> None:
    items = bed.admin.get(f"{ROOT}/pods")["items"]
    assert namespace in {item["metadata"]["namespace"] for item in items}


def test_a_table_has_one_row_a_pod(bed: Bed, pods: str) -> None:
    accept = "application/json;as=Table;v=v1;g=meta.k8s.io"
    table = bed.admin.request("GET", pods, headers={"Accept": accept}).json()
    assert table["kind"] == "Table"
    assert table["rows"][0]["cells"] == ["db-1", "1500000000n", "2097152Ki", "15s"]


def test_rbac_stands_before_it(bed: Bed, pods: str) -> None:
    assert bed.client(user="stranger").request("GET", pods).status == 403
