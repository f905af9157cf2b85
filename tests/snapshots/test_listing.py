"""Pages: together they are the whole list, whatever their size."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from typing import Any

import anyio
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kube_mcp.kube.transport import Request
from tests.support import build
from tests.support.api_server import FakeApiServer

NAMES = st.text("abz019-.", min_size=1, max_size=6).filter(lambda text: text[0] not in "-.")
PODS = st.lists(
    st.tuples(st.sampled_from(["a", "a-b", "ab", "shop"]), NAMES, st.sampled_from(["x", "y"])),
    max_size=25,
    unique_by=lambda pod: pod[:2],
)


def _pod(namespace: str, name: str, app: str) -> dict[str, Any]:
    return build.obj("v1", "Pod", name, namespace=namespace, labels={"app": app})


async def _pages(
    server: FakeApiServer, path: str, query: dict[str, str]
) -> tuple[list[str], list[dict[str, Any]]]:
    found: list[str] = []
    metadata: list[dict[str, Any]] = []
    token = ""
    for _ in range(100):
        asked = {**query, **({"continue": token} if token else {})}
        response = await server.send(Request("GET", path, tuple(asked.items())))
        body = orjson.loads(await response.read(1 << 30))
        assert response.status == 200, body
        found += [
            f"{one['metadata']['namespace']}/{one['metadata']['name']}" for one in body["items"]
        ]
        metadata.append(body["metadata"])
        token = body["metadata"].get("continue", "")
        if not token:
            return found, metadata
    raise AssertionError("the pages never end")


@settings(deadline=None, max_examples=60)
@given(pods=PODS, limit=st.integers(1, 30), namespace=st.sampled_from(["", "a", "ab", "none"]))
def test_all_pages_together_are_the_list_without_gap_or_repetition(
    pods: list[tuple[str, str, str]], limit: int, namespace: str
) -> None:
    server = FakeApiServer(*(_pod(*pod) for pod in pods))
    path = f"/api/v1/namespaces/{namespace}/pods" if namespace else "/api/v1/pods"
    found, metadata = anyio.run(_pages, server, path, {"limit": str(limit)})
    assert found == sorted(f"{where}/{name}" for where, name, _ in pods if namespace in ("", where))
    remaining = len(found)
    for page in metadata[:-1]:
        remaining -= limit
        assert page["remainingItemCount"] == remaining
    assert "remainingItemCount" not in metadata[-1]
    assert len({page["resourceVersion"] for page in metadata}) == 1


@settings(deadline=None, max_examples=60)
@given(pods=PODS, limit=st.integers(1, 10), app=st.sampled_from(["x", "y", "z"]))
def test_pages_of_a_selection_are_the_selection(
    pods: list[tuple[str, str, str]], limit: int, app: str
) -> None:
    server = FakeApiServer(*(_pod(*pod) for pod in pods))
    query = {"limit": str(limit), "labelSelector": f"app={app}"}
    found, metadata = anyio.run(_pages, server, "/api/v1/pods", query)
    assert found == sorted(f"{where}/{name}" for where, name, of in pods if of == app)
    # What is left over is not known before it was selected from.
    assert all("remainingItemCount" not in page for page in metadata)


async def test_an_object_added_between_two_pages_does_not_shift_them(ask: Any) -> None:
    server = FakeApiServer(*(build.pod(name) for name in ("b", "c", "d", "e")))
    first = await ask(server, "/api/v1/pods", {"limit": "2"})
    server.add(build.pod("a"))
    server.remove("Pod", "b", namespace="shop")
    rest = await ask(
        server, "/api/v1/pods", {"limit": "2", "continue": first.json["metadata"]["continue"]}
    )
    assert first.names + rest.names == ["b", "c", "d", "e"]


async def test_an_expired_token_is_a_410_that_says_how_to_go_on(ask: Any) -> None:
    server = FakeApiServer(*(build.pod(name) for name in "abc"))
    token = (await ask(server, "/api/v1/pods", {"limit": "1"})).json["metadata"]["continue"]
    server.expire_continue()
    gone = await ask(server, "/api/v1/pods", {"limit": "1", "continue": token})
    assert (gone.status, gone.json["reason"]) == (410, "Expired")
    assert gone.json["message"].startswith("The provided continue parameter is too old")
    fresh = gone.json["metadata"]["continue"]
    rest = await ask(server, "/api/v1/pods", {"limit": "5", "continue": fresh})
    assert rest.names == ["b", "c"]


@pytest.mark.parametrize(
    "token",
    [
        "!",
        "bm90IGpzb24",
        urlsafe_b64encode(b'{"v":"meta.k8s.io/v2","rv":1,"start":"a"}').decode(),
        urlsafe_b64encode(b'{"v":"meta.k8s.io/v1","rv":1,"start":""}').decode(),
        urlsafe_b64encode(b'{"v":"meta.k8s.io/v1","rv":1,"start":"../../secrets/"}').decode(),
        urlsafe_b64encode(b"[1]").decode(),
    ],
)
async def test_a_token_that_was_never_given_is_a_400(ask: Any, token: str) -> None:
    answer = await ask(FakeApiServer(build.pod()), "/api/v1/pods", {"continue": token})
    assert answer.status == 400
    assert answer.json["message"].startswith("invalid continue token: continue key is not valid")


async def test_a_token_is_bound_to_no_resource_version(ask: Any) -> None:
    server = FakeApiServer(build.pod("a"), build.pod("b"))
    token = (await ask(server, "/api/v1/pods", {"limit": "1"})).json["metadata"]["continue"]
    answer = await ask(server, "/api/v1/pods", {"continue": token, "resourceVersion": "7"})
    assert answer.json["message"] == (
        "specifying resource version is not allowed when using continue"
    )


async def test_tables_and_metadata_are_paged_alike(ask: Any) -> None:
    server = FakeApiServer(build.pod("a"), build.pod("b"))
    for accept in (
        "application/json;as=Table;v=v1;g=meta.k8s.io",
        "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io",
    ):
        answer = await ask(server, "/api/v1/pods", {"limit": "1"}, accept=accept)
        assert answer.json["metadata"]["remainingItemCount"] == 1
        assert answer.json["metadata"]["continue"]
