"""Several kinds read at once, with what could not be read named beside them."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from kube_mcp.access.cluster import Cluster
from kube_mcp.access.gather import gather
from kube_mcp.access.policy import OPEN, Policy
from kube_mcp.diagnosis.shapes import SHAPES
from kube_mcp.diagnosis.slim import slim
from kube_mcp.errors import ClusterError, ServerFault, TimedOut, Unauthorized, Unreachable
from kube_mcp.kube.client import Client
from kube_mcp.scene import Scene, Unreadable
from tests.support import build
from tests.support.api_server import FakeApiServer


async def read(
    server: FakeApiServer,
    *kinds: str,
    namespace: str = "",
    policy: Policy = OPEN,
    deadline_s: float = 10.0,
    **more: Any,
) -> Scene:
    """A scene of these kinds."""
    return await gather(
        Cluster(Client(server), policy=policy), kinds, namespace=namespace, now=server.now,
        deadline_s=deadline_s, **more,
    )  # fmt: skip


async def test_every_kind_is_read_and_knows_what_it_is() -> None:
    server = FakeApiServer(build.pod("web-1"), build.node(), build.crd("example.com", "Widget"))
    server.add(build.obj("example.com/v1", "Widget", "w", namespace="shop"))
    scene = await read(server, "Pod", "Node", "Widget.example.com", "Deployment")
    assert [len(scene.all(kind)) for kind in ("Pod", "Node", "Widget.example.com")] == [1, 1, 1]
    assert scene.all("Deployment") == []
    assert scene.all("Pod")[0]["kind"] == "Pod"


async def test_a_403_makes_a_kind_unreadable_and_never_empty() -> None:
    server = FakeApiServer(build.pod("web-1"))
    server.deny("list", "pods")
    scene = await read(server, "Pod", "Node", namespace="shop")
    assert not scene.can_see("Pod")
    assert scene.can_see("Node")
    with pytest.raises(Unreadable, match="may not list pods in shop"):
        scene.all("Pod")


async def test_a_kind_that_is_not_served_is_absent_but_not_one_whose_group_is_down() -> None:
    server = FakeApiServer(build.node_metrics())
    server.fail_group("metrics.k8s.io/v1beta1")
    scene = await read(server, "Widget.example.com", "NodeMetrics.metrics.k8s.io")
    assert "Widget.example.com" in scene.absent
    assert "could not be read" in scene.why_not("NodeMetrics.metrics.k8s.io")


async def test_a_namespace_narrows_only_kinds_that_live_in_one() -> None:
    server = FakeApiServer(
        build.pod("a"), build.pod("b", namespace="other"), build.node("n1"), build.node("n2")
    )
    scene = await read(server, "Pod", "Node", namespace="shop")
    assert [each["metadata"]["name"] for each in scene.all("Pod")] == ["a"]
    assert len(scene.all("Node")) == 2


async def test_what_is_not_there_by_the_deadline_is_named_and_the_rest_is_told() -> None:
    server = FakeApiServer(build.pod("web-1"), build.node())
    with server.held("/api/v1/pods"), anyio.fail_after(5):
        scene = await read(server, "Pod", "Node", deadline_s=0.2)
    assert len(scene.all("Node")) == 1
    assert "took longer than 0 s" in scene.why_not("Pod")


async def test_objects_are_slimmed_by_kind_and_each_kind_is_told() -> None:
    server = FakeApiServer(build.pod("web-1"), build.node())
    told: list[str] = []
    scene = await read(
        server, "Pod", "Node", on_kind=told.append,
        keep=lambda key, item: {"kind": key, "metadata": item["metadata"]},
    )  # fmt: skip
    assert sorted(told) == ["Node", "Pod"]
    assert set(scene.all("Pod")[0]) == {"kind", "metadata"}


async def test_a_defect_of_our_own_is_not_hidden_as_a_gap() -> None:
    server = FakeApiServer(build.pod("web-1"))

    def broken(key: str, item: Any) -> Any:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await read(server, "Pod", keep=broken)


@pytest.mark.parametrize(
    ("code", "kind"), [(401, Unauthorized), (500, ServerFault), (504, TimedOut)]
)
async def test_where_an_outage_let_nothing_be_read_there_is_no_scene(
    code: int, kind: type[ClusterError]
) -> None:
    server = FakeApiServer(build.pod("web-1"), build.node())
    server.fail(code, "Broken", "etcdserver: no leader", times=1_000, path="/api/v1/*")
    with pytest.raises(kind):
        await read(server, "Pod", "Node", "Widget.example.com")


async def test_where_everything_is_late_that_is_an_error_and_no_scene() -> None:
    server = FakeApiServer(build.pod("web-1"))
    with (
        server.held("/api/v1/pods"),
        anyio.fail_after(5),
        pytest.raises(TimedOut, match="Reading pods took longer than 0 s"),
    ):
        await read(server, "Pod", deadline_s=0.2)


async def test_one_kind_that_cannot_be_read_is_a_gap_whatever_the_reason() -> None:
    server = FakeApiServer(build.pod("web-1"), build.node())
    server.fail(500, "Broken", "conversion webhook failed", times=1_000, path="/api/v1/pods")
    scene = await read(server, "Pod", "Node")
    assert len(scene.all("Node")) == 1
    assert scene.why_not("Pod") == "pods: conversion webhook failed"


async def test_a_server_that_is_gone_is_not_asked_for_every_kind() -> None:
    server = FakeApiServer(build.pod("web-1"))
    cluster = Cluster(Client(server))
    await cluster.resources()
    server.forget()
    # A fault that does not pass, so that each request is sent once.
    server.break_off(Unreachable("The API server cannot be connected to."))
    kinds = [each.kind for each in (await cluster.resources()).types if not each.group]
    with pytest.raises(Unreachable, match="cannot be connected to"):
        await gather(cluster, kinds, namespace="", now=server.now, deadline_s=10)
    assert server.count("/api/v1/*") <= 6


async def test_a_caller_who_goes_away_ends_the_reading() -> None:
    server = FakeApiServer(build.pod("web-1"))
    with server.held("/api/v1/pods") as gate, anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            group.start_soon(read, server, "Pod")
            await gate.waiting.wait()
            group.cancel_scope.cancel()
    assert server.count("/api/v1/pods") == 1


async def test_a_denied_kind_is_a_gap_in_the_policys_words() -> None:
    server = FakeApiServer(build.pod("web-1"))
    scene = await read(server, "Pod", policy=Policy(kinds_deny=("pods",)))
    assert scene.why_not("Pod") == "pods: This server does not show pods"


async def test_a_built_in_group_that_cannot_be_discovered_is_a_gap_not_an_absence() -> None:
    # Old-style discovery leaves the kinds of a group out where the group does not answer.
    server = FakeApiServer(build.pod("web-1"), aggregated=False)
    server.fail_group("apps/v1")
    scene = await read(server, "Deployment", "Pod", namespace="shop")
    assert "Deployment" not in scene.absent
    assert "the API group apps/v1 could not be read" in scene.why_not("Deployment")


async def test_a_kind_that_is_decoded_by_its_shape_is_hidden_and_masked_like_any_other() -> None:
    token = "ghp_" + "a1B2c3D4e5" * 3 + "f6G7h8"
    server = FakeApiServer(
        build.pod("web-1", labels={"note": token}), build.pod("safe", namespace="vault")
    )
    scene = await read(
        server, "Pod", policy=Policy(namespaces_deny=("vault",)), keep=slim, shapes=SHAPES
    )
    (pod,) = scene.all("Pod")
    assert (pod["kind"], pod["apiVersion"], pod["metadata"]["name"]) == ("Pod", "v1", "web-1")
    assert pod["metadata"]["labels"]["note"] == f"<masked: {len(token)} chars>"
