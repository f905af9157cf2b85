"""Objects as a person would have written them."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st
from inline_snapshot import snapshot

from kube_mcp.render.yaml import neat, yaml_text


def test_defaults_and_bookkeeping_are_left_out_and_differences_stay() -> None:
    obj: dict[str, Any] = {
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "web", "uid": "u", "resourceVersion": "1", "generation": 3,
                     "managedFields": [{}], "creationTimestamp": "2026-11-24T11:00:00Z",
                     "annotations": {"deployment.kubernetes.io/revision": "3", "team": "a"}},
        "spec": {
            "revisionHistoryLimit": 10, "progressDeadlineSeconds": 601,
            "template": {"metadata": {"creationTimestamp": None}, "spec": {
                "restartPolicy": "Always", "dnsPolicy": "Default", "securityContext": {},
                "volumes": [{"name": "kube-api-access-x", "projected": {}}, {"name": "data",
                             "emptyDir": {}}],
                "containers": [{"name": "app", "image": "x", "resources": {}, "readinessProbe": {
                    "timeoutSeconds": 1, "periodSeconds": 5, "successThreshold": 1}}]}},
        },
        "status": {"replicas": 0, "conditions": []},
    }  # fmt: skip
    assert yaml_text(neat(obj)) == snapshot("""\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  creationTimestamp: '2026-11-24T11:00:00Z'
  annotations:
    team: a
spec:
  progressDeadlineSeconds: 601
  template:
    spec:
      dnsPolicy: Default
      volumes:
      - name: data
        emptyDir: {}
      containers:
      - name: app
        image: x
        readinessProbe:
          periodSeconds: 5
status:
  replicas: 0
  conditions: []
""")


def test_text_of_several_lines_reads_like_text() -> None:
    assert yaml_text({"run": "set -e\necho hi\n"}) == "run: |\n  set -e\n  echo hi\n"


def test_data_is_never_taken_for_a_default() -> None:
    config = {"kind": "ConfigMap", "data": {"protocol": "TCP", "restartPolicy": "Always"}}
    assert neat(config) == config


json = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 500) | st.text(max_size=8)
    | st.sampled_from(["Always", "TCP", "kube-api-access-x"]),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(["metadata", "spec", "status", "tolerations", "volumes", "protocol",
                         "annotations", "ownerReferences", "resources", "readinessProbe", "name"]),
        inner, max_size=5),
    max_leaves=20,
)  # fmt: skip


@given(st.dictionaries(st.sampled_from(["kind", "metadata", "spec", "status", "data"]), json))
def test_objects_of_any_shape_are_survived_and_stay_yaml(obj: dict[str, Any]) -> None:
    yaml.safe_load(yaml_text(neat(obj)))
