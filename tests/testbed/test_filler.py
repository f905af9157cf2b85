"""Filling a bed to the size of a real cluster, at a small size."""

from __future__ import annotations

import datetime
import json
from collections import Counter

from testbed.bed import Bed
from testbed.filler import Size, workloads

NOW = datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC)


def test_every_pod_that_was_asked_for_belongs_to_a_workload() -> None:
    works = list(workloads(Size.of(1234, namespaces=7), [f"n{i}" for i in range(7)], ["a"], NOW))
    assert sum(work.replicas for work in works) == 1234
    assert len({(work.namespace, work.name) for work in works}) == len(works)
    assert {work.namespace for work in works} == {f"n{i}" for i in range(7)}


def test_faults_are_spread_and_exactly_as_many_as_asked_for() -> None:
    names = [f"n{i}" for i in range(50)]
    broken = [w for w in workloads(Size.of(5000, broken=40), names, ["a"], NOW) if w.fault]
    assert len(broken) == 40
    assert len({work.namespace for work in broken}) > 30
    assert set(Counter(work.fault for work in broken).values()) == {8}


def test_the_default_size_has_twenty_pods_a_node_and_a_hundred_a_namespace() -> None:
    assert Size.of(10_000) == Size(pods=10_000, nodes=500, namespaces=100)


def test_a_filled_bed_holds_what_was_counted(bed: Bed) -> None:
    filled = bed.fill(Size(pods=25, nodes=2, namespaces=1, broken=1))
    try:
        pods = bed.admin.get("/api/v1/namespaces/fill-001/pods")["items"]
        assert len(pods) == filled.counts["Pod"] == 25
        deployments = bed.admin.get("/apis/apps/v1/namespaces/fill-001/deployments")["items"]
        ready = {d["metadata"]["name"]: d["status"].get("readyReplicas", 0) for d in deployments}
        assert filled.broken == [("fill-001", "api", "crash")]
        assert ready == {"api": 0, "cart": 10, "catalog": 5}
        sizes = sorted(len(json.dumps(pod)) for pod in pods)
        assert 5_000 < sizes[len(sizes) // 2] < 9_000
        events = bed.admin.get("/api/v1/namespaces/fill-001/events")["items"]
        assert {event["reason"] for event in events} >= {"BackOff", "Started"}
        assert bed.admin.request("GET", "/api/v1/nodes/fill-node-2").status == 200
    finally:
        bed.delete_namespace("fill-001")
        for number in (1, 2):
            bed.admin.delete(f"/api/v1/nodes/fill-node-{number}")
