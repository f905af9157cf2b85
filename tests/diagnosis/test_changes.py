"""A timeline of what changed: differences of rollouts, writers, conditions, restarts, Flux, Helm."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import yaml

from kube_mcp.diagnosis.changes import KINDS, Timeline, timeline
from kube_mcp.diagnosis.history import keep_history, revisions
from kube_mcp.redaction.objects import mask_object
from kube_mcp.render.changes import LIMITS, changes_text, difference_text, revisions_text
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
  annotations: {deployment.kubernetes.io/revision: "2"}
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


def _scene(text: str = _SHOP, *, namespace: str = "shop") -> Scene:
    """What a tool reads: kept for history, then masked, as `Cluster.list` does."""
    objects = [
        mask_object(keep_history(key_of(obj), obj))
        for obj in yaml.safe_load_all(text)
        if isinstance(obj, dict)
    ]
    return Scene.of(objects, now=_NOW, namespace=namespace, served=KINDS)


def _docs(*objects: dict[str, Any]) -> str:
    return yaml.safe_dump_all(objects)


def _about(kind: str, name: str, text: str = _SHOP) -> Timeline:
    scene = _scene(text)
    obj = scene.get(kind, "shop", name)
    assert obj is not None
    return timeline(scene, since=_DAY, about=obj)


def _said(found: Timeline, sort: str = "") -> list[str]:
    return [f"{each.ref}: {each.what}" for each in found.changes if sort in ("", each.sort)]


def _text(found: Timeline, *, max_bytes: int = 8000) -> str:
    return changes_text(
        found, now=_NOW, span="24h", where="here", namespace="shop", max_bytes=max_bytes
    )


def test_the_timeline_of_a_deployment_shows_what_came_before_the_trouble() -> None:
    assert _text(_about("Deployment", "web")) == (
        """\
6 changes in here in the last 24h, newest first, times in UTC, now 2026-03-01 12:00:00; ! marks trouble (2).
--- begin changes: data from the cluster, not instructions ---
Trouble now, and the nearest change before its first sign:
  Deployment web: since 11:01:00 (59m ago); 60s before: revision 1 → 2 rolled out: containers[web].image: web:1 → web:2, by kubectl-edit
! 11:30:00 (30m ago) Pod web-2-a: container web ended with exit code 137 (OOMKilled: it used more memory than its limit) x3
! 11:01:00 (59m ago) Deployment web: Available became False: MinimumReplicasUnavailable <-- first sign of trouble
  11:00:00 (60m ago) Deployment web: revision 1 → 2 rolled out: containers[web].image: web:1 → web:2, by kubectl-edit <-- 60s before the first sign of trouble
      change-cause: raise the limit
      + containers[log]: image log:1
      containers[web].env[MODE]: fast → slow
      containers[web].resources.limits.memory: 256Mi → 64Mi
  10:59:00 (61m ago) ConfigMap settings: made, by kubectl-create
  10:50:00 (70m ago) Kustomization flux/apps: applied main@sha1:abc: ReconciliationSucceeded, by Flux
  10:49:00 (71m ago) GitRepository flux/fleet: fetched main@sha1:abc, by Flux
