"""The client: pages, expired lists, metadata of Secrets, deadlines."""

from __future__ import annotations

from typing import Any

import pytest

from kube_mcp.errors import (
    Gone,
    NotFound,
    Refused,
    ServerFault,
    Throttled,
    TooLarge,
    Unreachable,
)
from kube_mcp.kube.client import MAX_OBJECT_BYTES, PAGE_OBJECTS, Client, GuardOptions
from kube_mcp.kube.transport import Request
from kube_mcp.objects import ResourceType
from tests.support import build
from tests.support.api_server import FakeApiServer

PODS = ResourceType("", "v1", "pods", "Pod", namespaced=True)
SECRETS = ResourceType("", "v1", "secrets", "Secret", namespaced=True)
DEPLOYMENTS = ResourceType("apps", "v1", "deployments", "Deployment", namespaced=True)


def many(count: int) -> FakeApiServer:
    """A server with so many pods."""
    return FakeApiServer(*(build.pod(f"web-{number:04}") for number in range(count)))


def names(items: list[Any]) -> list[str]:
    return [item["metadata"]["name"] for item in items]


async def test_a_list_is_read_to_its_last_page_and_every_item_says_what_it_is() -> None:
    server = many(1201)
    told: list[tuple[int, int | None]] = []
    listing = await Client(server).list(PODS, progress=lambda *done: told.append(done))
    assert names(listing.items) == [f"web-{number:04}" for number in range(1201)]
    assert {(item["kind"], item["apiVersion"]) for item in listing.items} == {("Pod", "v1")}
    assert server.count("/api/v1/pods") == 3
    assert dict(server.requests[0].query)["limit"] == str(PAGE_OBJECTS)
    assert [done for done, _ in told] == [500, 1000, 1201]
    assert told[0][1] == 1201


async def test_each_object_is_shrunk_as_its_page_arrives() -> None:
    listing = await Client(many(3)).list(PODS, keep=lambda item: item["metadata"]["name"])
    assert listing.items == ["web-0000", "web-0001", "web-0002"]


async def test_selectors_and_namespace_go_to_the_server() -> None:
    server = FakeApiServer(
        build.pod("a", labels={"app": "a,b"}), build.pod("b"), build.pod("c", namespace="other")
    )
    client = Client(server)
    listing = await client.list(PODS, namespace="shop", field_selector="metadata.name=b")
    assert names(listing.items) == ["b"]
    assert server.last.path == "/api/v1/namespaces/shop/pods"


async def test_a_list_that_expires_half_way_is_read_again_in_one_piece_and_says_so() -> None:
    server = many(1201)
    server.expire_continue()
    listing = await Client(server).list(PODS)
    assert len(listing.items) == len(set(names(listing.items))) == 1201
    assert "read again in one piece" in listing.note
    assert "limit" not in dict(server.last.query)


async def test_a_server_that_forgets_even_that_is_an_error() -> None:
    server = many(3)
    server.fail(410, "Expired", "too old resource version", times=9)
    with pytest.raises(Gone):
        await Client(server).list(PODS)
    assert len(server.requests) == 2


async def test_a_table_that_expires_half_way_has_each_row_once() -> None:
    server = many(6000)
    server.expire_continue()
    table = await Client(server).table(PODS)
    assert len(table.rows) == len({row.meta.name for row in table.rows}) == 6000


async def test_a_table_without_metadata_is_cells_only() -> None:
    server = many(3)
    table = await Client(server).table(PODS, with_metadata=False)
    assert [row.cells[0] for row in table.rows] == ["web-0000", "web-0001", "web-0002"]
    assert table.rows[0].meta.name == ""
    assert ("includeObject", "None") in server.last.query


async def test_values_of_secrets_are_never_asked_for() -> None:
    server = FakeApiServer(build.secret("db", {"password": "canary"}))
    client = Client(server)
    one = await client.get(SECRETS, "db", namespace="shop")
    listing = await client.list(SECRETS)
    table = await client.table(SECRETS)
    assert one["metadata"]["name"] == "db"
    assert one["kind"] == "Secret"
    assert "canary" not in str(one) + str(listing.items) + str(table.rows)
    assert "data" not in one
    for request in server.requests:
        accept = request.headers["Accept"]
        assert "as=PartialObjectMetadata" in accept or "as=Table" in accept
        assert "application/json," not in accept
        assert not accept.endswith("application/json")


async def test_a_secret_with_values_does_not_pass_the_guard_of_any_client() -> None:
    for allow in (GuardOptions(), GuardOptions(helm_release_secrets=True)):
        server = FakeApiServer(build.secret("db", {"password": "canary"}))
        with pytest.raises(Refused):
            await Client(server, allow=allow).get_json("/api/v1/namespaces/shop/secrets/db")
        assert server.requests == []


async def test_what_is_no_read_does_not_leave() -> None:
    server = many(1)
    for request in (
        Request("DELETE", "/api/v1/namespaces/shop/pods/web-0000"),
        Request("POST", "/api/v1/namespaces/shop/pods", body=b"{}"),
        Request("GET", "/api/v1/namespaces/shop/pods/web-0000/exec"),
        Request("GET", "/api/v1/namespaces/shop/pods/../secrets"),
    ):
        with pytest.raises(Refused):
            await Client(server).send(request)
    assert server.requests == []


async def test_a_429_is_waited_for_and_told_where_it_goes_on() -> None:
    server = many(1)
    server.throttle(times=1, retry_after_s=0)
    assert len((await Client(server).list(PODS)).items) == 1
    server.throttle(times=99, retry_after_s=60)
    with pytest.raises(Throttled):
        await Client(server, timeout_s=1.0).list(PODS)


async def test_a_connection_that_breaks_in_the_body_is_an_error_and_no_short_list() -> None:
    server = many(1201)
    server.drop_in_body(path="*/pods", times=9)
    with pytest.raises(Unreachable):
        await Client(server).list(PODS)


async def test_an_answer_that_is_no_json_is_a_fault_of_the_server() -> None:
    server = many(1)
    server.respond("/api/v1/pods", b"<html>login</html>")
    with pytest.raises(ServerFault, match="/api/v1/pods did not answer with JSON"):
        await Client(server).list(PODS)
    with pytest.raises(ServerFault, match="did not answer with a table"):
        await Client(server).table(PODS)


async def test_an_object_of_no_sensible_size_is_dropped_and_not_held() -> None:
    server = many(1)
    server.respond("*/pods/huge", b'"' + b"x" * (MAX_OBJECT_BYTES + 10) + b'"')
    with pytest.raises(TooLarge):
        await Client(server).get(PODS, "huge", namespace="shop")


async def test_every_request_carries_the_deadline() -> None:
    server = many(1)
    client = Client(server, timeout_s=7.0)
    await client.get(PODS, "web-0000", namespace="shop")
    await client.list(PODS)
    await client.table(DEPLOYMENTS)
    assert all(0 < request.timeout_s <= 7.0 for request in server.requests)


async def test_what_is_not_there_is_not_found() -> None:
    with pytest.raises(NotFound, match='pods "nobody" not found'):
        await Client(many(1)).get(PODS, "nobody", namespace="shop")


async def test_a_review_asks_and_stores_nothing() -> None:
    server = many(1)
    answer = await Client(server).review(
        "authorization.k8s.io",
        "selfsubjectaccessreviews",
        {"spec": {"resourceAttributes": {"verb": "list", "resource": "pods"}}},
    )
    assert answer["status"]["allowed"] is True
    with pytest.raises(Refused):
        await Client(server).review(
            "authorization.k8s.io", "subjectaccessreviews", {"spec": {"user": "jane"}}
        )
