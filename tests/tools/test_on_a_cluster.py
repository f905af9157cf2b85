"""Every tool on a real API server, with a real kubelet's answers behind it."""

from __future__ import annotations

import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from kube_mcp.access.clusters import Clusters, ClusterSource
from kube_mcp.errors import InputError, KubeMcpError, Rejected
from kube_mcp.kube import kubeconfig
from kube_mcp.kube.client import GuardOptions
from kube_mcp.kube.pool import open_pool
from kube_mcp.tools._call import Call
from testbed.bed import Bed
from tests.support.canary_shop import helm_release
from tests.support.helm import helm
from tests.support.tools import ToolUnavailable
from tests.tools.conftest import TOOLS

ALLOW = GuardOptions(access_reviews=True, helm_release_secrets=True)

OBJECTS = """
apiVersion: v1
kind: Pod
metadata: {name: web-1, labels: {app: web}}
spec:
  nodeName: node-1
  containers:
    - name: app
      image: registry.example.com/web:1.4.2
      resources: {requests: {cpu: 100m, memory: 64Mi}, limits: {memory: 128Mi}}
      env: [{name: DB_PASSWORD, value: not-for-your-eyes-1}]
status:
  phase: Running
  conditions: [{type: Ready, status: "True"}]
  podIP: 10.1.2.3
  podIPs: [{ip: 10.1.2.3}]
  containerStatuses:
    - {name: app, ready: true, restartCount: 2, image: i, imageID: i, containerID: "containerd://b",
       state: {running: {startedAt: "${now-1h}"}},
       lastState: {terminated: {exitCode: 137, reason: OOMKilled, containerID: "containerd://a",
                   finishedAt: "${now-1h}"}}}
---
apiVersion: v1
kind: Pod
metadata: {name: cart-1, labels: {app: cart}}
spec:
  nodeName: node-1
  containers: [{name: app, image: "registry.example.com/cart:nope"}]
status:
  phase: Pending
  containerStatuses:
    - {name: app, ready: false, restartCount: 0, image: i, imageID: "",
       state: {waiting: {reason: ImagePullBackOff, message: "Back-off pulling image"}}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {LOG_LEVEL: debug, app.ini: "[db]\\npassword=not-for-your-eyes-2\\n"}
---
apiVersion: v1
kind: Secret
metadata: {name: db}
stringData: {password: not-for-your-eyes-3}
"""

EVENT = {
    "apiVersion": "v1", "kind": "Event", "metadata": {"name": "cart-1.1"}, "type": "Warning",
    "reason": "Failed", "message": "Failed to pull image", "count": 4,
    "source": {"component": "kubelet"},
}  # fmt: skip

Ask = Callable[..., Awaitable[str]]


@pytest.fixture
async def asked(bed: Bed) -> AsyncIterator[Ask]:
    """``await asked("list_resources", kind="pods")`` as the bed's administrator."""
    config = kubeconfig.load(str(bed.kubeconfig_file), environ={})
    clusters = Clusters(
        [ClusterSource("bed", lambda: open_pool(config, environ=os.environ))], allow=ALLOW
    )

    async def ask(tool_name: str, /, **arguments: Any) -> str:
        tool = TOOLS[tool_name]
        return await tool.run(tool.parse(arguments), Call(await clusters.open("", None)))

    yield ask
    await clusters.aclose()


@pytest.fixture
def shop(bed: Bed, namespace: str) -> Iterator[str]:
    """A namespace with a good pod, a bad one, and what belongs to them."""
    bed.apply(OBJECTS, namespace=namespace)
    about = {"apiVersion": "v1", "kind": "Pod", "name": "cart-1", "namespace": namespace}
    bed.apply([{**EVENT, "involvedObject": about}], namespace=namespace)
    bed.kubelet.put(
        namespace,
        {
            "logs": [
                {"pod": "web-1", "lines": ["listening", "GET /healthz 200", "GET / 500 boom"]},
                {"pod": "web-1", "previous": True, "lines": ["allocating", "killed"]},
            ],
            "metrics": {"pods": [{"pod": "web-1", "cpu": "50m", "memory": "120Mi"}]},
        },
    )
    yield namespace
    bed.kubelet.drop(namespace)


async def test_list_resources_prints_the_servers_own_columns(asked: Ask, shop: str) -> None:
    answer = await asked("list_resources", kind="po", namespace=shop)
    lines = answer.splitlines()
    assert lines[0] == f"2 pods in {shop}:"
    assert lines[1].split() == ["NAME", "READY", "STATUS", "RESTARTS", "AGE"]
    assert re.match(r"cart-1 +0/1 +ImagePullBackOff +0 ", lines[2])
    assert re.match(r"web-1 +1/1 +Running +2 \(\d+m ago\)", lines[3])


