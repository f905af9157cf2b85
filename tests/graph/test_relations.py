"""Relations, as the tree that a reader gets: the rendered text is the assertion."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from kube_mcp.graph.build import build, kinds, relations
from kube_mcp.graph.edge import INVERSE
from kube_mcp.graph.walk import around
from kube_mcp.render.relations import relations_text
from kube_mcp.scene import Scene, key_of, refer

_NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def _scene(text: str, **more: Any) -> Scene:
    return Scene.of(
        yaml.safe_load_all(text), now=_NOW, served=kinds() | more.pop("served", set()), **more
    )


def _tree(text: str, key: str, namespace: str, name: str, **limits: Any) -> str:
    scene = _scene(text)
    tree = around(build(scene), refer(key, namespace, name), **limits)
    return relations_text(tree, scene, max_bytes=4000)


_SHOP = """
{kind: Deployment, metadata: {name: web, namespace: shop, labels: {kustomize.toolkit.fluxcd.io/name: apps, kustomize.toolkit.fluxcd.io/namespace: flux-system}}, spec: {replicas: 1, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: web, envFrom: [{configMapRef: {name: settings}}]}]}}}, status: {readyReplicas: 1}}
---
{kind: ReplicaSet, metadata: {name: web-1, namespace: shop, ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, controller: true}]}, spec: {replicas: 1}, status: {readyReplicas: 1}}
---
{kind: Pod, metadata: {name: web-1-a, namespace: shop, labels: {app: web}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web-1, controller: true}]}, spec: {nodeName: worker-1, serviceAccountName: web, imagePullSecrets: [{name: pull}], containers: [{name: web, env: [{name: A, valueFrom: {secretKeyRef: {name: db, key: password}}}]}], volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]}, status: {phase: Running, containerStatuses: [{name: web, ready: true}]}}
---
{kind: Service, metadata: {name: web, namespace: shop}, spec: {selector: {app: web}, ports: [{port: 80}]}}
---
{kind: Ingress, metadata: {name: web, namespace: shop}, spec: {ingressClassName: traefik, tls: [{secretName: tls}], rules: [{host: shop.example, http: {paths: [{path: /, backend: {service: {name: web, port: {number: 80}}}}]}}]}}
---
{kind: HorizontalPodAutoscaler, metadata: {name: web, namespace: shop}, spec: {maxReplicas: 3, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}}}
---
{kind: PodDisruptionBudget, metadata: {name: web, namespace: shop}, spec: {selector: {matchLabels: {app: web}}}}
---
{kind: NetworkPolicy, metadata: {name: deny, namespace: shop}, spec: {podSelector: {}}}
---
{kind: PersistentVolumeClaim, metadata: {name: data, namespace: shop}, spec: {volumeName: pv-1, storageClassName: fast}, status: {phase: Bound}}
---
{kind: PersistentVolume, metadata: {name: pv-1}, status: {phase: Bound}}
---
{kind: Node, metadata: {name: worker-1}, status: {conditions: [{type: Ready, status: "True"}]}}
---
{apiVersion: kustomize.toolkit.fluxcd.io/v1, kind: Kustomization, metadata: {name: apps, namespace: flux-system}, spec: {sourceRef: {kind: GitRepository, name: fleet}}, status: {conditions: [{type: Ready, status: "True"}], inventory: {entries: [{id: shop_web__Service, v: v1}]}}}
"""


def test_the_tree_around_a_pod_goes_up_to_what_applies_it_and_down_to_what_it_uses() -> None:
    assert (
        _tree(_SHOP, "Pod", "shop", "web-1-a", depth=2)
        == """\
Pod shop/web-1-a: Running 1/1
  owned by ReplicaSet web-1: 1/1 ready
    owned by Deployment web: 1/1 ready
  selected by Service web: ClusterIP 80/TCP (app=web)
    applied by Kustomization flux-system/apps: Ready
    routed from Ingress web: shop.example (shop.example/ port 80)
  uses PersistentVolumeClaim data: Bound (volume)
    bound to PersistentVolume pv-1: Bound
    of class StorageClass fast: does not exist
  uses Secret db (password)
  uses Secret pull (imagePullSecrets)
  runs as ServiceAccount web
  runs on Node worker-1: Ready
  protected by PodDisruptionBudget web: 0 disruptions allowed (app=web)
  restricted by NetworkPolicy deny (every pod)"""
    )


def test_an_object_knows_who_uses_it() -> None:
    assert (
        _tree(_SHOP, "ConfigMap", "shop", "settings", depth=1)
        == """\
ConfigMap shop/settings
  used by Deployment web: 1/1 ready (environment)"""
    )


def test_a_relation_is_not_followed_back_to_everybody_else() -> None:
    text = _tree(
        _SHOP
        + """
