"""The GitOps folder: what Flux would apply from it, and what the chart makes of its values."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
import yaml

from tests.support.flux import (
    GITOPS,
    NoSuchVariable,
    flux_kustomizations,
    kustomize,
    objects,
    release_objects,
    release_values,
    substitute,
)
from tests.support.helm import CHART, one

NEEDS_TOOLS = ("helm4", "kubectl")

SETTINGS = {
    "PUBLIC_HOST": "mcp.corp.test",
    "AUTHENTIK_HOST": "sso.corp.test",
    "IMAGE_TAG": "1.10",
    "CLUSTER_NAME": "berlin",
}


def applied(overlay: str, settings: dict[str, str] | None = None) -> list[dict[str, Any]]:
    built = kustomize(GITOPS / "apps" / overlay / "kubernetes-mcp-server")
    return objects(substitute(built, settings or SETTINGS))


def installed(overlay: str) -> list[dict[str, Any]]:
    found = applied(overlay)
    return release_objects(one(found, "HelmRelease"), found)


def test_the_four_values_are_all_there_is_to_set() -> None:
    text = kustomize(GITOPS / "apps/base/kubernetes-mcp-server")

    with pytest.raises(NoSuchVariable):
        substitute(text, {})
    done = substitute(text, SETTINGS)
    assert "example.com" not in done
    settings = one(
        objects((GITOPS / "clusters/example/kubernetes-mcp-server.yaml").read_text()), "ConfigMap"
    )
    assert set(settings["data"]) == set(SETTINGS)


def test_the_values_reach_url_issuer_cluster_and_image() -> None:
    made = installed("home-lab")
    config = tomllib.loads(one(made, "ConfigMap")["data"]["config.toml"])

    assert config["server"]["public_urls"] == ["https://mcp.corp.test/mcp/kubernetes"]
    assert config["cluster"]["name"] == "berlin"
    (issuer,) = config["auth"]["issuers"]
    assert issuer["issuer"] == "https://sso.corp.test/application/o/kubernetes-mcp/"
    assert config["auth"]["required_groups"] == ["kubernetes-mcp-users"]
    # 1.10 is a number to YAML; it must stay a version.
    image = one(made, "Deployment")["spec"]["template"]["spec"]["containers"][0]["image"]
    assert image.endswith("/kube-mcp:1.10")


def test_everything_is_called_kubernetes_mcp_server() -> None:
    names = {(o["kind"], o["metadata"]["name"]) for o in installed("home-lab")}

    assert {
        ("Deployment", "kubernetes-mcp-server"),
        ("Service", "kubernetes-mcp-server"),
    } <= names
    assert one(installed("home-lab"), "Service")["spec"]["ports"][0]["port"] == 8080


def test_at_home_the_role_in_git_is_the_only_one() -> None:
    made = installed("home-lab")
    kinds = {o["kind"] for o in made}

    assert not {"ClusterRole", "ClusterRoleBinding", "ServiceAccount", "RoleBinding"} & kinds
    binding = one(applied("home-lab"), "ClusterRoleBinding")
    account = one(made, "Deployment")["spec"]["template"]["spec"]["serviceAccountName"]
    assert binding["subjects"] == [
        {"kind": "ServiceAccount", "name": account, "namespace": "kubernetes-mcp-server"}
    ]


def test_in_a_company_nobody_reads_as_the_server() -> None:
    base, made = applied("company"), installed("company")

    assert not [o for o in base if o["kind"].startswith("ClusterRole")]
    viewers = one(made, "ClusterRoleBinding", "kubernetes-mcp-server-viewer")["subjects"]
    assert {s["name"] for s in viewers} == {"authentik:platform", "authentik:developers"}
    assert one(made, "ClusterRole", "kubernetes-mcp-server-impersonator")
    assert {"HorizontalPodAutoscaler", "PodDisruptionBudget", "NetworkPolicy"} <= {
        o["kind"] for o in made
    }


@pytest.mark.parametrize("overlay", ["home-lab", "company"])
def test_an_overlay_is_a_dozen_lines_of_decisions(overlay: str) -> None:
    folder = GITOPS / "apps" / overlay / "kubernetes-mcp-server"
    for path in folder.glob("*.yaml"):
        code = [x for x in path.read_text().splitlines() if not x.strip().startswith("#")]
        assert len(code) <= 18, path


@pytest.mark.parametrize("overlay", ["home-lab", "company"])
def test_the_route_leads_to_the_service_the_chart_makes(overlay: str) -> None:
    found = applied(overlay)
    route = one(found, "IngressRoute")
    service = one(installed(overlay), "Service")
    middlewares = {o["metadata"]["name"] for o in found if o["kind"] == "Middleware"}

    assert route["metadata"]["namespace"] == service["metadata"]["namespace"]
    ports = {port["port"] for port in service["spec"]["ports"]}
    for rule in route["spec"]["routes"]:
        (target,) = rule["services"]
        assert target["name"] == service["metadata"]["name"]
        assert target["port"] in ports
        assert {m["name"] for m in rule["middlewares"]} <= middlewares


def test_the_middleware_and_the_server_let_the_same_pages_call() -> None:
    middleware = one(applied("home-lab"), "Middleware", "mcp-cors")["spec"]["headers"]
    config = tomllib.loads(one(installed("home-lab"), "ConfigMap")["data"]["config.toml"])

    assert middleware["accessControlAllowOriginList"] == config["server"]["allowed_origins"]


def test_the_chart_version_in_git_is_this_charts() -> None:
    source = one(applied("home-lab"), "OCIRepository")

    assert (
        source["spec"]["ref"]["tag"]
        == yaml.safe_load((CHART / "Chart.yaml").read_text())["version"]
    )


def test_the_secret_in_git_is_a_template_that_is_not_applied() -> None:
    folder = GITOPS / "apps/base/kubernetes-mcp-server"
    secret = yaml.safe_load((folder / "oauth-secret-sealed.yaml").read_text())

    assert "SealedSecret" not in {o["kind"] for o in applied("home-lab")}
    assert "  # - oauth-secret-sealed.yaml" in (folder / "kustomization.yaml").read_text()
    assert list(secret["spec"]["encryptedData"]) == ["sts_client_secret"]
    values = release_values(one(applied("home-lab"), "HelmRelease"), applied("home-lab"))
    assert secret["metadata"]["name"] == values["clientSecrets"]["existingSecret"]


def test_flux_finds_every_path_and_waits_for_what_it_applies() -> None:
    for kustomization, found in flux_kustomizations():
        applied_or_made = found + [
            made
            for release in found
            if release["kind"] == "HelmRelease"
            for made in release_objects(release, found)
        ]
        for check in kustomization["spec"].get("healthChecks", []):
            assert [
                o
                for o in applied_or_made
                if (o["apiVersion"], o["kind"]) == (check["apiVersion"], check["kind"])
                and o["metadata"]["name"] == check["name"]
                and o["metadata"]["namespace"] == check["namespace"]
            ], check


def test_the_blueprint_does_not_wait_for_authentik_which_waits_for_it() -> None:
    waits = {
        kustomization["metadata"]["name"]: {
            each["name"] for each in kustomization["spec"].get("dependsOn", [])
        }
        for kustomization, _ in flux_kustomizations()
    }

    # Authentik's worker mounts the ConfigMap, which is not optional there.
    assert "authentik" not in waits["authentik-mcp-blueprints"]
    assert waits["kubernetes-mcp-server"] == {
        "traefik", "sealed-secrets", "authentik-mcp-blueprints",
    }  # fmt: skip


def test_authentik_gets_the_blueprint_as_text_with_its_tags() -> None:
    (found,) = [
        o
        for kustomization, objects_ in flux_kustomizations()
        if kustomization["metadata"]["name"] == "authentik-mcp-blueprints"
        for o in objects_
    ]

    assert found["metadata"]["namespace"] == "authentik"
    assert found["metadata"]["name"] == "authentik-blueprint-kubernetes-mcp"
    ((name, text),) = found["data"].items()
    assert name.endswith(".yaml")
    assert "https://api.example.com/mcp/kubernetes" in text
    assert "!KeyOf provider" in text
