"""The impersonator's role on the real API server: per person, and read-only even for an admin."""

from __future__ import annotations

from pathlib import Path

import pytest

from kube_mcp.doctor import examine
from kube_mcp.settings import load
from testbed.bed import Bed
from testbed.client import Answer, Client
from tests.support.helm import one, template
from tests.support.strict import apply

NEEDS_TOOLS = ("helm4", "kubectl")
pytestmark = [pytest.mark.cluster, pytest.mark.timeout(120)]

NAMESPACE = "persons"
VALUES = {
    "config": {
        "server": {"public_urls": ["https://api.example.com/mcp/kubernetes"]},
        "auth": {
            "issuers": [
                {
                    "issuer": "https://authentik.example.com/application/o/kubernetes-mcp/",
                    "audience": ["kubernetes-mcp-server"],
                    "allowed_clients": ["kubernetes-mcp-server"],
                }
            ]
        },
        "cluster": {"identity": "impersonate"},
        "impersonate": {
            "user_prefix": "authentik:",
            "group_prefix": "authentik:",
            "groups": ["platform", "developers"],
        },
    },
    "rbac": {"viewerGroups": ["authentik:platform"]},
}
BINDINGS = [
    {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "persons-admin"},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": "cluster-admin",
        },
        "subjects": [
            {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "authentik:root"}
        ],
    }
]


@pytest.fixture(scope="module")
def server(stack: Bed) -> Client:
    """The deployed ServiceAccount, with the rights the chart gave it."""
    stack.create_namespace(NAMESPACE)
    kinds = {"ServiceAccount", "ClusterRole", "ClusterRoleBinding"}
    made = [o for o in template(VALUES, namespace=NAMESPACE) if o["kind"] in kinds]
    apply(stack.kubeconfig_file, made + BINDINGS)
    return stack.client(token=stack.token(NAMESPACE, "kube-mcp"))


def as_person(
    server: Client, method: str, path: str, *, user: str, group: str = "", body: object = None
) -> Answer:
    headers = {
        "Impersonate-User": user,
        "Impersonate-Extra-mcp.kube-mcp.dev%2fclient": "claude",
        "Impersonate-Extra-mcp.kube-mcp.dev%2fsession": "s1",
    }
    if group:
        headers["Impersonate-Group"] = group
    return server.request(method, path, body, headers=headers)


def test_a_member_of_a_viewing_group_reads(server: Client) -> None:
    answer = as_person(
        server, "GET", "/api/v1/pods", user="authentik:alice", group="authentik:platform"
    )

    assert answer.status == 200


@pytest.mark.parametrize(
    "path", ["/api", "/apis", "/apis/apps/v1", "/openapi/v3", "/version", "/readyz"]
)
def test_what_the_api_server_serves_is_asked_as_the_person(server: Client, path: str) -> None:
    assert as_person(server, "GET", path, user="authentik:nobody").status == 200


def test_somebody_else_reads_nothing_of_theirs(server: Client) -> None:
    answer = as_person(
        server, "GET", "/api/v1/pods", user="authentik:bob", group="authentik:developers"
    )

    assert answer.status == 403
    assert 'User "authentik:bob" cannot list resource "pods"' in answer.message


def test_an_administrator_can_only_read_through_it(server: Client, stack: Bed) -> None:
    stack.apply(
        [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kept"}}],
        namespace=NAMESPACE,
    )
    path = f"/api/v1/namespaces/{NAMESPACE}/configmaps/kept"
    root = "authentik:root"

    assert as_person(server, "GET", path, user=root).status == 200
    assert as_person(server, "DELETE", path, user=root).status == 403
    patch = as_person(server, "PATCH", path, user=root, body={"data": {"a": "b"}})
    assert patch.status in (403, 415)
    secrets = as_person(server, "GET", "/api/v1/secrets", user=root)
    assert secrets.status == 403
    assert stack.admin.request("GET", path).status == 200


@pytest.mark.parametrize("group", ["system:masters", "authentik:others", "system:nodes"])
def test_a_group_that_is_not_listed_cannot_be_acted_as(server: Client, group: str) -> None:
    answer = as_person(server, "GET", "/api/v1/pods", user="authentik:alice", group=group)

    assert answer.status == 403
    assert "impersonate" in answer.message


def test_the_server_by_itself_reads_nothing(server: Client) -> None:
    assert server.request("GET", "/api/v1/pods").status == 403


def test_a_person_may_ask_what_they_may_do(server: Client) -> None:
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {"verb": "list", "resource": "pods"}},
    }
    answer = as_person(
        server,
        "POST",
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
        user="authentik:alice",
        group="authentik:platform",
        body=review,
    )

    assert answer.status == 201
    assert answer.json()["status"]["allowed"] is True


async def test_doctor_finds_the_charts_own_roles_well(
    stack: Bed, server: Client, tmp_path: Path
) -> None:
    settings = one(template(VALUES, namespace=NAMESPACE), "ConfigMap")["data"]["config.toml"]
    file = tmp_path / "config.toml"
    # Nobody is asked who is not here.
    file.write_text(settings.replace("authentik.example.com", "authentik.invalid"))
    account = stack.kubeconfig(user="server", token=stack.token(NAMESPACE, "kube-mcp"))
    probes = await examine(
        lambda: load(file=str(file), environ={}, flags={"cluster.kubeconfig": str(account)}),
        environ={"HOME": str(tmp_path)},
    )
    found = {probe.name: probe for probe in probes}

    assert found["may act as people"].outcome == "ok", found["may act as people"]
    assert found["may not write"].outcome == "ok", found["may not write"]
    assert found["Secrets"].outcome == "ok"
