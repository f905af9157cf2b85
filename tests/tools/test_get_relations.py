"""get_relations, by its answers."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from kube_mcp.errors import InputError
from tests.support import build
from tests.support.api_server import FakeApiServer
from tests.tools.conftest import Ask


def shop(server: FakeApiServer) -> None:
    """A Deployment with its pod, a Service before it, a route to that, and a claim behind it."""
    web = build.deployment("web")
    replicas = build.replica_set("web-1", owner=web)
    pod = build.pod(
        "web-1-a",
        owner=replicas,
        labels={"app": "web"},
        patch={
            "spec": {
                "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
            }
        },
    )
    server.add(build.namespace("shop"), build.node("worker-1"), web, replicas, pod)
    server.add(build.service("web", patch={"spec": {"selector": {"app": "web"}}}))
    server.add(build.ingress("web"), build.claim("data"))


async def test_the_tree_goes_both_ways_from_the_object(server: FakeApiServer, ask: Ask) -> None:
    shop(server)
    assert await ask("get_relations", kind="pod", name="web-1-a", depth=1) == snapshot("""\
Pod shop/web-1-a: Running 1/1
  owned by ReplicaSet web-1: 1/1 ready
  selected by Service web: ClusterIP 80/TCP (app=web)
  uses PersistentVolumeClaim data: Pending (volume)
  runs as ServiceAccount default
  runs on Node worker-1: Ready\
""")


async def test_depth_is_how_far_it_goes(server: FakeApiServer, ask: Ask) -> None:
    shop(server)
    near = await ask("get_relations", kind="deploy", name="web", namespace="shop", depth=1)
    far = await ask("get_relations", kind="deploy", name="web", namespace="shop", depth=4)
    assert "Service web" not in near
    assert "Service web" in far


async def test_three_steps_lead_from_a_deployment_to_its_ingress(
    server: FakeApiServer, ask: Ask
) -> None:
    shop(server)
    assert await ask("get_relations", kind="deploy", name="web", namespace="shop") == snapshot("""\
Deployment shop/web: 1/1 ready
  owns ReplicaSet web-1: 1/1 ready
    owns Pod web-1-a: Running 1/1
      selected by Service web: ClusterIP 80/TCP (app=web)
        routed from Ingress web: shop.example.com (shop.example.com/ port 80)
      uses PersistentVolumeClaim data: Pending (volume)
        of class StorageClass standard: does not exist
      runs as ServiceAccount default
      runs on Node worker-1: Ready\
""")


async def test_what_every_pod_mounts_is_no_relation(server: FakeApiServer, ask: Ask) -> None:
    token = {"name": "kube-api-access-x", "projected": {"sources": [
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"configMap": {"name": "settings"}},
    ]}}  # fmt: skip
    server.add(build.namespace("shop"), build.pod("web", patch={"spec": {"volumes": [token]}}))
    answer = await ask("get_relations", kind="pod", name="web", namespace="shop")
    assert "uses ConfigMap settings" in answer
    assert "kube-root-ca.crt" not in answer


async def test_a_kind_that_may_not_be_read_is_named_not_left_out(
    server: FakeApiServer, ask: Ask
) -> None:
    shop(server)
    server.deny("list", "services")
    answer = await ask("get_relations", kind="pod", name="web-1-a", namespace="shop")
    assert "Service web" not in answer
    assert "Not read: may not list services in shop." in answer


async def test_an_object_whose_kind_may_not_be_listed_still_has_its_tree(
    server: FakeApiServer, ask: Ask
) -> None:
    shop(server)
    server.deny("list", "deployments.apps")
    answer = await ask("get_relations", kind="deploy", name="web", namespace="shop")
    assert answer.startswith("Deployment shop/web")
    assert "owns ReplicaSet web-1" in answer


async def test_what_a_node_runs_is_found_in_every_namespace(
    server: FakeApiServer, ask: Ask
) -> None:
    shop(server)
    server.add(build.pod("other", namespace="data"))
    answer = await ask("get_relations", kind="node", name="worker-1", depth=1)
    assert "runs Pod data/other" in answer
    assert "runs Pod shop/web-1-a" in answer


async def test_a_name_that_is_not_there_gets_a_suggestion(server: FakeApiServer, ask: Ask) -> None:
    shop(server)
    with pytest.raises(InputError, match=r"no Deployment 'wbe' in namespace shop\. Did you mean"):
        await ask("get_relations", kind="deploy", name="wbe", namespace="shop")
