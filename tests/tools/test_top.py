"""top, by its answers."""

from __future__ import annotations

import pytest
from inline_snapshot import snapshot

from kube_mcp.access.policy import Policy
from kube_mcp.errors import Forbidden, InputError
from tests.support import build
from tests.support.api_server import FakeApiServer
from tests.support.build import container
from tests.tools.conftest import Ask


def sized(name: str, *, cpu: str, memory: str, limit: str = "", **fields: str) -> build.Object:
    limits = {"memory": limit} if limit else None
    return build.pod(
        name,
        containers=[container(requests={"cpu": cpu, "memory": memory}, limits=limits)],
        **fields,
    )


async def test_the_pod_nearest_to_its_limit_comes_first(server: FakeApiServer, ask: Ask) -> None:
    calm = sized("calm", cpu="100m", memory="64Mi", limit="1Gi")
    tight = sized("tight", cpu="100m", memory="64Mi", limit="128Mi")
    unlimited = sized("unlimited", cpu="100m", memory="64Mi")
    fresh = sized("fresh", cpu="1", memory="8Gi", limit="8Gi")
    server.add(calm, tight, unlimited, fresh)
    server.add(
        build.pod_metrics(calm, memory="512Mi"),
        build.pod_metrics(tight, memory="120Mi", cpu="90m"),
        build.pod_metrics(unlimited, memory="80Mi"),
    )
    assert await ask("top", namespace="shop") == snapshot("""\
4 unfinished pods in shop, tightest first:
NAME       CPU USED   CPU REQUEST  CPU LIMIT  MEM USED     MEM REQUEST  MEM LIMIT
tight      90m (90%)  100m         -          120Mi (94%)  64Mi         128Mi
unlimited  10m (10%)  100m         -          80Mi (125%)  64Mi         -
calm       10m (10%)  100m         -          512Mi (50%)  64Mi         1Gi
fresh      -          1            -          -            8Gi          8Gi
1 is not measured: not running, or started within the last minute.\
""")


async def test_without_a_metrics_api_it_shows_requests_and_says_so(
    server: FakeApiServer, ask: Ask
) -> None:
    server.add(sized("a", cpu="100m", memory="64Mi"), sized("b", cpu="1", memory="1Gi"))
    assert await ask("top") == snapshot("""\
2 unfinished pods in all namespaces, largest memory request first:
NAMESPACE  NAME  CPU REQUEST  CPU LIMIT  MEM REQUEST  MEM LIMIT
shop       b     1            -          1Gi          -
shop       a     100m         -          64Mi         -
Usage is not shown: this cluster serves no metrics API (metrics-server is not installed).\
""")


async def test_a_metrics_api_that_is_down_is_not_taken_for_none(
    server: FakeApiServer, ask: Ask
) -> None:
    pod = sized("a", cpu="100m", memory="64Mi")
    server.add(pod, build.pod_metrics(pod))
    server.fail_group("metrics.k8s.io/v1beta1")
    answer = await ask("top")
    assert "Usage is not shown: its API service does not answer." in answer


async def test_forbidden_metrics_are_told_with_what_to_grant(
    server: FakeApiServer, ask: Ask
) -> None:
    pod = sized("a", cpu="100m", memory="64Mi")
    server.add(pod, build.pod_metrics(pod))
    server.deny("list", "pods.metrics.k8s.io")
    answer = await ask("top")
    assert "Usage is not shown: Not allowed (403)" in answer
    assert 'apiGroups ["metrics.k8s.io"]' in answer


async def test_containers_stand_each_on_their_own(server: FakeApiServer, ask: Ask) -> None:
    pod = build.pod(
        "web-1",
        containers=[
            container("app", requests={"cpu": "100m", "memory": "64Mi"}),
            container("proxy", limits={"memory": "32Mi"}),
        ],
    )
    server.add(pod, build.pod_metrics(pod, cpu="50m", memory="30Mi"))
    assert await ask("top", what="containers", namespace="shop") == snapshot("""\
2 unfinished containers in shop, tightest first:
NAME   CONTAINER  CPU USED   CPU REQUEST  CPU LIMIT  MEM USED    MEM REQUEST  MEM LIMIT
web-1  proxy      50m        -            -          30Mi (94%)  -            32Mi
web-1  app        50m (50%)  100m         -          30Mi (47%)  64Mi         -\
""")


async def test_a_pods_limit_counts_only_where_every_container_has_one(
    server: FakeApiServer, ask: Ask
) -> None:
    server.add(
        build.pod(
            "web-1",
            containers=[
                container("app", limits={"memory": "64Mi"}), container("proxy"),
            ],
        )
    )  # fmt: skip
    row = (await ask("top", namespace="shop")).splitlines()[2]
    # A limit without a request is the request, too; that of the pod as a whole is not known.
    assert row.split() == ["web-1", "-", "-", "64Mi", "-"]


