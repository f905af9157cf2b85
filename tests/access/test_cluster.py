"""One cluster as one caller may see it: masked, and narrowed by the policy."""

from __future__ import annotations

from typing import Any

import pytest

from kube_mcp.access.cluster import Cluster
from kube_mcp.access.policy import Policy
from kube_mcp.errors import Forbidden, NotAllowed
from kube_mcp.kube.client import Client
from kube_mcp.kube.logs import LogQuery
from kube_mcp.objects import ResourceType
from tests.support import build
from tests.support.api_server import FakeApiServer

PODS = ResourceType("", "v1", "pods", "Pod", namespaced=True)
SECRETS = ResourceType("", "v1", "secrets", "Secret", namespaced=True)
NAMESPACES = ResourceType("", "v1", "namespaces", "Namespace", namespaced=False)
CONFIG_MAPS = ResourceType("", "v1", "configmaps", "ConfigMap", namespaced=True)
EVENTS = ResourceType("", "v1", "events", "Event", namespaced=True)
WIDGETS = ResourceType("example.com", "v1", "widgets", "Widget", namespaced=True)


def cluster(server: FakeApiServer, **policy: Any) -> Cluster:
    """The cluster of a server, under a policy."""
    return Cluster(Client(server), policy=Policy(**policy))


def names(items: list[Any]) -> list[str]:
    return [item["metadata"]["name"] for item in items]


async def test_objects_come_masked_one_by_one_and_as_a_list() -> None:
    pod = build.pod("web-1", containers=[build.container(env={"DB_PASSWORD": "canary-1"})])
    server = FakeApiServer(pod, build.config_map("c", {"password": "canary-2", "mode": "prod"}))
    seen = cluster(server)
    assert "canary" not in str(await seen.get(PODS, "web-1", namespace="shop"))
    assert "canary" not in str((await seen.list(PODS)).items)
    config = await seen.get(CONFIG_MAPS, "c", namespace="shop")
    assert "canary" not in str(config)
    assert config["data"]["mode"] == "prod"


async def test_a_function_that_slims_sees_the_object_and_one_that_turns_it_sees_it_masked() -> None:
    server = FakeApiServer(build.config_map("c", {"password": "canary-2"}))
    raw: list[str] = []
    masked: list[str] = []

    def keep(item: Any) -> Any:
        raw.append(str(item))
        return item

    def then(item: Any) -> Any:
        masked.append(str(item))
        return item["metadata"]["name"]

    listing = await cluster(server).list(CONFIG_MAPS, keep=keep, then=then)
    assert listing.items == ["c"]
    assert "canary" in raw[0]
    assert "canary" not in masked[0]


async def test_tables_of_events_and_custom_kinds_are_masked() -> None:
    pod = build.pod("web-1")
    columns = [{"name": "Token", "type": "string", "jsonPath": ".spec.url"}]
    server = FakeApiServer(
        pod,
        build.event(pod, "Failed", "login with password=canary-1"),
        build.crd("example.com", "Widget", columns=columns),
        build.obj("example.com/v1", "Widget", "w", namespace="shop",
                  spec={"url": "https://u:canary-22222@example.com"}),
    )  # fmt: skip
    for kind in (EVENTS, WIDGETS):
        table = await cluster(server).table(kind)
        assert len(table.rows) == 1
        assert "canary" not in str(table.rows[0].cells)


async def test_hidden_namespaces_are_left_out_of_every_reading() -> None:
    server = FakeApiServer(
        build.namespace("shop"), build.namespace("vault"),
        build.pod("a"), build.pod("b", namespace="vault"),
    )  # fmt: skip
    seen = cluster(server, namespaces_deny=("vault",))
    assert names((await seen.list(PODS)).items) == ["a"]
    assert [row.cells[0] for row in (await seen.table(PODS, with_metadata=False)).rows] == ["a"]
    assert names((await seen.list(NAMESPACES)).items) == ["shop"]
    assert [row.cells[0] for row in (await seen.table(NAMESPACES)).rows] == ["shop"]
    for reading in (
        seen.get(PODS, "b", namespace="vault"),
        seen.list(PODS, namespace="vault"),
        seen.table(PODS, namespace="vault"),
        seen.get(NAMESPACES, "vault"),
        seen.log(LogQuery("vault", "b", "app"), keep=5),
    ):
        with pytest.raises(NotAllowed, match="does not show namespace 'vault'"):
            await reading
    assert seen.everywhere == "the namespaces this server shows"


async def test_what_is_hidden_does_not_pass_through_a_function_that_slims() -> None:
    server = FakeApiServer(build.pod("a"), build.pod("b", namespace="vault"))
    seen = cluster(server, namespaces_deny=("vault",))
    listing = await seen.list(PODS, keep=lambda item: {"metadata": {"name": "x"}})
    assert len(listing.items) == 1


async def test_named_namespaces_are_asked_one_by_one() -> None:
    server = FakeApiServer(
        build.pod("a", namespace="one"), build.pod("b", namespace="two"),
        build.pod("c", namespace="three"),
    )  # fmt: skip
    server.deny("list", "pods", namespace="")
    seen = cluster(server, namespaces_allow=("one", "two"))
    assert names((await seen.list(PODS)).items) == ["a", "b"]
    assert [row.cells[0] for row in (await seen.table(PODS)).rows] == ["a", "b"]
    server.deny("list", "pods", namespace="two")
    with pytest.raises(Forbidden, match="in namespace two"):
        await seen.list(PODS)
    with pytest.raises(NotAllowed, match="no namespace to this caller"):
        await cluster(server, namespaces_allow=("x",), namespaces_deny=("x",)).list(PODS)


async def test_denied_kinds_are_not_read_at_all() -> None:
    server = FakeApiServer(build.secret("db", {"a": "b"}), build.pod("a"))
    seen = cluster(server, kinds_deny=("secrets", "pods"))
    for reading in (
        seen.get(SECRETS, "db", namespace="shop"), seen.list(SECRETS), seen.table(SECRETS),
        seen.log(LogQuery("shop", "a", "app"), keep=5),
    ):  # fmt: skip
        with pytest.raises(NotAllowed, match="does not show"):
            await reading
    assert server.requests == []


async def test_a_log_is_masked_as_a_whole_and_filtered_by_what_is_shown() -> None:
    server = FakeApiServer(build.pod("web-1"))
    key = ["-----BEGIN RSA PRIVATE KEY-----", "Q2FuYXJ5" * 8, "-----END RSA PRIVATE KEY-----"]
    server.add_log("web-1", "\n".join(["start", *key, "token=canary-123456", "end"]) + "\n")
    seen = cluster(server)
    query = LogQuery("shop", "web-1", "app")
    whole = [text for _, text in (await seen.log(query, keep=50)).lines]
    assert whole[0] == "start"
    assert whole[-1] == "end"
    assert "Q2Fu" not in str(whole)
    assert "canary" not in str(whole)
    found = await seen.log(query, keep=50, include=lambda line: "canary" in line)
    assert (found.lines, found.matched) == ([], 0)
    found = await seen.log(query, keep=50, include=lambda line: "Q2Fu" in line)
    assert found.lines == []
    kept = await seen.log(query, keep=50, exclude=lambda line: "canary" in line)
    assert "end" in [text for _, text in kept.lines]


async def test_questions_about_rights_are_asked_as_the_identity_in_use() -> None:
    server = FakeApiServer()
    server.deny("list", "secrets")
    seen = cluster(server)
    assert (await seen.may_i("list", PODS))[0] is True
    assert (await seen.may_i("list", SECRETS, namespace="shop"))[0] is False
    assert server.count(method="POST") == 2
