"""A timeline of what changed: differences of rollouts, writers, conditions, restarts, Flux, Helm."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import yaml

from kube_mcp.diagnosis.changes import KINDS, changes
from kube_mcp.diagnosis.differences import differences
from kube_mcp.diagnosis.history import keep_history, revisions
from kube_mcp.render.changes import changes_text, difference_text, revisions_text
from kube_mcp.scene import Scene, key_of, refer

_NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
_DAY = timedelta(days=1)

_SHOP = """
kind: Deployment
metadata:
  name: web
  namespace: shop
  creationTimestamp: "2026-02-01T10:00:00Z"
  labels: {kustomize.toolkit.fluxcd.io/name: apps, kustomize.toolkit.fluxcd.io/namespace: flux}
  managedFields:
    - manager: kustomize-controller
      operation: Apply
      time: "2026-02-01T10:00:00Z"
      fieldsV1: {"f:spec": {"f:template": {}}}
    - manager: kubectl-edit
      operation: Update
      time: "2026-03-01T11:00:00Z"
      fieldsV1: {"f:spec": {"f:replicas": {}, "f:template": {"f:spec": {"f:containers": {'k:{"name":"web"}': {".": {}, "f:image": {}, "f:env": {}}}}}}}
    - manager: kube-controller-manager
      operation: Update
      subresource: status
      time: "2026-03-01T11:05:00Z"
      fieldsV1: {"f:status": {"f:replicas": {}}}
spec: {template: {spec: {containers: [{name: web, envFrom: [{configMapRef: {name: settings}}]}]}}}
status:
  conditions:
    - {type: Available, status: "False", reason: MinimumReplicasUnavailable, lastTransitionTime: "2026-03-01T11:01:00Z"}
---
kind: ReplicaSet
metadata:
  name: web-1
  namespace: shop
  creationTimestamp: "2026-02-01T10:00:00Z"
  annotations: {deployment.kubernetes.io/revision: "1"}
  ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, controller: true}]
spec: {replicas: 0, template: {metadata: {labels: {app: web, pod-template-hash: "1"}}, spec: {containers: [{name: web, image: "web:1", env: [{name: MODE, value: fast}], resources: {limits: {memory: 256Mi}}}]}}}
---
kind: ReplicaSet
metadata:
  name: web-2
  namespace: shop
  creationTimestamp: "2026-03-01T11:00:00Z"
  annotations: {deployment.kubernetes.io/revision: "2", kubernetes.io/change-cause: raise the limit}
  ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, controller: true}]
spec: {replicas: 1, template: {metadata: {labels: {app: web, pod-template-hash: "2"}}, spec: {containers: [{name: log, image: "log:1"}, {name: web, image: "web:2", env: [{name: MODE, value: slow}], resources: {limits: {memory: 64Mi}}}]}}}
status: {replicas: 1}
---
kind: Pod
metadata:
  name: web-2-a
  namespace: shop
  creationTimestamp: "2026-03-01T11:00:00Z"
  ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-2, controller: true}]
spec: {containers: [{name: web}]}
status:
  phase: Running
  containerStatuses: [{name: web, restartCount: 3, state: {waiting: {reason: CrashLoopBackOff}}, lastState: {terminated: {exitCode: 137, reason: OOMKilled, finishedAt: "2026-03-01T11:30:00Z"}}}]
