"""Request paths: what is built, what is refused with which words, and that parsing reverses it."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kube_mcp.errors import InputError
from kube_mcp.kube.paths import ApiPath, checked_name, checked_namespace, parse, resource_path
from kube_mcp.objects import ResourceType

PODS = ResourceType("", "v1", "pods", "Pod", True, singular="pod", short_names=("po",))
NODES = ResourceType("", "v1", "nodes", "Node", False)
NAMESPACES = ResourceType("", "v1", "namespaces", "Namespace", False)
DEPLOYMENTS = ResourceType("apps", "v1", "deployments", "Deployment", True)
CLUSTER_ROLES = ResourceType(
    "rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", False
)


@pytest.mark.parametrize(
    ("resource", "parts", "path"),
    [
        (PODS, {}, "/api/v1/pods"),
        (PODS, {"namespace": "shop"}, "/api/v1/namespaces/shop/pods"),
        (PODS, {"namespace": "shop", "name": "web-1"}, "/api/v1/namespaces/shop/pods/web-1"),
        (
            PODS,
            {"namespace": "shop", "name": "web-1", "subresource": "log"},
            "/api/v1/namespaces/shop/pods/web-1/log",
        ),
        (NODES, {"name": "worker-1"}, "/api/v1/nodes/worker-1"),
        (NAMESPACES, {}, "/api/v1/namespaces"),
        (NAMESPACES, {"name": "shop"}, "/api/v1/namespaces/shop"),
        (NAMESPACES, {"name": "shop", "subresource": "status"}, "/api/v1/namespaces/shop/status"),
        (DEPLOYMENTS, {"namespace": "a"}, "/apis/apps/v1/namespaces/a/deployments"),
        (
            CLUSTER_ROLES,
            {"name": "system:node"},
            "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:node",
        ),
        (
            CLUSTER_ROLES,
            {"name": "Team A (eu)+$x"},
            "/apis/rbac.authorization.k8s.io/v1/clusterroles/Team%20A%20%28eu%29%2B%24x",
        ),
    ],
)
def test_a_path_is_built_and_parses_back_to_its_parts(
    resource: ResourceType, parts: dict[str, str], path: str
) -> None:
    assert resource_path(resource, **parts) == path
    assert parse(path) == ApiPath(resource.group, resource.version, resource=resource.name, **parts)


@pytest.mark.parametrize(
    ("resource", "parts", "sentence"),
    [
        (
            PODS,
            {"namespace": "shop", "name": "po/web"},
            "'po/web' is not a name; did you mean kind='Pod', name='web'?",
        ),
        (
            PODS,
            {"namespace": "shop", "name": "deploy/web"},
            "'deploy/web' is not a name; did you mean kind='deploy', name='web'?",
        ),
        (
            PODS,
            {"namespace": "shop", "name": "../x"},
            "'../x' is not the name of an object: it contains '/'.",
        ),
        (
            PODS,
            {"namespace": "shop", "name": ".."},
            "'..' is not the name of an object: it would mean another path.",
        ),
        (
            PODS,
            {"namespace": "shop", "name": "a%2fb"},
            "'a%2fb' is not the name of an object: it contains '%'.",
        ),
        (
            PODS,
            {"namespace": "shop", "name": "a\r\nHost: x"},
            "'a��Host: x' is not the name of an object: it contains '\\r'.",
        ),
        (
            PODS,
            {"namespace": "shop", "name": "wéb"},
            "'wéb' is not the name of an object: it contains '\\xe9'.",
        ),
        (
            PODS,
            {"namespace": "shop", "name": " "},
            "' ' is not the name of an object: it is empty.",
        ),
        (
            PODS,
            {"namespace": "shop", "name": "a" * 254},
            f"'{'a' * 77}...' is not the name of an object: it is longer than 253 characters.",
        ),
        (
            PODS,
            {"namespace": "Shop"},
            "'Shop' is not the name of a namespace. Did you mean 'shop'?",
        ),
        (
            PODS,
            {"namespace": "*"},
            "'*' is not the name of a namespace. Leave namespace out to read all namespaces.",
        ),
        (
            PODS,
            {"namespace": "default/services/http:web:80/proxy/admin"},
            "'default/services/http:web:80/proxy/admin' is not the name of a namespace. Give one "
            "namespace: lower-case letters, digits and '-', at most 63 characters.",
        ),
        (
            NODES,
            {"namespace": "shop"},
            "Node is not namespaced, so namespace='shop' means nothing. Leave namespace out.",
        ),
        (
            PODS,
            {"name": "web"},
            "Pod 'web' needs a namespace: it is a namespaced kind. "
            "Give namespace as well, or list the kind in all namespaces.",
        ),
        (
            PODS,
            {"namespace": "shop", "subresource": "log"},
            "The subresource 'log' needs a name to belong to.",
        ),
        (
            PODS,
            {"namespace": "shop", "name": "web", "subresource": "log?follow"},
            "'log?follow' is not a subresource such as 'log' or 'scale'.",
        ),
        (
            NAMESPACES,
            {"name": "shop", "subresource": "pods"},
            "A namespace has no subresource 'pods', only 'status'.",
        ),
        (
            NAMESPACES,
            {"name": "shop:x"},
            "'shop:x' is not the name of a namespace. Give one "
            "namespace: lower-case letters, digits and '-', at most 63 characters.",
        ),
        (
            replace(PODS, name="../pods"),
            {},
            "The cluster describes a resource 'v1 ../pods' that has no valid path.",
        ),
        (
            replace(DEPLOYMENTS, group="apps/v1/x"),
            {},
            "The cluster describes a resource 'apps/v1/x/v1 deployments' that has no valid path.",
        ),
        (
            replace(DEPLOYMENTS, name="watch"),
            {},
            "The cluster describes a resource 'apps/v1 watch' that has no valid path.",
        ),
        (
            replace(PODS, version="v2"),
            {},
            "The cluster describes a resource 'v2 pods' that has no valid path.",
        ),
    ],
)
def test_what_cannot_be_a_path_is_refused_in_a_sentence(
    resource: ResourceType, parts: dict[str, str], sentence: str
) -> None:
    with pytest.raises(InputError) as refusal:
        resource_path(resource, **parts)
    assert str(refusal.value) == sentence


def test_a_name_without_a_resource_still_says_what_was_meant() -> None:
    with pytest.raises(InputError, match="did you mean kind='pod', name='web'"):
        checked_name("pod/web")


def test_a_good_namespace_and_a_good_name_come_back_unchanged() -> None:
    assert checked_namespace("kube-system") == "kube-system"
    assert checked_name("system:controller:job") == "system:controller:job"


@pytest.mark.parametrize(
    "path",
    [
        "/version",
        "/livez",
        "/livez/etcd",
        "/readyz/poststarthook/rbac/bootstrap-roles",
        "/openapi/v2",
        "/openapi/v3",
        "/openapi/v3/version",
        "/openapi/v3/api/v1",
        "/openapi/v3/apis/apps/v1",
    ],
)
def test_fixed_paths_are_known(path: str) -> None:
    assert parse(path) == ApiPath(fixed=path)


@pytest.mark.parametrize(
    ("path", "group", "version"),
    [
        ("/api", "", ""),
        ("/apis", "", ""),
        ("/api/v1", "", "v1"),
        ("/apis/apps", "apps", ""),
        ("/apis/apps/v1", "apps", "v1"),
    ],
)
def test_discovery_paths_carry_their_group_and_version(path: str, group: str, version: str) -> None:
    assert parse(path) == ApiPath(group=group, version=version, fixed=path)


def test_a_node_proxy_path_keeps_what_follows_it() -> None:
    assert parse("/api/v1/nodes/n1/proxy/logs/") == ApiPath(
        "", "v1", resource="nodes", name="n1", subresource="proxy", rest="/logs/"
    )
    assert parse("/api/v1/nodes/n1/proxy/stats/summary") == ApiPath(
        "", "v1", resource="nodes", name="n1", subresource="proxy", rest="/stats/summary"
    )


@pytest.mark.parametrize(
    "path",
    [
        "",
        "/",
        "api/v1/pods",
        "//api/v1/pods",
        "/api//v1/pods",
        "/api/v1/pods/",
        "/api/v1/",
        "/api/v2/pods",
        "/apis/apps/v1/",
        "/apis/Apps/v1/deployments",
        "/apis/apps/V1/deployments",
        "/apis/apps/v1/Deployments",
        "/api/v1/watch/pods",
        "/api/v1/proxy/nodes/n1",
        "/apis/apps/v1/watch/deployments",
        "/api/v1/namespaces/../secrets",
        "/api/v1/namespaces/./secrets",
        "/api/v1/namespaces/%2e%2e/secrets",
        "/api/v1/namespaces/a%2fb/pods",
        "/api/v1/namespaces/A/pods",
        "/api/v1/namespaces/a/pods/..",
        "/api/v1/namespaces/a/pods/%2e",
        "/api/v1/namespaces/a/pods/x%2Fexec",
        "/api/v1/namespaces/a/pods/x%2fexec",
        "/api/v1/namespaces/a/pods/x%5cexec",
        "/api/v1/namespaces/a/pods/x\\exec",
        "/api/v1/namespaces/a/pods/x%252Fexec",
        "/api/v1/namespaces/a/pods/x%00",
        "/api/v1/namespaces/a/pods/x\x00",
        "/api/v1/namespaces/a/pods/x\n",
        "/api/v1/namespaces/a/pods/x%0a",
        "/api/v1/namespaces/a/pods/x%0A",
        "/api/v1/namespaces/a/pods/%77eb",
        "/api/v1/namespaces/a/pods/é",
        "/api/v1/namespaces/a/pods/%C3%A9",
        "/api/v1/namespaces/a/pods/x?watch=1",
        "/api/v1/namespaces/a/pods/x#y",
        "/api/v1/namespaces/a/pods/x;y",
        "/api/v1/namespaces/a/pods/x%",
        "/api/v1/namespaces/a/pods/x/Log",
        "/api/v1/namespaces/a/pods/x/log/more",
        "/api/v1/namespaces/a/pods/x/log/",
        "/api/v1/nodes/n/proxy/logs/../configz",
        "/api/v1/nodes/n/proxy//logs",
        "/api/v1/nodes/n/proxy/",
        "/api/v1/nodes/n/proxy/logs/%2e%2e",
        "/livez/../api",
        "/livez/",
        "/livezz",
        "/readyz/.",
        "/version/",
        "/openapi/v3/apis/apps/v1/x",
        "/openapi/v4",
        "/openapi/v2/x",
        "/metrics",
        "/logs/kube-apiserver.log",
        "/debug/pprof/heap",
        "/healthz",
        "/.well-known/openid-configuration",
        "/apis/..",
        "/apis/../api/v1/secrets",
    ],
)
def test_a_path_with_a_second_reading_or_none_is_not_understood(path: str) -> None:
    assert parse(path) is None


# Text that is likely to find a way out of its segment, mixed with any text at all.
hostile = st.one_of(
    st.text(max_size=40),
    st.text(alphabet="ab./%2efcEF\\:?#&=;@~ +-\r\n\x00", max_size=20),
    st.sampled_from(["..", ".", "a/..", "%2e%2e", "..%2f", "a\\b", "status", "finalize", "pods"]),
    st.from_regex(r"[a-z0-9]([-a-z0-9.:]{0,20}[a-z0-9])?", fullmatch=True),
)
word = st.from_regex(r"[a-z][a-z0-9]{0,8}", fullmatch=True) | st.sampled_from(
    ["namespaces", "status", "finalize", "watch", "proxy"]
)
resources = st.builds(
    ResourceType,
    group=st.sampled_from(["", "apps", "traefik.io"]) | hostile,
    version=st.sampled_from(["v1", "v1beta1"]) | hostile,
    name=word | hostile,
    kind=st.just("Thing"),
    namespaced=st.booleans(),
)


@given(resources, hostile | st.just(""), hostile | st.just(""), hostile | st.just("") | word)
@example(NAMESPACES, "", "x", "pods")
@example(replace(PODS, name="status"), "x", "", "")
def test_whatever_is_given_the_path_means_exactly_that_or_is_refused(
    resource: ResourceType, namespace: str, name: str, subresource: str
) -> None:
    try:
        path = resource_path(resource, namespace=namespace, name=name, subresource=subresource)
    except InputError:
        return
    assert parse(path) == ApiPath(
        resource.group, resource.version, namespace, resource.name, name, subresource
    )
    # What the wire sees: nothing of it became a query, a fragment or another host.
    assert urlsplit(f"https://cluster{path}") == ("https", "cluster", path, "", "")


@given(st.text(alphabet="/apisv1nodxy.%2eEfF:~\\?#", max_size=60) | st.text(max_size=60))
def test_a_path_that_is_understood_has_exactly_one_spelling(tail: str) -> None:
    for prefix in ("", "/api/v1/", "/apis/apps/v1/", "/api/v1/namespaces/a/pods/"):
        read = parse(prefix + tail)
        if read is None or read.fixed or read.rest:
            continue
        kind = ResourceType(
            read.group,
            read.version,
            read.resource,
            "Thing",
            namespaced=bool(read.namespace),
        )
        if not read.namespace and read.name and read.resource in {"status", "finalize"}:
            continue
        rebuilt = resource_path(
            kind, namespace=read.namespace, name=read.name, subresource=read.subresource
        )
        assert rebuilt == prefix + tail