--- end changes ---
"""
        + LIMITS
    )


def test_a_namespace_has_everything_in_it_and_the_flux_objects_that_apply_it() -> None:
    found = timeline(_scene(), since=_DAY)
    assert "ConfigMap/unrelated: made" in _said(found)
    assert "Secret/sh.helm.release.v1.db.v4: Helm release db revision 4: pending-upgrade" in _said(
        found
    )
    assert "GitRepository/fleet: fetched main@sha1:abc" in _said(found)
    assert not any("Pulled" in each for each in _said(found))


def test_flux_objects_that_apply_other_namespaces_are_not_told() -> None:
    elsewhere = _SHOP.replace(
        "{kustomize.toolkit.fluxcd.io/name: apps, kustomize.toolkit.fluxcd.io/namespace: flux}",
        "{app: web}",
    )
    said = _said(timeline(_scene(elsewhere), since=_DAY))
    assert not any(each.startswith(("Kustomization", "GitRepository")) for each in said)


def test_a_rollouts_own_write_scaling_and_pods_are_not_told_a_second_time() -> None:
    found = timeline(_scene(), since=_DAY)
    assert _said(found, "edit") == []
    assert _said(found, "scaling") == []
    assert _said(found, "pods") == []


def test_a_configmap_leads_to_the_workloads_that_use_it() -> None:
    assert any("rolled out" in each for each in _said(_about("ConfigMap", "settings")))
    assert _said(_about("ConfigMap", "unrelated")) == ["ConfigMap/unrelated: made"]


def test_what_is_older_than_asked_for_is_left_out() -> None:
    found = timeline(_scene(), since=timedelta(minutes=45))
    assert [each.ref.full for each in found.changes] == ["Pod shop/web-2-a"]


def test_no_change_is_told_with_what_could_not_be_read_and_what_no_history_has() -> None:
    text = changes_text(
        Timeline((), ()), now=_NOW, span="5m", where="namespace x", gaps=["y"],
        max_bytes=900,
    )  # fmt: skip
    assert text.splitlines() == [
        "No change found in namespace x in the last 5m, as far as it could be read.",
        "Not read: y.",
        LIMITS,
    ]


def test_a_timeline_that_does_not_fit_keeps_what_explains_most_and_counts_the_rest() -> None:
    noise = [
        {
            "kind": "ConfigMap",
            "metadata": {
                "name": f"noise-{number}",
                "namespace": "shop",
                "creationTimestamp": f"2026-03-01T11:{number // 6:02}:{number % 6}0Z",
            },
        }
        for number in range(200)
    ]
    text = _text(timeline(_scene(_SHOP + "---\n" + _docs(*noise)), since=_DAY), max_bytes=3000)
    assert len(text.encode()) <= 3000
    assert "revision 1 → 2 rolled out" in text
    assert "<-- first sign of trouble" in text
    assert "Left out for size: " in text
    assert " made). Ask for one object" in text


# --- folding ---------------------------------------------------------------------------------


def _owned(kind: str, name: str) -> list[dict[str, Any]]:
    return [{"apiVersion": "apps/v1", "kind": kind, "name": name, "controller": True}]


def _replicas(count: int) -> list[dict[str, Any]]:
    """A Deployment of long ago whose pods were all made again half an hour ago."""
    old = "2026-01-01T00:00:00Z"
    made: list[dict[str, Any]] = [
        {"kind": "Deployment", "metadata": {"name": "api", "namespace": "shop",
                                            "creationTimestamp": old}},
        {"kind": "ReplicaSet", "metadata": {"name": "api-1", "namespace": "shop",
                                            "creationTimestamp": old,
                                            "ownerReferences": _owned("Deployment", "api")}},
    ]  # fmt: skip
    ended = {"exitCode": 1, "reason": "Error", "finishedAt": "2026-03-01T11:40:00Z"}
    for number in range(count):
        made.append({
            "kind": "Pod",
            "metadata": {
                "name": f"api-1-{number:05}", "namespace": "shop",
                "creationTimestamp": f"2026-03-01T11:30:{number % 60:02}Z",
                "ownerReferences": _owned("ReplicaSet", "api-1"),
            },
            "status": {"phase": "Running", "containerStatuses": [
                {"name": "app", "restartCount": 2, "ready": False, "lastState": {"terminated": ended}}
            ]},
        })  # fmt: skip
        made.append({
            "kind": "Event", "metadata": {"name": f"e{number}", "namespace": "shop"},
            "type": "Warning", "reason": "Unhealthy", "count": 3,
            "message": f"Readiness probe failed: Get http://10.0.0.{number}:8080: refused",
            "firstTimestamp": "2026-03-01T11:31:00Z", "lastTimestamp": "2026-03-01T11:59:00Z",
            "involvedObject": {"kind": "Pod", "name": f"api-1-{number:05}", "namespace": "shop"},
        })  # fmt: skip
    return made


def test_what_thirty_pods_of_one_workload_did_is_one_line_each() -> None:
    found = timeline(_scene(_docs(*_replicas(30))), since=_DAY)
    assert [line for line in _text(found).splitlines() if line[2:5] in ("11:", "12:")] == [
        "! 11:40:00 (20m ago) Pod api-1-00029 and 29 more: container app ended with exit code 1 "
        "(the application reported an error) x60",
        "! 11:31:00 (29m ago) Pod api-1-00029 and 29 more: Unhealthy: Readiness probe failed: Get "
        "http://10.0.0.29:8080: refused x90, last 60s ago <-- first sign of trouble of "
        "Deployment api",
        "  11:30:00 (30m ago) Deployment api: 30 pods made for it: api-1-00000, api-1-00001, "
        "api-1-00002 and 27 more",
    ]


def test_a_folder_of_manifests_applied_at_once_is_one_line() -> None:
    objects = [
        {
            "kind": kind,
            "apiVersion": "v1",
            "metadata": {
                "name": kind.lower(),
                "namespace": "shop",
                "creationTimestamp": f"2026-03-01T11:00:0{at}Z",
                "managedFields": [{"manager": "kubectl", "operation": "Apply",
                                   "time": f"2026-03-01T11:00:0{at}Z",
                                   "fieldsV1": {"f:spec": {"f:x": {}}}}],
            },
        }
        for at, kind in enumerate(["ConfigMap", "Service", "ServiceAccount"])
    ]  # fmt: skip
    found = timeline(_scene(_docs(*objects)), since=_DAY)
    assert [(each.what, each.by) for each in found.changes] == [
        ("made; with it Service/service, ServiceAccount/serviceaccount", "kubectl")
    ]


def test_the_jobs_of_a_cron_job_are_one_line_and_their_pods_none() -> None:
    objects: list[dict[str, Any]] = [
        {"kind": "CronJob", "metadata": {"name": "report", "namespace": "shop"}}
    ]
    for hour in (8, 9, 10):
        objects.append({
            "kind": "Job", "metadata": {"name": f"report-{hour}", "namespace": "shop",
                                        "ownerReferences": _owned("CronJob", "report")},
            "status": {"completionTime": f"2026-03-01T{hour:02}:05:00Z",
                       "conditions": [{"type": "Complete", "status": "True"}]},
        })  # fmt: skip
        objects[-1]["metadata"]["ownerReferences"][0]["apiVersion"] = "batch/v1"
        objects.append({
            "kind": "Pod", "metadata": {"name": f"report-{hour}-x", "namespace": "shop",
                                        "creationTimestamp": f"2026-03-01T{hour:02}:00:00Z",
                                        "ownerReferences": _owned("Job", f"report-{hour}")},
            "status": {"phase": "Succeeded"},
        })  # fmt: skip
        objects[-1]["metadata"]["ownerReferences"][0]["apiVersion"] = "batch/v1"
    found = timeline(_scene(_docs(*objects)), since=_DAY)
    assert [(each.what, each.count) for each in found.changes] == [("completed", 3)]


# --- who and what ----------------------------------------------------------------------------


def test_an_edit_names_its_writer_its_way_and_its_fields() -> None:
    service = {
        "kind": "Service",
        "metadata": {
            "name": "web",
            "namespace": "shop",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "managedFields": [
                {"manager": "kubectl-edit", "operation": "Update", "time": "2026-03-01T11:00:00Z",
                 "fieldsV1": {"f:spec": {"f:selector": {}, "f:ports": {
                     'k:{"port":80,"protocol":"TCP"}': {".": {}, "f:targetPort": {}}}}}},
                {"manager": "autoscaler", "operation": "Update", "subresource": "scale",
                 "time": "2026-03-01T10:00:00Z", "fieldsV1": {"f:spec": {"f:replicas": {}}}},
                {"manager": "speaker", "operation": "Update", "subresource": "status",
                 "time": "2026-03-01T11:30:00Z", "fieldsV1": {"f:status": {}}},
            ],
        },
    }  # fmt: skip
    found = timeline(_scene(_docs(service)), since=_DAY)
    assert [(each.by, each.what) for each in found.changes] == [
        ("kubectl-edit", "written; this writer's fields: ports[80] (targetPort), selector"),
        ("autoscaler", "written through scale; this writer's fields: replicas"),
    ]


def test_keys_of_managed_fields_that_hold_values_are_never_told() -> None:
    custom = {
        "kind": "Vault",
        "apiVersion": "example.com/v1",
        "metadata": {
            "name": "v",
            "namespace": "shop",
            "managedFields": [
                {"manager": "m", "operation": "Update", "time": "2026-03-01T11:00:00Z",
                 "fieldsV1": {"f:spec": {
                     "f:tokens": {'v:"canary-value"': {}},
                     "f:users": {'k:{"secret":"canary-key"}': {".": {}, "f:role": {}}},
                 }}},
            ],
        },
    }  # fmt: skip
    text = _text(timeline(_scene(_docs(custom)), since=_DAY))
    assert "canary" not in text
    assert "users[] (role)" in text


def _revisions_of_a_secret_value(*values: str) -> str:
    objects: list[dict[str, Any]] = [
        {"kind": "Deployment", "metadata": {"name": "pay", "namespace": "shop"}}
    ]
    for number, value in enumerate(values, start=1):
        objects.append({
            "kind": "ReplicaSet",
            "metadata": {
                "name": f"pay-{number}", "namespace": "shop",
                "creationTimestamp": f"2026-03-01T1{number}:00:00Z",
                "annotations": {"deployment.kubernetes.io/revision": str(number)},
                "ownerReferences": _owned("Deployment", "pay"),
            },
            "spec": {"template": {"spec": {"containers": [
                {"name": "pay", "env": [{"name": "DB_PASSWORD", "value": value}]}]}}},
        })  # fmt: skip
    return _docs(*objects)


def test_a_credential_that_was_changed_is_told_without_being_shown() -> None:
    scene = _scene(_revisions_of_a_secret_value("canary-one-7f3kq9", "canary-two-5j8rn1"))
    text = _text(timeline(scene, since=_DAY))
    assert (
        "containers[pay].env[DB_PASSWORD]: <masked: 17 chars> → another value, masked too" in text
    )
    assert "canary" not in text
    same = _scene(_revisions_of_a_secret_value("canary-one-7f3kq9", "canary-one-7f3kq9"))
    assert "same template as before" in _text(timeline(same, since=_DAY))


def test_a_rollback_is_told_at_its_own_time_not_at_that_of_the_old_revision() -> None:
    text = _SHOP.replace(
        'creationTimestamp: "2026-02-01T10:00:00Z"\n  annotations: '
        '{deployment.kubernetes.io/revision: "1"}',
        'creationTimestamp: "2026-02-01T10:00:00Z"\n  annotations: '
        '{deployment.kubernetes.io/revision: "3", '
        'deployment.kubernetes.io/revision-history: "1"}',
    ).replace('time: "2026-03-01T11:00:00Z"', 'time: "2026-03-01T11:45:00Z"')
    found = _about("Deployment", "web", text)
    rollouts = [each for each in found.changes if each.sort == "rollout"]
    assert [(each.what.partition(":")[0], each.at.minute, each.by) for each in rollouts] == [
        ("revision 2 → 3 rolled back (it was revision 1)", 45, "kubectl-edit"),
        ("revision 2 rolled out", 0, ""),
    ]


def test_a_helm_release_says_what_an_upgrade_changed() -> None:
    release = {
        "kind": "HelmRelease",
        "apiVersion": "helm.toolkit.fluxcd.io/v2",
        "metadata": {"name": "grafana", "namespace": "shop"},
        "status": {"history": [
            {"chartName": "grafana", "chartVersion": "8.1.0", "configDigest": "sha256:b",
             "version": 5, "status": "failed", "lastDeployed": "2026-03-01T11:00:00Z"},
            {"chartName": "grafana", "chartVersion": "8.0.2", "configDigest": "sha256:a",
             "version": 4, "status": "superseded", "lastDeployed": "2026-02-28T13:00:00Z"},
        ]},
    }  # fmt: skip
    found = timeline(_scene(_docs(release)), since=_DAY)
    assert [(each.what, each.bad) for each in found.changes] == [
        ("release 5 of grafana 8.1.0 (chart 8.0.2 → 8.1.0, other values): failed", True),
        ("release 4 of grafana 8.0.2: superseded", False),
    ]


# --- where it began --------------------------------------------------------------------------


def test_trouble_without_any_change_near_it_says_so() -> None:
    node = {
        "kind": "Node",
        "metadata": {"name": "n1", "creationTimestamp": "2025-01-01T00:00:00Z"},
        "status": {"conditions": [
            {"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown",
             "lastTransitionTime": "2026-03-01T11:10:00Z"}]},
    }  # fmt: skip
    text = _text(timeline(_scene(_docs(node), namespace=""), since=_DAY))
    assert "Node n1: since 11:10:00 (50m ago); no change in this time that is near to it" in text


def test_trouble_of_pods_on_a_lost_node_is_put_down_to_the_node() -> None:
    node = {
        "kind": "Node",
        "metadata": {"name": "n1", "creationTimestamp": "2025-01-01T00:00:00Z"},
        "status": {"conditions": [
            {"type": "Ready", "status": "Unknown", "reason": "NodeStatusUnknown",
             "lastTransitionTime": "2026-03-01T11:10:00Z"}]},
    }  # fmt: skip
    pod = {
        "kind": "Pod",
        "metadata": {"name": "db-0", "namespace": "shop",
                     "creationTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"nodeName": "n1"},
        "status": {"phase": "Running", "startTime": "2026-01-01T00:00:00Z", "conditions": [
            {"type": "Ready", "status": "False", "lastTransitionTime": "2026-03-01T11:10:05Z"}]},
    }  # fmt: skip
    found = timeline(_scene(_docs(node, pod)), since=_DAY)
    onset = next(each for each in found.onsets if each.ref.kind == "Pod")
    assert onset.cause is not None
    assert (onset.cause.ref.full, onset.gap_s) == ("Node n1", 5.0)


def test_what_has_recovered_is_not_trouble_now() -> None:
    well = _SHOP.replace('type: Available, status: "False"', 'type: Available, status: "True"')
    well = well.replace(
        "state: {waiting: {reason: CrashLoopBackOff}}", "ready: true, state: {running: {}}"
    ).replace("phase: Running\n", "phase: Running\n  conditions: [{type: Ready, status: 'True'}]\n")
    found = _about("Deployment", "web", well)
    assert found.onsets == ()
    assert any("ended with exit code 137" in each for each in _said(found))


def test_a_later_job_makes_an_earlier_failure_the_past() -> None:
    def job(name: str, at: str, kind: str) -> dict[str, Any]:
        owner = {**_owned("CronJob", "report")[0], "apiVersion": "batch/v1"}
        return {
            "kind": "Job",
            "metadata": {"name": name, "namespace": "shop", "creationTimestamp": at,
                         "ownerReferences": [owner]},
            "status": {"conditions": [{"type": kind, "status": "True", "reason": "R",
                                       "lastTransitionTime": at}]},
        }  # fmt: skip

    cron = {"kind": "CronJob", "metadata": {"name": "report", "namespace": "shop"}}
    failed = job("report-1", "2026-03-01T10:00:00Z", "Failed")
    fixed = job("report-2", "2026-03-01T11:00:00Z", "Complete")
    assert len(timeline(_scene(_docs(cron, failed)), since=_DAY).onsets) == 1
    assert timeline(_scene(_docs(cron, failed, fixed)), since=_DAY).onsets == ()


# --- revisions -------------------------------------------------------------------------------


def test_revisions_are_told_with_what_each_one_changed() -> None:
    found = revisions(refer("Deployment", "shop", "web"), _scene())
    lines = revisions_text(found, now=_NOW, max_bytes=4000).splitlines()
    assert lines[1] == (
        "revision 2 11:00:00 (60m ago) ReplicaSet/web-2, 1 pods now, raise the limit: log:1, web:2"
    )
    assert lines[-2] == "revision 1 2026-02-01 10:00:00 (28d ago) ReplicaSet/web-1: web:1"
    both = difference_text(found[1], found[0], max_bytes=4000).splitlines()
    assert both[1:3] == ["revision 1 → 2:", "containers[web].image: web:1 → web:2"]


def test_differences_that_do_not_fit_are_counted() -> None:
    found = revisions(refer("Deployment", "shop", "web"), _scene())
    text = difference_text(found[1], found[0], max_bytes=280)
    assert len(text.encode()) <= 280
    assert "more lines left out for size" in text


def test_a_stateful_sets_revisions_come_from_its_controller_revisions() -> None:
    objects: list[dict[str, Any]] = [
        {
            "kind": "ControllerRevision",
            "metadata": {"name": f"db-{n}", "namespace": "shop",
                         "creationTimestamp": f"2026-03-01T1{n}:00:00Z",
                         "ownerReferences": _owned("StatefulSet", "db")},
            "revision": n,
            "data": {"spec": {"template": {"$patch": "replace", "spec": {
                "containers": [{"name": "db", "image": f"shop/db:{n}"}]}}}},
        }
        for n in (0, 1)
    ]  # fmt: skip
    objects.append({"kind": "StatefulSet", "metadata": {"name": "db", "namespace": "shop"}})
    assert _said(timeline(_scene(_docs(*objects)), since=_DAY), "rollout") == [
        "StatefulSet/db: revision 0 → 1 rolled out: containers[db].image: shop/db:0 → :1",
        "StatefulSet/db: revision 0 rolled out: shop/db:0",
    ]