async def test_what_a_pod_asks_for_as_a_whole_stands_above_its_containers(
    server: FakeApiServer, ask: Ask
) -> None:
    whole = {"requests": {"cpu": "2", "memory": "512Mi"}, "limits": {"cpu": "3", "memory": "1Gi"}}
    server.add(
        build.pod(
            "web-1",
            containers=[container(requests={"cpu": "100m", "memory": "64Mi"})],
            patch={"spec": {"resources": whole}},
        )
    )
    assert await ask("top", namespace="shop") == snapshot("""\
1 unfinished pod in shop, largest memory request first:
NAME   CPU REQUEST  CPU LIMIT  MEM REQUEST  MEM LIMIT
web-1  2            3          512Mi        1Gi
Usage is not shown: this cluster serves no metrics API (metrics-server is not installed).\
""")


async def test_nodes_show_usage_requests_and_pods_against_allocatable(
    server: FakeApiServer, ask: Ask
) -> None:
    server.add(build.node("worker-1"), build.node("worker-2"))
    server.add(
        sized("a", cpu="1", memory="1Gi"), sized("b", cpu="500m", memory="1Gi", node="worker-2"),
        build.pod("done", phase="Succeeded"),
    )  # fmt: skip
    server.add(build.node_metrics("worker-1"), build.node_metrics("worker-2", cpu="3900m"))
    assert await ask("top", what="nodes") == snapshot("""\
2 nodes, tightest first:
NODE      CPU USED    CPU REQUEST  CPU ALLOCATABLE  MEM USED   MEM REQUEST  MEM ALLOCATABLE  PODS
worker-2  3.9 (98%)   500m (12%)   4                4Gi (25%)  1Gi (6%)     16Gi             1/110
worker-1  500m (12%)  1 (25%)      4                4Gi (25%)  1Gi (6%)     16Gi             1/110\
""")
    server.deny("list", "pods")
    assert await ask("top", what="nodes", node="worker-1") == snapshot("""\
1 node, tightest first:
NODE      CPU USED    CPU REQUEST  CPU ALLOCATABLE  MEM USED   MEM REQUEST  MEM ALLOCATABLE
worker-1  500m (12%)  -            4                4Gi (25%)  -            16Gi
Requests and pods are not shown: may not list pods\
""")


async def test_pods_of_one_node_and_by_label(server: FakeApiServer, ask: Ask) -> None:
    server.add(sized("a", cpu="1", memory="1Gi"), sized("b", cpu="1", memory="1Gi", node="n2"))
    answer = await ask("top", node="n2")
    assert answer.startswith("1 unfinished pod in all namespaces on node n2")
    assert "shop       b" in answer
    answer = await ask("top", label_selector="app=none")
    assert answer == "0 unfinished pods in all namespaces matching app=none."
    answer = await ask("top", node="n2,spec.x=y")
    assert answer.startswith("0 unfinished pods")


async def test_rows_sort_and_are_counted_where_they_are_cut(
    server: FakeApiServer, ask: Ask
) -> None:
    for number in range(40):
        pod = sized(f"p-{number:02}", cpu="100m", memory="64Mi")
        server.add(pod, build.pod_metrics(pod, cpu=f"{number}m"))
    answer = await ask("top", namespace="shop", sort="cpu", limit=2)
    assert [line.split()[0] for line in answer.splitlines()[2:4]] == ["p-39", "p-38"]
    assert "(38 more: raise limit" in answer
    answer = await ask("top", namespace="shop", sort="name", limit=1)
    assert "p-00" in answer


async def test_forbidden_pods_are_an_error(server: FakeApiServer, ask: Ask) -> None:
    server.deny("list", "pods")
    with pytest.raises(Forbidden):
        await ask("top")
    server.deny("list", "nodes")
    with pytest.raises(Forbidden):
        await ask("top", what="nodes")


async def test_a_misspelt_namespace_or_view_is_an_error(server: FakeApiServer, ask: Ask) -> None:
    server.add(build.namespace("shop"))
    with pytest.raises(InputError, match="Did you mean 'shop'"):
        await ask("top", namespace="sho")
    with pytest.raises(InputError, match="what: invalid enum value 'node'"):
        await ask("top", what="node")


async def test_pods_of_hidden_namespaces_do_not_count(server: FakeApiServer, ask: Ask) -> None:
    server.add(build.node("worker-1"), sized("a", cpu="1", memory="1Gi", namespace="vault"))
    policy = Policy(namespaces_deny=("vault",))
    answer = await ask("top", policy=policy)
    assert answer == "0 unfinished pods in the namespaces this server shows."
    answer = await ask("top", what="nodes", policy=policy)
    assert "only those of the namespaces this server shows" in answer


async def test_the_answer_keeps_to_its_budget(server: FakeApiServer, ask: Ask) -> None:
    server.add(*(sized(f"p-{'long-' * 20}{n}", cpu="1", memory="1Gi") for n in range(200)))
    answer = await ask("top", limit=200, max_bytes=6_000)
    assert len(answer.encode()) <= 6_000
    assert "more: raise limit" in answer