---
kind: ConfigMap
metadata: {name: settings, namespace: shop, creationTimestamp: "2026-03-01T10:59:00Z", managedFields: [{manager: kubectl-create, operation: Update, time: "2026-03-01T10:59:00Z", fieldsV1: {"f:data": {}}}]}
---
kind: ConfigMap
metadata: {name: unrelated, namespace: shop, creationTimestamp: "2026-03-01T10:58:00Z"}
---
kind: Event
metadata: {name: e, namespace: shop}
type: Normal
reason: ScalingReplicaSet
message: Scaled up replica set web-2 to 1
count: 1
lastTimestamp: "2026-03-01T11:00:01Z"
involvedObject: {kind: Deployment, name: web, namespace: shop, apiVersion: apps/v1}
---
kind: Event
metadata: {name: f, namespace: shop}
type: Normal
reason: Pulled
message: nothing to tell
count: 1
lastTimestamp: "2026-03-01T11:00:02Z"
involvedObject: {kind: Deployment, name: web, namespace: shop, apiVersion: apps/v1}
---
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux, creationTimestamp: "2026-02-01T10:00:00Z"}
spec: {sourceRef: {kind: GitRepository, name: fleet}}
status: {history: [{firstReconciled: "2026-03-01T10:50:00Z", lastReconciledStatus: ReconciliationSucceeded, metadata: {revision: "main@sha1:abc"}}]}
---
apiVersion: source.toolkit.fluxcd.io/v1
kind: GitRepository
metadata: {name: fleet, namespace: flux, creationTimestamp: "2026-02-01T10:00:00Z"}
status: {artifact: {revision: "main@sha1:abc", lastUpdateTime: "2026-03-01T10:49:00Z"}}
---
kind: Secret
metadata: {name: sh.helm.release.v1.db.v4, namespace: shop, creationTimestamp: "2026-03-01T09:00:00Z", labels: {owner: helm, name: db, version: "4", status: pending-upgrade, modifiedAt: "1772356000"}}
"""


def _scene(text: str = _SHOP) -> Scene:
    objects = [keep_history(key_of(obj), obj) for obj in yaml.safe_load_all(text)]
    return Scene.of(objects, now=_NOW, served=KINDS)


def _about_web() -> Any:
    scene = _scene()
    web = scene.get("Deployment", "shop", "web")
    assert web is not None
    return changes(scene, since=_DAY, about=web)


def test_the_timeline_of_a_deployment_shows_what_came_before_the_trouble() -> None:
    text = changes_text(_about_web(), now=_NOW, since=_DAY, max_bytes=8000)
    assert (
        text
        == """\
