"""The routes, read by the real Traefik from the real API server: what gets through, and how."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from kube_mcp.scaffold import McpServer, write
from testbed.bed import Bed
from tests.support.echo import Echo
from tests.support.edge import PodNetwork, PublicHost, Traefik, certificate_store
from tests.support.flux import GITOPS, install, kustomize
from tests.support.helm import one, template
from tests.support.strict import apply

NEEDS_TOOLS = ("helm4", "kubectl", "traefik")
pytestmark = [pytest.mark.cluster, pytest.mark.timeout(180)]

HOST = "api.example.com"
#: What the chart's own IngressRoute leads to, in a release of its own: a path, and a host with /mcp.
CHART_HOST, ALIAS_HOST = "chart.example.com", "k8s-mcp.example.com"
CHART_VALUES = {
    "config": {
        "server": {
            "public_urls": [f"https://{CHART_HOST}/mcp/kubernetes", f"https://{ALIAS_HOST}/mcp"]
        },
        "auth": {
            "issuers": [
                {
                    "issuer": "https://authentik.example.com/application/o/kubernetes-mcp/",
                    "audience": ["kubernetes-mcp-server"],
                    "allowed_clients": ["kubernetes-mcp-server"],
                }
            ]
        },
    },
    "ingressRoute": {"enabled": True},
}
SETTINGS = {
    "PUBLIC_HOST": HOST,
    "AUTHENTIK_HOST": "authentik.example.com",
    "IMAGE_TAG": "0.1.0",
    "CLUSTER_NAME": "home",
}
NAMESPACE = "kubernetes-mcp-server"


@pytest.fixture(scope="module")
def network() -> Iterator[PodNetwork]:
    with PodNetwork() as running:
        yield running


@pytest.fixture(scope="module")
def kubernetes() -> Iterator[Echo]:
    with Echo("kubernetes") as running:
        yield running


@pytest.fixture(scope="module")
def edge(
    stack: Bed,
    network: PodNetwork,
    kubernetes: Echo,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[PublicHost]:
    """The home-lab overlay, and a second server from the scaffold, behind one Traefik."""
    folder = tmp_path_factory.mktemp("gitops")
    (folder / "components").symlink_to(GITOPS / "components")
    write(
        McpServer(name="grafana", image="registry.example.com/g:1", port=8000, path="/mcp"), folder
    )
    install(stack, kustomize(GITOPS / "apps/home-lab/kubernetes-mcp-server"), SETTINGS)
    install(stack, kustomize(folder / "apps/base/grafana-mcp-server"), SETTINGS)
    store, ca_file = certificate_store(stack, [HOST, CHART_HOST, ALIAS_HOST], NAMESPACE)
    apply(stack.kubeconfig_file, store)
    stack.create_namespace("edge-chart")
    made = template(CHART_VALUES, namespace="edge-chart")
    apply(stack.kubeconfig_file, [o for o in made if o["kind"] != "Pod"])
    with (
        Echo("grafana") as grafana,
        Echo("chart") as chart,
        Traefik(stack, network, folder) as traefik,
    ):
        network.lead(stack, "edge-chart", [chart.port])
        network.lead(stack, NAMESPACE, [kubernetes.port])
        network.lead(stack, "grafana-mcp-server", [grafana.port])
        public = PublicHost(HOST, port=traefik.port, ca_file=ca_file)
        public.wait_until_routed("/mcp/kubernetes")
        public.wait_until_routed("/mcp/grafana")
        PublicHost(CHART_HOST, port=traefik.port, ca_file=ca_file).wait_until_routed(
            "/mcp/kubernetes"
        )
        yield public


def at(edge: PublicHost, host: str) -> PublicHost:
    """The same Traefik under another name."""
    return PublicHost(host, port=edge.port, ca_file=edge.ca_file)


def reached(edge: PublicHost, path: str, **more: Any) -> dict[str, Any]:
    answer = edge.ask(path, **more)
    assert answer.status == 200
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize(
    ("asked", "server", "got"),
    [
        ("/mcp/kubernetes", "kubernetes", "/"),
        ("/mcp/kubernetes/", "kubernetes", "/"),
        ("/mcp/kubernetes/health", "kubernetes", "/health"),
        (
            "/.well-known/oauth-protected-resource/mcp/kubernetes",
            "kubernetes",
            "/.well-known/oauth-protected-resource/mcp/kubernetes",
        ),
        (
            "/.well-known/oauth-protected-resource/mcp/kubernetes/",
            "kubernetes",
            "/.well-known/oauth-protected-resource/mcp/kubernetes/",
        ),
        ("/mcp/grafana", "grafana", "/mcp"),
        ("/mcp/grafana/x", "grafana", "/mcp/x"),
        (
            "/.well-known/oauth-protected-resource/mcp/grafana",
            "grafana",
            "/.well-known/oauth-protected-resource/mcp/grafana",
        ),
    ],
)
def test_each_path_reaches_its_server_as_that_server_expects_it(
    edge: PublicHost, asked: str, server: str, got: str
) -> None:
    found = reached(edge, asked)

    assert (found["server"], found["path"]) == (server, got)


@pytest.mark.parametrize(
    "path",
    [
        "/mcp/kubernetesx",
        "/mcp/kubernetes-other",
        "/mcp",
        "/",
        "/health",
        "/.well-known/oauth-protected-resource",
        "/.well-known/oauth-protected-resource/mcp/kubernetesx",
        "/.well-known/openid-configuration",
    ],
)
def test_no_other_path_reaches_anybody(edge: PublicHost, path: str) -> None:
    assert edge.ask(path).status == 404


def test_another_host_reaches_nobody(edge: PublicHost) -> None:
    assert edge.ask("/mcp/kubernetes", headers={"Host": "other.example.com"}).status == 404


def test_a_stream_arrives_event_by_event(edge: PublicHost, kubernetes: Echo) -> None:
    with edge.open("/mcp/kubernetes/stream") as stream:
        assert stream.headers["content-type"] == "text/event-stream"
        for number in range(3):
            assert stream.readline() == f"data: {number}\n".encode()
            assert stream.readline() == b"\n"
            kubernetes.allow_next()
        assert stream.read() == b""


def test_a_preflight_from_claude_is_answered_and_from_elsewhere_is_not(edge: PublicHost) -> None:
    wanted = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,mcp-protocol-version",
    }
    claude = edge.ask(
        "/mcp/kubernetes", method="OPTIONS", headers={"Origin": "https://claude.ai", **wanted}
    )
    inspector = edge.ask(
        "/mcp/kubernetes", method="OPTIONS", headers={"Origin": "http://localhost:6274", **wanted}
    )
    other = edge.ask(
        "/mcp/kubernetes", method="OPTIONS", headers={"Origin": "https://evil.example", **wanted}
    )

    assert claude.status == 200
    assert claude.headers["access-control-allow-origin"] == "https://claude.ai"
    assert "POST" in claude.headers["access-control-allow-methods"]
    assert "authorization" in claude.headers["access-control-allow-headers"].lower()
    assert "access-control-allow-credentials" not in claude.headers
    assert inspector.headers["access-control-allow-origin"] == "http://localhost:6274"
    assert "access-control-allow-origin" not in other.headers


def test_a_refusal_shows_a_browser_where_to_sign_in(edge: PublicHost) -> None:
    answer = edge.ask("/mcp/kubernetes/denied", headers={"Origin": "https://claude.ai"})

    assert answer.status == 401
    assert answer.headers["www-authenticate"] == 'Bearer resource_metadata="x"'
    exposed = answer.headers["access-control-expose-headers"].lower()
    assert {"www-authenticate", "mcp-session-id"} <= {x.strip() for x in exposed.split(",")}
    assert answer.headers["access-control-allow-origin"] == "https://claude.ai"


def test_browsers_get_security_headers_and_no_server_name(edge: PublicHost) -> None:
    headers = edge.ask("/mcp/kubernetes").headers

    assert headers["strict-transport-security"] == "max-age=31536000"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"
    assert "server" not in headers


def test_nobody_outside_can_pretend_to_have_been_identified(edge: PublicHost) -> None:
    found = reached(
        edge,
        "/mcp/kubernetes",
        headers={
            "Authorization": "Bearer token",
            "Impersonate-User": "system:admin",
            "Impersonate-Group": "system:masters",
            "X-Authentik-Username": "admin",
            "X-Remote-User": "admin",
        },
    )["headers"]

    assert found["authorization"] == "Bearer token"
    assert not [n for n in found if n.startswith(("impersonate", "x-authentik", "x-remote"))]


def test_the_route_lies_in_the_servers_own_namespace(stack: Bed, edge: PublicHost) -> None:
    route = stack.admin.get(
        f"/apis/traefik.io/v1alpha1/namespaces/{NAMESPACE}/ingressroutes/{NAMESPACE}"
    )

    assert one([route], "IngressRoute")["spec"]["routes"][1]["services"][0]["name"] == NAMESPACE


@pytest.mark.parametrize(
    ("host", "asked", "got"),
    [
        (CHART_HOST, "/mcp/kubernetes", "/"),
        (CHART_HOST, "/mcp/kubernetes/health", "/health"),
        (
            CHART_HOST,
            "/.well-known/oauth-protected-resource/mcp/kubernetes",
            "/.well-known/oauth-protected-resource/mcp/kubernetes",
        ),
        (ALIAS_HOST, "/mcp", "/"),
        (
            ALIAS_HOST,
            "/.well-known/oauth-protected-resource/mcp",
            "/.well-known/oauth-protected-resource/mcp",
        ),
    ],
)
def test_the_charts_own_routes_lead_every_public_url_to_it(
    edge: PublicHost, host: str, asked: str, got: str
) -> None:
    found = reached(at(edge, host), asked)

    assert (found["server"], found["path"]) == ("chart", got)


@pytest.mark.parametrize(
    ("host", "path"),
    [
        (CHART_HOST, "/mcp/kubernetesx"),
        (CHART_HOST, "/mcp"),
        (ALIAS_HOST, "/mcpx"),
        (ALIAS_HOST, "/.well-known/oauth-protected-resource"),
    ],
)
def test_and_nothing_else(edge: PublicHost, host: str, path: str) -> None:
    assert at(edge, host).ask(path).status == 404
