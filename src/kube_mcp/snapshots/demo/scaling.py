"""Deployments, StatefulSets, DaemonSets and Jobs: what they create, and what they say of it."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from datetime import datetime
from typing import Any

import orjson

from kube_mcp.objects import dig_list, dig_str
from kube_mcp.snapshots.demo import names
from kube_mcp.snapshots.demo.times import ago
from kube_mcp.words.times import parse_duration

Object = dict[str, Any]

_DEADLINE_S = 600
_EVENTS_LIVE_S = 3600


def complete(workload: Object) -> None:
    """Fill in what a manifest leaves out and the API server defaults."""
    spec, name = workload["spec"], names.of(workload)
    kind = workload["kind"]
    labels = {"app.kubernetes.io/name": name}
    if kind == "Job":
        labels = {"batch.kubernetes.io/job-name": name}
    spec.setdefault("selector", {"matchLabels": labels})
    metadata = spec["template"].setdefault("metadata", {})
    metadata["labels"] = {**spec["selector"]["matchLabels"], **metadata.get("labels", {})}
    workload["metadata"].setdefault("labels", dict(metadata["labels"]))
    workload["metadata"]["generation"] = 1
    template = spec["template"]["spec"]
    template.setdefault("restartPolicy", "Always")
    template.setdefault("serviceAccountName", "default")
    template.setdefault("schedulerName", "default-scheduler")
    template.setdefault("terminationGracePeriodSeconds", 30)
    for container in template["containers"]:
        container.setdefault("imagePullPolicy", "IfNotPresent")
    if kind in ("Deployment", "StatefulSet"):
        spec.setdefault("replicas", 1)
        spec.setdefault("revisionHistoryLimit", 10)
    if kind == "Deployment":
        rolling = {"maxSurge": "25%", "maxUnavailable": "25%"}
        spec.setdefault("strategy", {"type": "RollingUpdate", "rollingUpdate": rolling})
        spec.setdefault("progressDeadlineSeconds", _DEADLINE_S)


def count(workload: Object, demo: Object) -> int:
    """How many pods of the latest revision there are."""
    if workload["kind"] == "DaemonSet":
        return 3 if demo.get("everywhere") else 2
    if workload["kind"] == "Job":
        return 1
    surge = demo.get("surge")
    replicas = workload["spec"]["replicas"] if surge is None else surge
    return int(replicas)


def replica_set(deployment: Object, *, revision: int, image: str = "") -> Object:
    """The ReplicaSet of one revision; ``image`` is what the first container had then."""
    template = deepcopy(deployment["spec"]["template"])
    if image:
        template["spec"]["containers"][0]["image"] = image
    digest = names.suffix(orjson.dumps(template).decode(), 10)
    labels = {**template["metadata"]["labels"], "pod-template-hash": digest}
    template["metadata"]["labels"] = labels
    metadata = {
        "name": f"{names.of(deployment)}-{digest}",
        "namespace": deployment["metadata"]["namespace"],
        "labels": labels,
        "annotations": {"deployment.kubernetes.io/revision": str(revision)},
        "ownerReferences": [owner_reference(deployment)],
        "generation": 1,
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "metadata": metadata,
        "spec": {"replicas": 0, "selector": {"matchLabels": labels}, "template": template},
    }


def pod(owner: Object, workload: Object, index: int) -> Object:
    """The pod number ``index`` of an owner, not yet anywhere."""
    template = deepcopy(owner["spec"]["template"])
    kind, base = owner["kind"], names.of(owner)
    name = f"{base}-{names.suffix(f'{base}/{index}')}"
    labels = template["metadata"]["labels"]
    if kind == "StatefulSet":
        name = f"{base}-{index}"
        labels = {**labels, "statefulset.kubernetes.io/pod-name": name}
        for claim in dig_list(owner, "spec", "volumeClaimTemplates"):
            claim_name = f"{dig_str(claim, 'metadata', 'name')}-{name}"
            volume = {
                "name": dig_str(claim, "metadata", "name"),
                "persistentVolumeClaim": {"claimName": claim_name},
            }
            template["spec"].setdefault("volumes", []).append(volume)
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": workload["metadata"]["namespace"],
            "labels": labels,
            "ownerReferences": [owner_reference(owner)],
        },
        "spec": template["spec"],
    }


def owner_reference(owner: Object) -> Object:
    """A reference to the controller."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": names.of(owner),
        "uid": owner["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def is_ready(pod: Object) -> bool:
    """Whether the pod counts as ready."""
    return any(
        one["type"] == "Ready" and one["status"] == "True" for one in pod["status"]["conditions"]
    )


def set_replica_set_status(owner: Object, pods: list[Object]) -> None:
    """Say how the ReplicaSet's pods are."""
    ready = sum(map(is_ready, pods))
    owner["spec"]["replicas"] = len(pods)
    owner["metadata"]["annotations"]["deployment.kubernetes.io/desired-replicas"] = str(len(pods))
    owner["status"] = {"observedGeneration": 1, "replicas": len(pods)}
    if pods:
        owner["status"] |= {
            "fullyLabeledReplicas": len(pods),
            "readyReplicas": ready,
            "availableReplicas": ready,
        }


def set_status(
    workload: Object,
    fresh: list[Object],
    old: list[Object],
    *,
    revision: int,
    rolled: str,
    now: datetime,
) -> None:
    """Say how the workload's pods are. ``fresh`` are those of the latest revision."""
    everyone = [*old, *fresh]
    ready = sum(map(is_ready, everyone))
    kind = workload["kind"]
    common = {"observedGeneration": 1}
    if kind == "DaemonSet":
        workload["status"] = common | {
            "desiredNumberScheduled": len(fresh),
            "currentNumberScheduled": len(fresh),
            "updatedNumberScheduled": len(fresh),
            "numberReady": ready,
            "numberAvailable": ready,
            "numberMisscheduled": 0,
        }
    elif kind == "Job":
        done = {"type": "Complete", "status": "True", "lastTransitionTime": ago(now, rolled)}
        workload["status"] = {
            "startTime": ago(now, rolled),
            "completionTime": ago(now, rolled, plus_s=74),
            "succeeded": 1,
            "conditions": [done],
        }
    else:
        workload["status"] = common | {
            "replicas": len(everyone),
            "readyReplicas": ready,
            "availableReplicas": ready,
            "updatedReplicas": len(fresh),
        }
    if kind == "Deployment":
        annotations = workload["metadata"].setdefault("annotations", {})
        annotations["deployment.kubernetes.io/revision"] = str(revision)
        wanted = workload["spec"]["replicas"]
        workload["status"]["unavailableReplicas"] = max(0, len(everyone) - ready)
        workload["status"]["conditions"] = _conditions(workload, wanted, ready, fresh, rolled, now)


def _conditions(
    deployment: Object, wanted: int, ready: int, fresh: list[Object], rolled: str, now: datetime
) -> list[Object]:
    minimum = wanted - wanted // 4
    available = ready >= minimum
    rolled_s = parse_duration(rolled).total_seconds()
    name = names.of(deployment)
    done = all(is_ready(pod) for pod in fresh) and available
    conditions = [
        {
            "type": "Available",
            "status": str(available),
            "reason": "MinimumReplicasAvailable" if available else "MinimumReplicasUnavailable",
            "message": "Deployment has minimum availability."
            if available
            else "Deployment does not have minimum availability.",
            "lastUpdateTime": ago(now, rolled),
            "lastTransitionTime": ago(now, rolled),
        }
    ]
    replica_set = dig_str(fresh[0], "metadata", "ownerReferences", 0, "name") if fresh else name
    progressing = {
        "type": "Progressing",
        "status": "True",
        "reason": "NewReplicaSetAvailable",
        "message": f'ReplicaSet "{replica_set}" has successfully progressed.',
        "lastUpdateTime": ago(now, rolled, plus_s=20),
        "lastTransitionTime": ago(now, rolled),
    }
    if not done:
        late = rolled_s > _DEADLINE_S
        progressing["reason"] = "ProgressDeadlineExceeded" if late else "ReplicaSetUpdated"
        progressing["status"] = str(not late)
        progressing["message"] = (
            f'ReplicaSet "{replica_set}" has timed out progressing.'
            if late
            else f'ReplicaSet "{replica_set}" is progressing.'
        )
        if late:
            since = ago(now, rolled, plus_s=_DEADLINE_S)
            progressing |= {"lastUpdateTime": since, "lastTransitionTime": since}
    return [*conditions, progressing]


def events(workload: Object, owner: Object, demo: Object, rolled: str) -> Iterator[Object]:
    """What the deployment controller told about a rollout that is not long ago."""
    rolled_s = parse_duration(rolled).total_seconds()
    if workload["kind"] != "Deployment" or rolled_s > _EVENTS_LIVE_S:
        return
    name, replicas = names.of(owner), owner["spec"]["replicas"]
    before = demo.get("before")
    if before:
        old = names.of(replica_set(workload, revision=1, image=before["image"]))
        left = before.get("ready", 0)
        if left < workload["spec"]["replicas"]:
            yield {
                "kind": "Normal",
                "reason": "ScalingReplicaSet",
                "message": f"Scaled down replica set {old} from "
                f"{workload['spec']['replicas']} to {left}",
                "first": rolled,
                "component": "deployment-controller",
            }
    yield {
        "kind": "Normal",
        "reason": "ScalingReplicaSet",
        "message": f"Scaled up replica set {name} from 0 to {replicas}",
        "first": rolled,
        "component": "deployment-controller",
    }
