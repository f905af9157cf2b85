"""Resources: their addresses, and what is read at them."""

from __future__ import annotations

from typing import Any

import pytest
from inline_snapshot import snapshot

from kube_mcp.errors import InputError, KubeMcpError
from kube_mcp.resources._resource import discover, parse, resource
from kube_mcp.server.host import Asked
from kube_mcp.server.reads import Reads
from kube_mcp.server.resource_host import Resources
from kube_mcp.server.toolsets import Toolsets
from tests.server import toys
from tests.support import build
from tests.support.api_server import FakeApiServer


def _resources(*servers: FakeApiServer) -> Resources:
    names = ("one", "arn:aws:eks:eu-1:1:cluster/two")[: len(servers)]
    opens = toys.clusters(**dict(zip(names, servers, strict=True)))
    return Resources(discover(), Reads(opens, cluster_names=names), toolsets=Toolsets())


async def _read(resources: Resources, uri: str) -> str:
    (content,) = (await resources.read(uri, Asked())).contents
    return content.text  # type: ignore[union-attr]


async def test_the_list_of_namespaces_has_an_address() -> None:
    resources = _resources(toys.small_cluster())
    assert [str(each.uri) for each in resources.listed(None)] == ["k8s://cluster/namespaces"]
    text = await _read(resources, "k8s://cluster/namespaces")
    assert [line.split()[0] for line in text.splitlines()] == ["NAME", "billing", "shop"]


async def test_an_object_is_yaml_without_noise() -> None:
    secret = build.secret("db", namespace="shop")
    resources = _resources(toys.small_cluster(secret))
    pod = await _read(resources, "k8s://cluster/namespaces/shop/po/web-1")
    assert pod.startswith("kind: Pod") or "\nkind: Pod" in pod
    assert "managedFields" not in pod
    node = await _read(resources, "k8s://cluster/Node/worker-1")
    assert "kind: Node" in node
    shop = await _read(resources, "k8s://cluster/namespaces/shop")
    assert "kind: Namespace" in shop
    read = await _read(resources, "k8s://cluster/namespaces/shop/Secret/db")
    assert "\ndata:" not in read


async def test_several_clusters_have_addresses_of_their_own() -> None:
    two = FakeApiServer(build.namespace("only-in-two"))
    resources = _resources(toys.small_cluster(), two)

    assert [str(each.uri) for each in resources.listed(None)] == [
        "k8s://one/namespaces",
        "k8s://arn%3Aaws%3Aeks%3Aeu-1%3A1%3Acluster%2Ftwo/namespaces",
    ]
    assert {each.uri_template for each in resources.templates(None)} == {
        "k8s://{cluster}/{kind}/{name}",
        "k8s://{cluster}/namespaces/{namespace}/{kind}/{name}",
    }
    assert "only-in-two" in await _read(resources, str(resources.listed(None)[1].uri))
    assert "only-in-two" not in await _read(resources, str(resources.listed(None)[0].uri))


@pytest.mark.parametrize(
    ("uri", "said"),
    [
        (
            "k8s://other/namespaces",
            snapshot(
                "There is no cluster 'other' here. There is only one, so its place in the address is 'cluster'."
            ),
        ),
        ("k8s://cluster/a/b/c/d/e", None),
        ("k8s://cluster/", None),
        ("k8s://cluster//web", None),
        ("k8s:///namespaces", None),
        ("k8s://cluster/namespaces/../../etc", None),
        ("k8s://cluster/namespaces/shop/Pod/..%2f..%2fsecrets", None),
        ("k8s://cluster/namespaces/shop%2fpods/Pod/web-1", None),
        ("k8s://cluster/namespaces?x=1", None),
        ("k8s://cluster/namespaces#x", None),
        ("k8s://cluster/namespaces/shop/Pod/web 1", None),
        ("k8s://" + "x" * 3_000, None),
        ("https://cluster/namespaces", None),
    ],
)
async def test_an_address_that_is_none_reads_nothing(uri: str, said: str | None) -> None:
    server = toys.small_cluster()
    with pytest.raises(KubeMcpError) as caught:
        await _resources(server).read(uri, Asked())
    assert caught.value.code in ("input", "not_found")
    if said is not None:
        assert str(caught.value) == said
    assert not [asked for asked in server.asked if "secrets" in asked or "etc" in asked]


def test_parts_of_an_address_are_unescaped_once() -> None:
    assert parse("k8s://cluster/namespaces/shop/a%252Fb/c%2Fd").parts == (
        "namespaces", "shop", "a%2Fb", "c/d",
    )  # fmt: skip


def test_an_address_is_escaped_and_read_back() -> None:
    declared = {each.name: each for each in discover()}["namespaced_object"]
    uri = declared.uri("a/b@c", namespace="shop", kind="apps/v1 Deployment", name="web%2F")
    address = parse(uri)
    assert address.cluster == "a/b@c"
    assert declared.match(address.parts) == {
        "namespace": "shop",
        "kind": "apps/v1 Deployment",
        "name": "web%2F",
    }


def test_a_resource_takes_what_its_path_names() -> None:
    async def wrong(cluster: Any, name: str) -> str:
        return name

    with pytest.raises(TypeError, match="its path has"):
        resource("/{kind}/{name}", title="Wrong")(wrong)


def test_no_address_is_read_by_two_resources() -> None:
    paths = [each.path for each in discover()]
    assert len(set(paths)) == len(paths)
    with pytest.raises(InputError):
        parse("nonsense")
