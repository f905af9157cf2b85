"""What a cluster's controllers would have made of the manifests: pods and everything about them.

A manifest may carry a ``demo`` section, which says what became of it and is taken out again:
``age``, ``rolled`` (since the latest rollout), ``before`` (the revision before that), ``pods``
(what is the matter with each, see `states`), ``node`` and ``usage``.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

import orjson

from kube_mcp.snapshots.demo import endpoints, measures, names, scaling, states
from kube_mcp.snapshots.demo.times import ago
from kube_mcp.snapshots.kinds import METRICS, builtin_types

Object = dict[str, Any]

_AGE = "41d"
_WORKLOADS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Job"})
# Only workers take ordinary pods: the control plane is tainted.
_WORKERS = ("birch", "cedar")
_CLUSTER_SCOPED = frozenset(one.kind for one in (*builtin_types(), *METRICS) if not one.namespaced)


class Cluster:
    """Collects manifests with `apply`; `settle` gives everything that would be there."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.objects: list[Object] = []
        self.pods: list[Object] = []
        self._workload_of: dict[str, str] = {}
        self._usage: dict[str, Object] = {}
        self._made: Counter[str] = Counter()
        self._placed = 0

    def pods_of(self, namespace: str, workload: str) -> list[Object]:
        """The pods a workload has come to own."""
        return [
            pod
            for pod in self.pods
            if pod["metadata"]["namespace"] == namespace
            and self._workload_of[pod["metadata"]["uid"]] == workload
        ]

    def apply(self, manifest: Object) -> None:
        """Add one manifest and what its controller makes of it."""
        demo = manifest.pop("demo", {})
        self._complete(manifest, demo.get("age", _AGE))
        self.objects.append(manifest)
        kind = manifest["kind"]
        if kind in _WORKLOADS:
            self._run(manifest, demo)
        elif kind == "Pod":
            # A static pod: its kubelet owns it.
            node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "alder"}}
            self._complete(node, _AGE)
            manifest["metadata"]["ownerReferences"] = [scaling.owner_reference(node)]
            self._add_pod(manifest, manifest["metadata"]["name"], demo, demo.get("pod", {}), 0)
            self.objects.remove(manifest)
        elif kind == "Namespace":
            manifest.setdefault("status", {"phase": "Active"})
            account = {"apiVersion": "v1", "kind": "ServiceAccount"}
            self.apply(account | {"metadata": {"name": "default", "namespace": names.of(manifest)}})
        elif kind == "Node":
            self._usage[names.of(manifest)] = demo.get("usage", {})

    def settle(self) -> list[Object]:
        """Every object of the cluster."""
        services = [one for one in self.objects if one["kind"] == "Service"]
        made = [slice_ for one in services for slice_ in endpoints.of(one, self.pods, self.now)]
        nodes = [one for one in self.objects if one["kind"] == "Node"]
        made += measures.of(self.pods, nodes, self._usage, self.now)
        for one in made:
            self._complete(one, _AGE)
        return [*self.objects, *self.pods, *made]

    # --- one object ---------------------------------------------------------------------------

    def _complete(self, obj: Object, age: str) -> None:
        metadata = obj["metadata"]
        namespace = metadata.get("namespace", "")
        if not namespace and obj["kind"] not in _CLUSTER_SCOPED:
            # A manifest of the demo that forgets its namespace would end up in the wrong one.
            raise ValueError(f"{obj['kind']} {metadata['name']} has no namespace")
        metadata.setdefault("uid", names.uid(obj["kind"], namespace, metadata["name"]))
        metadata.setdefault("creationTimestamp", ago(self.now, age))
        metadata.setdefault("resourceVersion", str(names.number(metadata["uid"], 900_000) + 1000))
        applied = metadata.get("annotations", {})
        if applied.pop("demo/applied", None):
            last = {key: obj[key] for key in obj if key != "status"}
            key = "kubectl.kubernetes.io/last-applied-configuration"
            applied[key] = orjson.dumps(last).decode()

    def _event(self, about: Object, **fields: Any) -> None:
        event = states.event(about, self.now, **fields)
        self._complete(event, "0s")
        self.objects.append(event)

    # --- workloads ----------------------------------------------------------------------------

    def _run(self, workload: Object, demo: Object) -> None:
        scaling.complete(workload)
        owner, before = workload, demo.get("before")
        revision = 2 if before else 1
        rolled = str(demo.get("rolled", demo.get("age", _AGE)))
        made: list[Object] = []
        if workload["kind"] == "Deployment":
            if before:
                old = scaling.replica_set(workload, revision=1, image=before["image"])
                self._complete(old, before.get("age", _AGE))
                ready = before.get("ready", 0)
                kept = [self._pod(old, workload, demo, {}, before["age"]) for _ in range(ready)]
                scaling.set_replica_set_status(old, kept)
                self.objects.append(old)
                made += kept
            owner = scaling.replica_set(workload, revision=revision)
            self._complete(owner, rolled)
            self.objects.append(owner)
        count = scaling.count(workload, demo)
        told = demo.get("pods", [])
        fresh = [
            self._pod(owner, workload, demo, told[index] if index < len(told) else {}, rolled)
            for index in range(count)
        ]
        if owner is not workload:
            scaling.set_replica_set_status(owner, fresh)
        for gone in demo.get("gone", []):
            self._pod(owner, workload, demo, gone, gone["age"])
        scaling.set_status(workload, fresh, made, revision=revision, rolled=rolled, now=self.now)
        for fields in scaling.events(workload, owner, demo, rolled):
            self._event(workload, **fields)

    def _pod(self, owner: Object, workload: Object, demo: Object, told: Object, age: str) -> Object:
        uid = owner["metadata"]["uid"]
        index = self._made[uid]
        self._made[uid] += 1
        pod = scaling.pod(owner, workload, index)
        return self._add_pod(pod, names.of(workload), demo, {"age": age, **told}, index)

    def _add_pod(
        self, pod: Object, workload: str, demo: Object, told: Object, index: int
    ) -> Object:
        told = {"age": str(demo.get("age", _AGE)), **told}
        self._complete(pod, told["age"])
        where = told.get("node") or demo.get("node") or pod["spec"].pop("nodeName", "")
        if demo.get("everywhere"):
            where = ("alder", *_WORKERS)[index]
        if not where:
            where = _WORKERS[self._placed % len(_WORKERS)]
            self._placed += 1
        self.pods.append(pod)
        self._workload_of[pod["metadata"]["uid"]] = workload
        for fields in states.settle(pod, told, where, self.now):
            self._event(pod, **fields)
        return pod
