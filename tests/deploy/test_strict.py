"""Every object this folder makes, judged by the real API server with the real CRDs."""

from __future__ import annotations

import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from kube_mcp.scaffold import McpServer, write
from testbed.bed import Bed
from tests.support.flux import (
    GITOPS,
    flux_kustomizations,
    kustomize,
    objects,
    release_objects,
    substitute,
)
from tests.support.helm import ROOT, one, template
from tests.support.pages import blocks
from tests.support.strict import NotAccepted, dry_run

NEEDS_TOOLS = ("helm4", "kubectl")
pytestmark = [pytest.mark.cluster, pytest.mark.timeout(180)]

RENDERS = sorted((Path(__file__).parent / "values/renders").glob("*.yaml"))
RESTRICTED = {
    f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn", "audit")
}
SETTINGS = {
    "PUBLIC_HOST": "api.example.com",
    "AUTHENTIK_HOST": "authentik.example.com",
    "IMAGE_TAG": "0.1.0",
    "CLUSTER_NAME": "home",
}


@pytest.fixture(scope="module")
def restricted(stack: Bed) -> str:
    """A namespace in which a pod that asks for too much is refused, and a Deployment warned of."""
    return stack.create_namespace("strict", labels=RESTRICTED)


def with_releases(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    made = [o for r in found if r["kind"] == "HelmRelease" for o in release_objects(r, found)]
    return found + made


def create_namespaces(bed: Bed, found: list[dict[str, Any]]) -> None:
    for each in found:
        if each["kind"] == "Namespace":
            bed.create_namespace(each["metadata"]["name"], labels=each["metadata"].get("labels"))


@pytest.mark.parametrize("path", RENDERS, ids=lambda path: path.stem)
def test_what_the_chart_makes_is_accepted_without_a_warning(
    stack: Bed, restricted: str, path: Path
) -> None:
    for name in ("shop", "billing"):
        stack.create_namespace(name)
    made = template(path, namespace=restricted)

    dry_run(stack.kubeconfig_file, made)


@pytest.mark.parametrize("overlay", ["base", "home-lab", "company"])
def test_what_flux_would_apply_from_an_overlay_is_accepted(stack: Bed, overlay: str) -> None:
    built = kustomize(GITOPS / "apps" / overlay / "kubernetes-mcp-server")
    found = with_releases(objects(substitute(built, SETTINGS)))
    create_namespaces(stack, found)

    dry_run(stack.kubeconfig_file, found)


def test_the_example_cluster_and_all_it_leads_to_is_accepted(stack: Bed, tmp_path: Path) -> None:
    for name in ("flux-system", "authentik"):
        stack.create_namespace(name)
    cluster = objects((GITOPS / "clusters/example/kubernetes-mcp-server.yaml").read_text())
    dry_run(stack.kubeconfig_file, cluster)

    for _, found in flux_kustomizations():
        create_namespaces(stack, found)
        dry_run(stack.kubeconfig_file, with_releases(found))


def test_the_sealed_secrets_template_is_accepted(stack: Bed) -> None:
    stack.create_namespace("kubernetes-mcp-server")
    path = GITOPS / "apps/base/kubernetes-mcp-server/oauth-secret-sealed.yaml"

    dry_run(stack.kubeconfig_file, objects(path.read_text()))


def test_a_second_server_from_the_scaffold_is_accepted(stack: Bed, tmp_path: Path) -> None:
    for folder in ("components", "apps", "clusters"):
        (tmp_path / folder).symlink_to(GITOPS / folder) if folder == "components" else None
    server = McpServer(
        name="grafana", image="registry.example.com/grafana-mcp:1.2.3", port=8000, path="/mcp"
    )
    paths, _ = write(server, tmp_path)
    stack.create_namespace("flux-system")
    found = objects(
        substitute(kustomize(tmp_path / "apps/base/grafana-mcp-server"), SETTINGS)
        + "---\n"
        + substitute((tmp_path / "clusters/example/grafana-mcp-server.yaml").read_text(), SETTINGS)
        + "---\n"
        + (tmp_path / "apps/base/grafana-mcp-server/oauth-secret-sealed.yaml").read_text()
    )
    create_namespaces(stack, found)

    dry_run(stack.kubeconfig_file, found)
    assert len(paths) == 9


def test_the_role_for_custom_resources_that_the_page_shows_is_accepted(stack: Bed) -> None:
    (shown,) = [
        text for text in blocks(ROOT / "docs/deploy.md", "yaml") if "ClusterRoleBinding" in text
    ]

    dry_run(stack.kubeconfig_file, objects(shown))


def test_the_chart_from_git_that_the_page_shows_is_accepted(stack: Bed) -> None:
    page = (ROOT / "docs/deploy.md").read_text()
    (shown,) = re.findall(r"`chart: (\{spec:[^`]+\})`", page)
    built = kustomize(GITOPS / "apps/base/kubernetes-mcp-server")
    found = objects(substitute(built, SETTINGS))
    create_namespaces(stack, found)
    release = deepcopy(one(found, "HelmRelease"))
    del release["spec"]["chartRef"]
    release["spec"]["chart"] = yaml.safe_load(shown)

    dry_run(stack.kubeconfig_file, [release])


@pytest.mark.parametrize(
    ("kind", "where", "says"),
    [
        ("IngressRoute", ("spec", "routes", 0, "middleware"), "unknown field"),
        ("Middleware", ("spec", "headers", "accessControlAllowOrigins"), "unknown field"),
        ("HelmRelease", ("spec", "chartReference"), "unknown field"),
        ("OCIRepository", ("spec", "ref", "version"), "unknown field"),
        ("Namespace", ("metadata", "label"), "unknown field"),
    ],
)
def test_an_unknown_key_anywhere_fails(
    stack: Bed, kind: str, where: tuple[str | int, ...], says: str
) -> None:
    built = kustomize(GITOPS / "apps/base/kubernetes-mcp-server")
    found = objects(substitute(built, SETTINGS))
    create_namespaces(stack, found)
    wrong = deepcopy(next(o for o in found if o["kind"] == kind))
    at: Any = wrong
    for step in where[:-1]:
        at = at[step]
    at[where[-1]] = "x"

    with pytest.raises(NotAccepted) as refused:
        dry_run(stack.kubeconfig_file, [wrong])
    assert says in str(refused.value) or "not declared in schema" in str(refused.value)


def test_a_pod_that_asks_for_too_much_is_a_warning_and_so_an_error(
    stack: Bed, restricted: str
) -> None:
    deployment = one(template(namespace=restricted), "Deployment")
    deployment["spec"]["template"]["spec"]["containers"][0]["securityContext"] = {}

    with pytest.raises(NotAccepted, match="would violate PodSecurity"):
        dry_run(stack.kubeconfig_file, [deployment])