async def test_list_resources_pages_sorts_counts_and_reads_fields(asked: Ask, shop: str) -> None:
    answer = await asked("list_resources", kind="pods", namespace=shop, limit=1, sort="-restarts")
    assert "web-1" in answer
    cursor = re.search(r"cursor='([^']+)'", answer)
    assert cursor is not None
    answer = await asked(
        "list_resources", kind="pods", namespace=shop, limit=1, sort="-restarts", cursor=cursor[1]
    )
    assert "cart-1" in answer
    assert "cursor=" not in answer
    answer = await asked("list_resources", kind="pods", namespace=shop, count_by="status")
    assert "ImagePullBackOff  1" in answer
    answer = await asked(
        "list_resources", kind="pods", field_selector=f"metadata.namespace={shop}",
        columns=["images", ".status.phase", "label:app"],
    )  # fmt: skip
    assert re.search(rf"{shop} +web-1 +registry.example.com/web:1.4.2 +Running +web", answer)


async def test_list_resources_tells_the_servers_reason_for_a_refusal(asked: Ask, shop: str) -> None:
    with pytest.raises(Rejected, match=r"field label not supported: spec\.bogus"):
        await asked("list_resources", kind="pods", namespace=shop, field_selector="spec.bogus=1")


async def test_get_resource_describes_quotes_and_masks(asked: Ask, shop: str) -> None:
    answer = await asked("get_resource", kind="pod", name="web-1", namespace=shop)
    assert "last run ended: OOMKilled, exit code 137" in answer
    assert "requests cpu=100m memory=64Mi, limits memory=128Mi" in answer
    assert "not-for-your-eyes" not in answer
    answer = await asked("get_resource", kind="svc", name="web", namespace=shop)
    assert "pods matching app=web (1):" in answer
    answer = await asked("get_resource", kind="pod", name="cart-1", namespace=shop)
    assert "Warning Failed Pod cart-1 (x4" in answer
    yaml = await asked("get_resource", kind="cm", name="settings", namespace=shop, view="yaml")
    assert "LOG_LEVEL: debug" in yaml
    assert "not-for-your-eyes" not in yaml
    assert "managedFields" not in yaml


async def test_get_resource_never_has_the_values_of_a_secret(asked: Ask, shop: str) -> None:
    for view in ("summary", "yaml"):
        answer = await asked("get_resource", kind="secret", name="db", namespace=shop, view=view)
        assert "not-for-your-eyes" not in answer
        assert "bm90LWZvci15" not in answer
    assert "type: Opaque, data: 1" in await asked(
        "get_resource", kind="secret", name="db", namespace=shop
    )


async def test_get_logs_reads_now_before_and_by_pattern(asked: Ask, shop: str) -> None:
    answer = await asked("get_logs", name="web-1", namespace=shop)
    assert "GET / 500 boom" in answer
    assert "the run before ended with exit code 137 (OOMKilled)" in answer
    answer = await asked("get_logs", name="web-1", namespace=shop, previous=True)
    assert "allocating" in answer
    answer = await asked("get_logs", kind="svc", name="web", namespace=shop, include="boom")
    assert "The filter hid 2 of 3 lines." in answer
    answer = await asked("get_logs", name="cart-1", namespace=shop)
    assert "no log, the container waits: ImagePullBackOff" in answer


async def test_get_logs_explains_a_missing_previous_log(asked: Ask, shop: str) -> None:
    answer = await asked("get_logs", name="cart-1", namespace=shop, container="app", previous=True)
    assert "no previous log, because the container has not been restarted" in answer


async def test_get_events_finds_them_by_object_and_reason(asked: Ask, shop: str) -> None:
    answer = await asked("get_events", kind="pod", name="cart-1", namespace=shop)
    assert "Warning Failed Pod cart-1 (x4" in answer
    answer = await asked("get_events", namespace=shop, type="Warning", reason="Failed")
    assert "1 event in namespace" in answer
    assert "No events" in await asked("get_events", namespace=shop, type="Normal")


async def test_search_finds_names_images_and_content(asked: Ask, shop: str) -> None:
    assert "Pod" in await asked("search", text="web:1.4", namespace=shop)
    answer = await asked("search", text="log_level", where=["content"], namespace=shop)
    assert f"ConfigMap {shop}/settings" in answer
    answer = await asked("search", text="not-for-your", where=["content"], kinds=["all"])
    assert "0 matches" in answer


async def test_top_puts_usage_beside_limits(asked: Ask, shop: str) -> None:
    answer = await asked("top", namespace=shop)
    row = next(line for line in answer.splitlines() if line.startswith("web-1"))
    assert "120Mi (94%)" in row
    assert "node-1" in await asked("top", what="nodes")


