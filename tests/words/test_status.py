"""Status words, as kubectl's columns put them."""

from __future__ import annotations

from typing import Any

import pytest

from kube_mcp.words.status import status_of


def _pod(status: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"kind": "Pod", "spec": {"containers": [{"name": "a"}], **spec}, "status": status}


@pytest.mark.parametrize(
    ("obj", "words"),
    [
        (
            _pod({"phase": "Running", "containerStatuses": [{"name": "a", "ready": True}]}),
            "Running 1/1",
        ),
        (
            _pod(
                {
                    "phase": "Running",
                    "containerStatuses": [
                        {
                            "name": "a",
                            "restartCount": 4,
                            "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                        }
                    ],
                }
            ),
            "CrashLoopBackOff 0/1, 4 restarts",
        ),
        (_pod({"phase": "Pending"}), "Pending 0/1"),
        (
            _pod(
                {
                    "phase": "Pending",
                    "initContainerStatuses": [{"name": "i", "state": {"running": {}}}],
                    "containerStatuses": [
                        {"name": "a", "state": {"waiting": {"reason": "PodInitializing"}}}
                    ],
                }
            ),
            "Init:0/1 0/1",
        ),
        (_pod({"phase": "Succeeded"}), "Completed 0/1"),
        (_pod({"phase": "Failed", "reason": "Evicted"}), "Evicted 0/1"),
        (
            {
                "kind": "Deployment",
                "spec": {"replicas": 3},
                "status": {"readyReplicas": 2, "updatedReplicas": 1},
            },
            "2/3 ready, 1 updated",
        ),
        ({"kind": "StatefulSet", "spec": {"replicas": 0}}, "scaled to 0"),
        (
            {"kind": "DaemonSet", "status": {"desiredNumberScheduled": 5, "numberReady": 4}},
            "4/5 ready",
        ),
        (
            {
                "kind": "Job",
                "status": {
                    "conditions": [
                        {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded"}
                    ]
                },
            },
            "Failed: BackoffLimitExceeded",
        ),
        ({"kind": "CronJob", "spec": {"schedule": "@daily", "suspend": True}}, "Suspended"),
        (
            {"kind": "Service", "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]}},
            "LoadBalancer 80/TCP <pending>",
        ),
        (
            {
                "kind": "Node",
                "spec": {"unschedulable": True},
                "status": {"conditions": [{"type": "Ready", "status": "True"}]},
            },
            "Ready,SchedulingDisabled",
        ),
        (
            {
                "kind": "PersistentVolumeClaim",
                "status": {"phase": "Bound", "capacity": {"storage": "5Gi"}},
            },
            "Bound 5Gi",
        ),
        (
            {
                "kind": "Kustomization",
                "status": {
                    "conditions": [{"type": "Ready", "status": "False", "reason": "BuildFailed"}]
                },
            },
            "not Ready: BuildFailed",
        ),
        (
            {
                "kind": "Namespace",
                "metadata": {"deletionTimestamp": "2026-03-01T12:00:00Z"},
                "status": {"phase": "Terminating"},
            },
            "Terminating",
        ),
        ({"kind": "ConfigMap", "data": {}}, ""),
    ],
)
def test_the_status_of_an_object_is_said_as_kubectl_says_it(
    obj: dict[str, Any], words: str
) -> None:
    assert status_of(obj) == words


@pytest.mark.parametrize("odd", [None, "", 7, [], [None], {"conditions": [{"type": []}]}])
@pytest.mark.parametrize("kind", ["Pod", "Deployment", "Job", "Service", "Node", "Ingress", "X"])
def test_an_odd_object_has_a_status_too(kind: str, odd: object) -> None:
    obj = {"kind": kind, "metadata": odd, "spec": odd, "status": odd}
    assert isinstance(status_of(obj), str)
