"""The fake API server does to its clients what the tests tell it to, and remembers all of it."""

from __future__ import annotations

from typing import Any

import aiohttp
import anyio
import orjson
import pytest

from kube_mcp.errors import Unreachable
from kube_mcp.kube.transport import Request
from tests.support import build
from tests.support.api_server import FakeApiServer, listening

PODS = "/api/v1/namespaces/shop/pods"


async def test_requests_are_written_down(ask: Any) -> None:
    server = FakeApiServer(build.pod("web-1"))
    await ask(server, PODS, {"limit": "5"})
    await ask(server, PODS, {"limit": "5"})
    await ask(server, f"{PODS}/web-1")
    assert server.asked == [f"GET {PODS}?limit=5", f"GET {PODS}?limit=5", f"GET {PODS}/web-1"]
    assert server.count("*/pods") == 2
    assert server.repeated == {f"GET {PODS}?limit=5": 2}
    server.forget()
    assert server.asked == []


@pytest.mark.parametrize(
    ("denial", "path", "refused"),
    [
        ({"verb": "list", "resource": "pods"}, PODS, True),
        ({"verb": "get", "resource": "pods"}, PODS, False),
        ({"verb": "list", "resource": "pods", "namespace": "bank"}, PODS, False),
        ({"verb": "list", "resource": "pods", "namespace": ""}, "/api/v1/pods", True),
        ({"verb": "list", "resource": "pods", "namespace": ""}, PODS, False),
        ({"resource": "pods/log"}, f"{PODS}/web-1/log", True),
        ({"resource": "pods/log"}, f"{PODS}/web-1", False),
        ({"resource": "*.apps"}, "/apis/apps/v1/deployments", True),
        ({"verb": "get", "resource": "pods", "name": "web-*"}, f"{PODS}/web-1", True),
        ({"user": "ada"}, PODS, False),
    ],
)
async def test_what_is_denied_is_refused_and_nothing_else(
    ask: Any, denial: dict[str, str], path: str, refused: bool
) -> None:
    server = FakeApiServer(build.pod("web-1"))
    server.deny(**denial)
    assert ((await ask(server, path)).status == 403) == refused


async def test_a_refusal_names_user_verb_resource_and_namespace(ask: Any) -> None:
    server = FakeApiServer(build.pod("web-1"))
    server.deny()
    own = await ask(server, f"{PODS}/web-1/log")
    assert own.json["message"] == (
        'pods "web-1" is forbidden: User "system:serviceaccount:kube-mcp:kube-mcp" cannot get '
        'resource "pods/log" in API group "" in the namespace "shop"'
    )
    ada = await ask(server, "/apis/apps/v1/deployments", headers={"Impersonate-User": "ada"})
    assert ada.json["message"] == (
        'deployments.apps is forbidden: User "ada" cannot list resource "deployments" in API '
        'group "apps" at the cluster scope'
    )


async def test_a_review_knows_what_was_denied(ask: Any) -> None:
    server = FakeApiServer()
    server.deny("list", "secrets")
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    for resource, allowed in (("secrets", False), ("pods", True)):
        spec = {"resourceAttributes": {"verb": "list", "resource": resource}}
        answer = await ask(server, path, method="POST", body={"spec": spec})
        assert answer.json["status"]["allowed"] is allowed


async def test_who_is_impersonated_is_who_asks(ask: Any) -> None:
    server = FakeApiServer()
    path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"

    async def who(**headers: Any) -> Any:
        request = Request("POST", path, body=b"{}", **headers)
        return orjson.loads(await (await server.send(request)).read(1 << 20))["status"]["userInfo"]

    assert await who() == {
        "username": "system:serviceaccount:kube-mcp:kube-mcp",
        "groups": [
            "system:serviceaccounts",
            "system:serviceaccounts:kube-mcp",
            "system:authenticated",
        ],
    }
    groups = (("Impersonate-Group", "dev"), ("Impersonate-Group", "ops"))
    assert await who(headers={"Impersonate-User": "ada"}, repeated_headers=groups) == {
        "username": "ada",
        "groups": ["dev", "ops", "system:authenticated"],
    }


async def test_troubles_come_in_order_and_go_again(ask: Any) -> None:
    server = FakeApiServer(build.pod("web-1"))
    server.throttle(retry_after_s=3, path="*/pods")
    server.fail(401, "Unauthorized", "Unauthorized")
    server.respond(
        "/version", b"<html>", status=502, headers={"content-type": "text/html"}, times=1
    )
    throttled = await ask(server, PODS)
    assert (throttled.status, throttled.headers["retry-after"]) == (429, "3")
    assert (await ask(server, PODS)).json["reason"] == "Unauthorized"
    assert (await ask(server, PODS)).status == 200
    html = await ask(server, "/version")
    assert (html.status, html.body) == (502, b"<html>")
    assert (await ask(server, "/version")).status == 200


async def test_connections_break_before_and_in_the_middle_of_an_answer(ask: Any) -> None:
    server = FakeApiServer(build.pod("web-1"))
    server.drop()
    with pytest.raises(Unreachable):
        await ask(server, PODS)
    server.drop_in_body(path="*/pods", after_bytes=4)
    response = await server.send(Request("GET", PODS))
    assert response.status == 200
    chunks = response.chunks()
    assert await anext(chunks) == b"{{{{"
    with pytest.raises(Unreachable):
        await anext(chunks)
    assert (await ask(server, PODS)).status == 200


async def test_requests_wait_for_the_gate(ask: Any) -> None:
    server = FakeApiServer(build.pod("web-1"))
    done: list[str] = []

    async def read(path: str) -> None:
        await ask(server, path)
        done.append(path)

    with anyio.fail_after(5):
        async with anyio.create_task_group() as group:
            with server.held("*/pods") as gate:
                group.start_soon(read, PODS)
                await gate.waiting.wait()
                await read("/version")
                assert done == ["/version"]
    assert done == ["/version", PODS]


async def test_it_listens_on_a_socket_and_answers_the_same(ask: Any) -> None:
    server = FakeApiServer(build.pod("web-1"))
    async with listening(server) as url, aiohttp.ClientSession(url) as session:
        async with session.get(f"{PODS}?limit=1", headers={"Impersonate-User": "ada"}) as answer:
            assert await answer.read() == (await ask(server, PODS, {"limit": "1"})).body
        assert server.requests[0].headers["Impersonate-User"] == "ada"
        async with session.get(f"{PODS}/none") as answer:
            assert answer.status == 404
        server.drop(times=2)  # aiohttp asks once more where a kept connection breaks
        with pytest.raises(aiohttp.ClientError):
            await session.get(PODS)
        server.drop_in_body(path="*/pods")
        async with session.get(PODS) as answer:
            assert answer.status == 200
            with pytest.raises(aiohttp.ClientError):
                await answer.read()


async def test_objects_come_and_go(ask: Any) -> None:
    server = FakeApiServer(build.pod("web-1"))
    server.add(build.pod("web-2"))
    server.remove("Pod", "web-1", namespace="shop")
    assert (await ask(server, PODS)).names == ["web-2"]
    with pytest.raises(KeyError):
        server.remove("Pod", "web-1", namespace="shop")
    with pytest.raises(ValueError, match="no Kubernetes object"):
        server.add({"kind": "Pod"})