async def test_explain_resource_knows_built_in_and_custom_kinds(asked: Ask, bed: Bed) -> None:
    answer = await asked("explain_resource", kind="deploy", field="spec.strategy")
    assert "Deployment.spec.strategy (apps/v1) <DeploymentStrategy>" in answer
    assert "rollingUpdate <RollingUpdateDeployment>" in answer
    with pytest.raises(InputError, match=r"Did you mean 'replicas'"):
        await asked("explain_resource", kind="deploy", field="spec.replcas")


async def test_api_resources_and_check_access_tell_what_there_is_and_may_be_read(
    asked: Ask, shop: str
) -> None:
    assert "deployments.apps" in await asked("api_resources", search="deploy")
    answer = await asked("check_access", verb="list", kind="pods", namespace=shop)
    assert answer.startswith(f"This connection may list pods in namespace {shop}.")
    answer = await asked(
        "check_access", verb="list", kind="secrets", namespace=shop, subject=f"sa:{shop}/default"
    )
    assert "may NOT list secrets" in answer
    assert "*.*" in await asked("check_access", namespace=shop)


async def test_cluster_overview_counts_what_is_there(asked: Ask, shop: str) -> None:
    answer = await asked("cluster_overview")
    assert re.search(r"Kubernetes v1\.\d+", answer)
    assert "Nodes: " in answer
    assert f"Pod {shop}/cart-1" in answer


async def test_diagnose_names_what_killed_a_container(asked: Ask, shop: str) -> None:
    answer = await asked("diagnose", namespace=shop)
    assert "container-out-of-memory" in answer
    assert "not-for-your-eyes" not in answer


async def test_a_kind_installed_a_moment_ago_is_found(asked: Ask, bed: Bed, shop: str) -> None:
    async def answered() -> str | None:
        try:
            return await asked("list_resources", kind="freshthings.tools.example.com")
        except KubeMcpError:
            return None

    assert await answered() is None
    bed.apply(
        """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: freshthings.tools.example.com}
spec:
  group: tools.example.com
  scope: Namespaced
  names: {kind: FreshThing, plural: freshthings, singular: freshthing, shortNames: [ft]}
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
"""
    )
    with anyio.fail_after(20):
        # The API server serves a new kind after a moment, and nothing tells when.
        while (answer := await answered()) is None:  # noqa: ASYNC110
            await anyio.sleep(0.2)
    assert answer.startswith("No freshthings")


def packaged(folder: Path) -> Path:
    """A chart that makes one ConfigMap."""
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text(
        "apiVersion: v2\nname: tiny\nversion: 1.0.0\nappVersion: '7'\n"
    )
    (folder / "values.yaml").write_text("color: red\n")
    (folder / "templates/cm.yaml").write_text(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\n"
        "data:\n  color: {{ .Values.color }}\n"
    )
    (folder / "templates/NOTES.txt").write_text("Painted {{ .Values.color }}.\n")
    return folder


@pytest.mark.parametrize("version", ["helm3", "helm4"])
async def test_a_release_of_the_real_helm_is_told_with_what_changed(
    asked: Ask, bed: Bed, namespace: str, tmp_path: Path, version: str
) -> None:
    chart = packaged(tmp_path / "tiny")
    where = ("--namespace", namespace, "--kubeconfig", str(bed.kubeconfig_file))
    env = {**os.environ, "HELM_CACHE_HOME": str(tmp_path), "HELM_CONFIG_HOME": str(tmp_path)}
    try:
        helm("install", "shop", str(chart), *where, "--set", "color=green,password=hush-hush-1",
             version=version, env=env)  # fmt: skip
    except ToolUnavailable as missing:
        pytest.skip(str(missing))
    helm("upgrade", "shop", str(chart), *where, "--set", "color=blue,password=hush-hush-2",
         version=version, env=env)  # fmt: skip
    answer = await asked("get_helm_release", namespace=namespace)
    assert re.search(rf"{namespace} +shop +2 +deployed +tiny-1\.0\.0 +7 ", answer)
    answer = await asked("get_helm_release", name="shop", namespace=namespace)
    assert f"Helm release {namespace}/shop: revision 2, deployed, chart tiny-1.0.0, app 7" in answer
    assert "~ .color: green -> blue" in answer
    assert "~ .password: <masked: 11 chars> -> <masked: 11 chars> (another one)" in answer
    assert "Painted blue." in answer
    assert "hush-hush" not in answer


async def test_a_release_secret_of_another_type_is_not_read(
    asked: Ask, bed: Bed, namespace: str
) -> None:
    decoy = helm_release("shop", namespace=namespace, revision=2, values={"note": "canary-value"})
    decoy["type"] = "Opaque"
    bed.apply([helm_release("shop", namespace=namespace), decoy], namespace=namespace)
    with pytest.raises(InputError, match=r"Revision 2 of 'shop' was not read: .* is gone"):
        await asked("get_helm_release", name="shop", namespace=namespace)