8 changes in the last 24h, newest first; 2 of them trouble (!).
! 2026-03-01T11:30:00Z (30m ago) Pod shop/web-2-a: container web ended with exit code 137 (OOMKilled: it used more memory than its limit); 3 restarts in all
! 2026-03-01T11:01:00Z (59m ago) Deployment shop/web: Available became False: MinimumReplicasUnavailable
  2026-03-01T11:00:01Z (59m ago) Deployment shop/web: ScalingReplicaSet: Scaled up replica set web-2 to 1
  2026-03-01T11:00:00Z (60m ago) Deployment shop/web: written; the writer's fields: spec.replicas, spec.template.spec.containers[web] by kubectl-edit
  2026-03-01T11:00:00Z (60m ago) Deployment shop/web: revision 2 rolled out: containers[web].image: web:1 → web:2
      change-cause: raise the limit
      + containers[log].image: log:1
      + containers[log].name: log
      containers[web].env[MODE]: fast → slow
      containers[web].resources.limits.memory: 256Mi → 64Mi
  2026-03-01T10:59:00Z (61m ago) ConfigMap shop/settings: made by kubectl-create
  2026-03-01T10:50:00Z (70m ago) Kustomization flux/apps: applied main@sha1:abc: ReconciliationSucceeded by Flux
  2026-03-01T10:49:00Z (71m ago) GitRepository flux/fleet: fetched main@sha1:abc by Flux"""
    )


def test_a_namespace_has_everything_and_a_helm_release_that_hangs() -> None:
    whole = changes(_scene(), since=_DAY)
    said = [f"{each.ref.full}: {each.what}" for each in whole]
    assert "ConfigMap shop/unrelated: made" in said
    assert (
        "Secret shop/sh.helm.release.v1.db.v4: Helm release db revision 4: pending-upgrade" in said
    )
    assert not any("Pulled" in each for each in said)


def test_what_is_older_than_asked_for_is_left_out() -> None:
    found = changes(_scene(), since=timedelta(minutes=45))
    assert [each.ref.full for each in found] == ["Pod shop/web-2-a"]
    text = changes_text([], now=_NOW, since=timedelta(minutes=5), gaps=["x"], max_bytes=500)
    assert text == ("Nothing has changed in the last 5m, as far as it could be read.\nNot read: x.")


def test_a_timeline_that_does_not_fit_says_from_when_it_is_cut() -> None:
    text = changes_text(_about_web(), now=_NOW, since=_DAY, max_bytes=800)
    assert len(text.encode()) <= 800
    assert "older changes left out for size, from 2026-03-01T1" in text


def test_revisions_are_told_with_what_each_one_changed() -> None:
    found = revisions(refer("Deployment", "shop", "web"), _scene())
    text = revisions_text(found, now=_NOW, max_bytes=4000)
    assert text.splitlines()[0] == (
        "revision 2 2026-03-01T11:00:00Z (60m ago) ReplicaSet/web-2, 1 pods now, raise the limit: "
        "log:1, web:2"
    )
    assert text.splitlines()[-1] == (
        "revision 1 2026-02-01T10:00:00Z (28d ago) ReplicaSet/web-1: web:1"
    )
    both = difference_text(found[1], found[0], max_bytes=4000)
    assert both.splitlines()[:2] == ["revision 1 → 2:", "containers[web].image: web:1 → web:2"]


def test_a_stateful_sets_revisions_come_from_its_controller_revisions() -> None:
    text = "\n---\n".join(
        f"{{kind: ControllerRevision, metadata: {{name: db-{n}, namespace: shop, creationTimestamp: '2026-03-01T1{n}:00:00Z', ownerReferences: [{{apiVersion: apps/v1, kind: StatefulSet, name: db, controller: true}}]}}, revision: {n}, data: {{spec: {{template: {{$patch: replace, spec: {{containers: [{{name: db, image: 'db:{n}'}}]}}}}}}}}}}"
        for n in (0, 1)
    )
    scene = _scene(f"{text}\n---\n{{kind: StatefulSet, metadata: {{name: db, namespace: shop}}}}")
    rollouts = [each.what for each in changes(scene, since=_DAY) if each.sort == "rollout"]
    assert rollouts == [
        "revision 1 rolled out: containers[db].image: db:0 → db:1",
        "revision 0 rolled out: db:0",
    ]


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ({}, {}, []),
        ({"a": [{"name": "x"}, {"name": "y"}]}, {"a": [{"name": "y"}, {"name": "x"}]}, []),
        ({"args": ["-a", "-b"]}, {"args": ["-a", "-c"]}, ["args: -a -b → -a -c"]),
        ({"a": True}, {"a": False}, ["a: true → false"]),
        ({"a": {"b": 1}}, {}, ["- a.b: 1"]),
        (None, {"a": 1}, ["+ a: 1"]),
        (
            {"metadata": {"labels": {"pod-template-hash": "1"}}},
            {"metadata": {"labels": {"pod-template-hash": "2"}}},
            [],
        ),
    ],
)
def test_a_difference_is_told_by_path(old: Any, new: Any, lines: list[str]) -> None:
    assert differences(old, new) == lines


@pytest.mark.parametrize(
    "odd", [None, "", "²", 10**30, True, [], [None], {}, {"a": None}, [[]], [{}]]
)
def test_odd_objects_give_a_timeline(odd: Any) -> None:
    objects = []
    for key in KINDS:
        name, _, group = key.partition(".")
        base = {"kind": name, "apiVersion": f"{group}/v1" if group else "v1"}
        objects += [
            {**base, "metadata": odd, "spec": odd, "status": odd, "data": odd, "revision": odd},
            {
                **base,
                "metadata": {
                    "name": "x",
                    "managedFields": [odd, {"manager": odd, "time": odd, "fieldsV1": odd}],
                    "creationTimestamp": odd,
                    "labels": {"owner": "helm", "modifiedAt": odd},
                },
                "spec": {"template": odd},
                "status": {"history": [odd], "artifact": odd, "conditions": [odd]},
            },
        ]
    scene = Scene.of([keep_history(key_of(obj), obj) for obj in objects], now=_NOW)
    for about in (None, *objects):
        found = changes(scene, since=_DAY, about=about)
        assert changes_text(found, now=_NOW, since=_DAY, max_bytes=2000)
