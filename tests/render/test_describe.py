"""Summaries of objects of any kind and any shape."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube_mcp.render.describe import condition_lines, summary_lines
from tests.support import build

KINDS = [
    ("", "Pod"), ("", "Service"), ("", "Node"), ("", "PersistentVolumeClaim"),
    ("", "PersistentVolume"), ("", "ConfigMap"), ("", "Secret"), ("", "ReplicationController"),
    ("apps", "Deployment"), ("apps", "ReplicaSet"), ("apps", "StatefulSet"), ("apps", "DaemonSet"),
    ("batch", "Job"), ("batch", "CronJob"), ("networking.k8s.io", "Ingress"),
    ("example.com", "Widget"),
]  # fmt: skip

WORDS = [
    "name", "namespace", "spec", "status", "metadata", "containers", "initContainers", "env",
    "valueFrom", "containerStatuses", "state", "waiting", "terminated", "lastState", "template",
    "selector", "conditions", "type", "ports", "rules", "http", "paths", "backend", "taints",
    "volumes", "configMap", "resources", "limits", "livenessProbe", "httpGet", "tls", "hosts",
    "annotations", "labels", "ownerReferences", "creationTimestamp", "deletionTimestamp", "data",
    "tolerations", "nodeInfo", "capacity", "matchLabels", "strategy", "rollingUpdate", "podIPs",
]  # fmt: skip

json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=6)
    ),
    max_leaves=25,
)


@given(
    st.sampled_from(KINDS),
    st.dictionaries(st.sampled_from(["metadata", "spec", "status", "data"]), json),
)
def test_no_shape_of_an_object_breaks_its_summary(kind: tuple[str, str], obj: Any) -> None:
    group, name = kind
    lines = summary_lines({"kind": name, **obj}, group=group, now=build.NOW)
    assert all(isinstance(line, str) for line in lines)


@pytest.mark.parametrize(
    ("conditions", "lines"),
    [
        ([{"type": "Ready", "status": "True"}, {"type": "Healthy", "status": "True"}],
         ["conditions True: Ready, Healthy"]),
        ([{"type": "Ready", "status": "True", "reason": "AllGood"}], ["condition Ready=True "
         "AllGood"]),
        ([{"type": "Ready", "status": "Unknown", "message": "two\nlines"}],
         ["condition Ready=Unknown: two lines"]),
    ],
)  # fmt: skip
def test_conditions_that_say_nothing_share_a_line(conditions: Any, lines: list[str]) -> None:
    assert condition_lines({"status": {"conditions": conditions}}, build.NOW) == lines


def test_a_status_behind_its_spec_says_so() -> None:
    obj = {"metadata": {"generation": 4}, "status": {"observedGeneration": 3,
           "conditions": [{"type": "Ready", "status": "True"}]}}  # fmt: skip
    assert condition_lines(obj, build.NOW)[-1] == ("(status is of generation 3, the spec is at 4)")


def test_an_object_that_is_going_says_what_holds_it() -> None:
    obj = build.config_map("c", {})
    obj["metadata"] |= {"deletionTimestamp": build.ago(minutes=5), "finalizers": ["a/b"]}
    lines = summary_lines(obj, group="", now=build.NOW)
    assert "BEING DELETED since 5m; finalizers: a/b" in lines
