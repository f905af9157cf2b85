"""Whatever is asked, there is an answer: never an exception, never a change."""

from __future__ import annotations

import anyio
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kube_mcp.kube.transport import Request
from kube_mcp.snapshots.demo import demo_store
from kube_mcp.snapshots.transport import SnapshotTransport
from tests.support.build import NOW

SEGMENTS = st.one_of(
    st.sampled_from(
        [
            "api", "apis", "v1", "apps", "pods", "deployments", "namespaces", "shop", "log",
            "status", "scale", "proxy", "cart", "postgres-0", "version", "openapi", "v3", "events",
            "events.k8s.io", "metrics.k8s.io", "v1beta1", "nodes", "cedar", "livez", "secrets",
            "authorization.k8s.io", "selfsubjectaccessreviews", "exec", "helm.toolkit.fluxcd.io",
            "v2", "helmreleases", "", "..", "%2e%2e", "%2F",
        ]
    ),
    st.text(max_size=8),
)  # fmt: skip
NAMES = st.sampled_from(
    [
        "labelSelector", "fieldSelector", "limit", "continue", "watch", "includeObject", "previous",
        "container", "tailLines", "sinceSeconds", "sinceTime", "limitBytes", "timestamps",
        "resourceVersion",
    ]
)  # fmt: skip
VALUES = st.one_of(
    st.sampled_from(["", "0", "1", "-1", "true", "app=web", "a in (b)", "metadata.name=x", "None"]),
    st.text(max_size=12),
)
ACCEPTS = st.one_of(
    st.sampled_from(
        [
            "",
            "application/json",
            "application/json;as=Table;v=v1;g=meta.k8s.io",
            "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io",
            "application/json;as=APIGroupDiscoveryList;v=v2;g=apidiscovery.k8s.io",
        ]
    ),
    st.text(max_size=20),
)


@pytest.fixture(scope="module")
def transport() -> SnapshotTransport:
    return SnapshotTransport(demo_store(NOW))


@settings(deadline=None, max_examples=150)
@given(
    method=st.sampled_from(["GET", "GET", "GET", "POST", "DELETE", "PATCH", "BREW"]),
    segments=st.lists(SEGMENTS, max_size=9),
    query=st.lists(st.tuples(NAMES, VALUES), max_size=4),
    accept=ACCEPTS,
    body=st.one_of(
        st.just(b"{}"), st.sampled_from([b'{"spec":7}', b"[1]", b"7"]), st.binary(max_size=10)
    ),
)
def test_every_request_has_an_answer_and_changes_nothing(
    transport: SnapshotTransport,
    method: str,
    segments: list[str],
    query: list[tuple[str, str]],
    accept: str,
    body: bytes,
) -> None:
    revision = transport.store.revision
    path = "/" + "/".join(segments)
    request = Request(method, path, tuple(query), {"Accept": accept}, body)

    async def answer() -> tuple[int, bytes]:
        response = await transport.send(request)
        return response.status, await response.read(1 << 30)

    status, sent = anyio.run(answer)
    assert status in (200, 201, 204, 400, 404, 405, 406, 422, 503)
    if sent.startswith(b'{"kind":"Status"'):
        assert orjson.loads(sent)["code"] == status
    assert transport.store.revision == revision


@pytest.mark.parametrize("body", [b"", b"[1]", b"7", b"{"])
async def test_a_review_of_nothing_is_a_400(transport: SnapshotTransport, body: bytes) -> None:
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    assert (await transport.send(Request("POST", path, body=body))).status == 400