---
{kind: Pod, metadata: {name: other, namespace: shop}, spec: {nodeName: worker-1}}
""",
        "Deployment",
        "shop",
        "web",
        depth=9,
    )
    assert "runs on Node worker-1: Ready" in text
    assert "other" not in text


def test_what_the_limits_keep_out_is_counted_where_it_was_left_out() -> None:
    pods = "\n---\n".join(
        f"{{kind: Pod, metadata: {{name: p{number}, namespace: shop, labels: {{app: web}}}}}}"
        for number in range(30)
    )
    service = (
        "{kind: Service, metadata: {name: web, namespace: shop}, spec: {selector: {app: web}}}"
    )
    text = _tree(f"{pods}\n---\n{service}", "Service", "shop", "web")
    assert text.count("selects Pod") == 8
    assert text.endswith("… left out: 22 selects")


def test_the_text_says_how_many_lines_it_left_out_and_what_was_not_read() -> None:
    scene = _scene(_SHOP, unreadable={"Secret": "may not list secrets in shop"})
    tree = around(build(scene), refer("Pod", "shop", "web-1-a"), depth=3)
    text = relations_text(tree, scene, max_bytes=300)
    assert len(text.encode()) <= 300
    assert "more lines left out for size)" in text
    assert text.endswith("Not read: may not list secrets in shop.")


_MORE = """
{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: r, namespace: a}, spec: {parentRefs: [{name: g, namespace: b, sectionName: web}], rules: [{backendRefs: [{name: s, port: 80}]}]}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: g, namespace: b}, spec: {gatewayClassName: c, listeners: [{name: web, tls: {certificateRefs: [{name: t}]}}]}}
---
{apiVersion: traefik.io/v1alpha1, kind: IngressRoute, metadata: {name: i, namespace: a}, spec: {routes: [{middlewares: [{name: m}, {name: x@file}], services: [{name: s, port: 80}]}], tls: {secretName: t}}}
---
{kind: RoleBinding, metadata: {name: rb, namespace: a}, roleRef: {kind: ClusterRole, name: view}, subjects: [{kind: ServiceAccount, name: sa}]}
---
{apiVersion: helm.toolkit.fluxcd.io/v2, kind: HelmRelease, metadata: {name: h, namespace: a}, spec: {chart: {spec: {sourceRef: {kind: HelmRepository, name: charts}}}, dependsOn: [{name: base}]}, status: {helmChart: a/a-h, inventory: {entries: [{id: a_s__Service, v: v1}]}}}
---
{apiVersion: cert-manager.io/v1, kind: Certificate, metadata: {name: c, namespace: a}, spec: {secretName: t, issuerRef: {kind: ClusterIssuer, name: le}}}
---
{apiVersion: bitnami.com/v1alpha1, kind: SealedSecret, metadata: {name: ss, namespace: a}}
---
{apiVersion: bitnami.com/v1alpha1, kind: SealedSecret, metadata: {name: st, namespace: a}, spec: {template: {metadata: {name: named}}}}
---
{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {name: es, namespace: a}, spec: {secretStoreRef: {name: vault}, dataFrom: [{sourceRef: {storeRef: {kind: ClusterSecretStore, name: shared}}}]}}
---
{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {name: et, namespace: a}, spec: {secretStoreRef: {kind: ClusterSecretStore, name: shared}, target: {name: env, creationPolicy: Merge}}}
---
{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {name: em, namespace: a}, spec: {secretStoreRef: {name: vault}, target: {manifest: {apiVersion: v1, kind: ConfigMap}}}}
---
{apiVersion: external-secrets.io/v1, kind: ExternalSecret, metadata: {name: en, namespace: a}, spec: {secretStoreRef: {name: vault}, target: {creationPolicy: None}}}
---
{kind: ValidatingWebhookConfiguration, metadata: {name: w}, webhooks: [{name: v.example, clientConfig: {service: {namespace: a, name: s}}}]}
---
{kind: EndpointSlice, metadata: {name: s-1, namespace: a, labels: {kubernetes.io/service-name: s}}, endpoints: [{conditions: {ready: false}}, {}]}
---
{kind: ServiceAccount, metadata: {name: sa, namespace: a}, imagePullSecrets: [{name: pull}]}
---
{kind: CronJob, metadata: {name: cj, namespace: a}, spec: {jobTemplate: {spec: {template: {spec: {priorityClassName: high, containers: [{name: x, envFrom: [{secretRef: {name: env}}]}]}}}}}}
"""


@pytest.mark.parametrize(
    "edge",
    [
        "HTTPRoute a/r attached to Gateway b/g (web)",
        "HTTPRoute a/r routes to Service a/s (80)",
        "Gateway b/g of class GatewayClass c ()",
        "Gateway b/g uses Secret b/t (web)",
        "IngressRoute a/i routes to Service a/s (80)",
        "IngressRoute a/i uses Middleware a/m (middleware)",
        "IngressRoute a/i uses Secret a/t (tls)",
        "RoleBinding a/rb grants ClusterRole view ()",
        "RoleBinding a/rb grants to ServiceAccount a/sa ()",
        "HelmRelease a/h takes from HelmRepository a/charts ()",
        "HelmRelease a/h takes from HelmChart a/a-h ()",
        "HelmRelease a/h depends on HelmRelease a/base ()",
        "HelmRelease a/h applies Service a/s ()",
        "Certificate a/c issued by ClusterIssuer le ()",
        "Certificate a/c makes Secret a/t ()",
        "SealedSecret a/ss makes Secret a/ss ()",
        "SealedSecret a/st makes Secret a/named ()",
        "ExternalSecret a/es makes Secret a/es ()",
        "ExternalSecret a/es takes from SecretStore a/vault ()",
        "ExternalSecret a/es takes from ClusterSecretStore shared ()",
        "ExternalSecret a/et makes Secret a/env (merges into it)",
        "ExternalSecret a/et takes from ClusterSecretStore shared ()",
        "ExternalSecret a/em makes ConfigMap a/em ()",
        "ValidatingWebhookConfiguration w calls Service a/s (v.example)",
        "Service a/s has endpoints EndpointSlice a/s-1 (1 of 2 ready)",
        "ServiceAccount a/sa uses Secret a/pull (imagePullSecrets)",
        "CronJob a/cj uses Secret a/env (environment)",
        "CronJob a/cj uses PriorityClass high (priorityClassName)",
    ],
)
def test_a_field_that_names_another_object_is_an_edge(edge: str) -> None:
    graph = build(_scene(_MORE))
    found = {
        f"{each.source.full} {each.word} {each.target.full} ({each.detail})"
        for edges in graph.outgoing.values()
        for each in edges
    }
    assert edge in found


def test_an_external_secret_that_makes_nothing_has_no_such_edge() -> None:
    graph = build(_scene(_MORE))
    made = [each.word for each in graph.out(refer("ExternalSecret.external-secrets.io", "a", "en"))]
    assert made == ["takes from"]


def test_an_issuer_or_store_that_is_not_there_is_told_from_one_that_was_not_read() -> None:
    pod = """
{kind: Pod, metadata: {name: web, namespace: a}, spec: {containers: [{name: web, envFrom: [{secretRef: {name: env}}, {secretRef: {name: t}}]}]}}
---
{apiVersion: external-secrets.io/v1, kind: ClusterSecretStore, metadata: {name: other}}
---
"""
    scene = _scene(pod + _MORE)
    tree = around(build(scene), refer("Pod", "a", "web"), depth=3)
    assert relations_text(tree, scene, max_bytes=4000).splitlines()[1:] == [
        "  uses Secret env (environment)",
        "    made by ExternalSecret et (merges into it)",
        "      takes from ClusterSecretStore shared: does not exist",
        "  uses Secret t (environment)",
        "    made by Certificate c",
        "      issued by ClusterIssuer le: does not exist",
    ]

    hidden = {"ClusterIssuer.cert-manager.io": "may not list clusterissuers.cert-manager.io"}
    scene = _scene(pod + _MORE, unreadable=hidden)
    tree = around(build(scene), refer("Pod", "a", "web"), depth=3)
    lines = relations_text(tree, scene, max_bytes=4000).splitlines()
    assert "      issued by ClusterIssuer le" in lines


def test_every_word_reads_from_both_ends_and_every_relation_names_its_kinds() -> None:
    for text in (_SHOP, _MORE):
        for edges in build(_scene(text)).outgoing.values():
            assert all(each.word in INVERSE for each in edges)
    assert all(each.kinds for each in relations())


@pytest.mark.parametrize(
    "odd", [None, "", "²", 10**30, True, [], [None], {}, {"a": None}, [[]], [{}]]
)
def test_an_odd_object_of_any_kind_has_relations_too(odd: Any) -> None:
    objects: list[dict[str, Any]] = []
    for key in sorted(kinds()):
        name, _, group = key.partition(".")
        base = {"kind": name, "apiVersion": f"{group}/v1" if group else "v1"}
        objects += [
            {**base, "metadata": odd, "spec": odd, "status": odd, "webhooks": odd, "roleRef": odd},
            {**base, "metadata": {"name": "x", "ownerReferences": odd, "labels": odd}, "spec": odd},
            {
                **base,
                "metadata": {"name": "y", "namespace": "z"},
                "spec": {
                    "selector": odd,
                    "podSelector": odd,
                    "rules": [odd, {"backendRefs": odd, "http": odd}],
                    "containers": [odd, {"env": odd, "envFrom": [odd]}],
                    "volumes": [odd],
                    "template": {"spec": odd},
                    "parentRefs": [odd],
                    "tls": [odd],
                    "routes": [odd, {"services": [odd]}],
                    "sourceRef": odd,
                    "dependsOn": [odd],
                },
                "status": {"inventory": {"entries": [odd]}},
                "subjects": [odd],
            },
        ]
    assert {key_of(obj) for obj in objects} == kinds()
    scene = Scene.of(objects, now=_NOW)
    tree = around(build(scene), refer("Pod", "z", "y"), depth=4)
    assert relations_text(tree, scene, max_bytes=2000)
