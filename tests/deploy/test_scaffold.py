"""One more MCP server: the files ``kube-mcp scaffold`` writes."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from kube_mcp.errors import InputError
from kube_mcp.scaffold import McpServer, scaffold, write
from tests.support.blueprints import load
from tests.support.flux import GITOPS, flux_kustomizations, kustomize, objects, substitute
from tests.support.helm import one

NEEDS_TOOLS = ("kubectl",)

GRAFANA = McpServer(
    name="grafana", image="registry.example.com/grafana-mcp:1.2.3", port=8000, path="/mcp"
)
VARIABLES = {"PUBLIC_HOST": "api.example.com", "AUTHENTIK_HOST": "authentik.example.com"}


@pytest.fixture
def gitops(tmp_path: Path) -> Path:
    folder = tmp_path / "gitops"
    shutil.copytree(GITOPS, folder)
    return folder


def test_the_second_server_builds_beside_the_first(gitops: Path) -> None:
    write(GRAFANA, gitops)
    built = {
        kustomization["metadata"]["name"]: found
        for kustomization, found in flux_kustomizations(gitops)
    }

    assert set(built) == {"authentik-mcp-blueprints", "kubernetes-mcp-server", "grafana-mcp-server"}
    one_ = {
        (o["kind"], o["metadata"]["name"], o["metadata"].get("namespace"))
        for o in built["kubernetes-mcp-server"]
    }
    two = {
        (o["kind"], o["metadata"]["name"], o["metadata"].get("namespace"))
        for o in built["grafana-mcp-server"]
    }
    assert not one_ & two


def test_it_has_its_own_path_and_metadata_and_no_other() -> None:
    route, middleware = objects(
        substitute(scaffold(GRAFANA)["apps/base/grafana-mcp-server/ingressroute.yaml"], VARIABLES)
    )
    metadata, mcp = (rule["match"] for rule in route["spec"]["routes"])

    assert "Path(`/.well-known/oauth-protected-resource/mcp/grafana`)" in metadata
    assert mcp == (
        "Host(`api.example.com`) && (Path(`/mcp/grafana`) || PathPrefix(`/mcp/grafana/`))"
    )
    rewrite = middleware["spec"]["replacePathRegex"]
    moved = re.sub(rewrite["regex"], rewrite["replacement"].replace("$", "\\"), "/mcp/grafana")
    assert moved == "/mcp"


def test_a_server_that_answers_at_the_root_gets_the_prefix_stripped() -> None:
    server = McpServer(name="grafana", image="registry.example.com/g:1", path="/")
    text = scaffold(server)["apps/base/grafana-mcp-server/ingressroute.yaml"]

    assert objects(text)[1]["spec"] == {"stripPrefix": {"prefixes": ["/mcp/grafana"]}}


def test_it_signs_in_with_a_client_of_its_own() -> None:
    blueprint = load(scaffold(GRAFANA)["apps/base/authentik/blueprint-grafana-mcp.yaml"])
    entries: dict[str, dict[str, Any]] = {
        e["model"]: {**e.get("identifiers", {}), **e["attrs"]} for e in blueprint["entries"]
    }

    assert entries["authentik_providers_oauth2.oauth2provider"]["client_id"] == "grafana-mcp-server"
    assert entries["authentik_core.application"]["slug"] == "grafana-mcp"
    assert entries["authentik_core.group"]["name"] == "grafana-mcp-users"
    assert "kubernetes" not in str(blueprint).lower()


def test_it_runs_restricted_and_without_a_token_for_the_cluster(gitops: Path) -> None:
    write(GRAFANA, gitops)
    found = objects(substitute(kustomize(gitops / "apps/base/grafana-mcp-server"), VARIABLES))
    spec = one(found, "Deployment")["spec"]["template"]["spec"]

    assert spec["automountServiceAccountToken"] is False
    assert spec["containers"][0]["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    labels = one(found, "Namespace")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    assert not [o for o in found if "Role" in o["kind"]]


def test_no_mark_is_left_in_any_file() -> None:
    for path, text in scaffold(GRAFANA).items():
        assert not re.search(r"@[A-Z]+@", text), path


def test_what_is_there_is_not_overwritten(gitops: Path) -> None:
    paths, steps = write(GRAFANA, gitops)
    assert all(path.exists() for path in paths)
    assert "blueprint-grafana-mcp.yaml" in steps
    paths[0].write_text("mine")

    with pytest.raises(InputError, match="nothing was written"):
        write(GRAFANA, gitops)
    assert paths[0].read_text() == "mine"


def test_its_flux_kustomization_lies_beside_the_first_ones(gitops: Path) -> None:
    (gitops / "clusters/example").rename(gitops / "clusters/home")
    paths, _ = write(GRAFANA, gitops)

    assert gitops / "clusters/home/grafana-mcp-server.yaml" in paths
    assert not (gitops / "clusters/example").exists()


def test_a_folder_that_is_not_the_gitops_folder_stays_as_it_is(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not the GitOps folder"):
        write(GRAFANA, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"name": "Grafana"}, "'Grafana' cannot be part of a host name"),
        ({"name": "../etc"}, "'../etc' cannot"),
        ({"name": "a" * 40}, "1 to 32"),
        ({"name": "grafana\n"}, "cannot"),
        ({"name": "grafana", "image": "no version"}, "not an image with a version"),
        ({"name": "grafana", "image": "grafana:latest"}, "a different program every day"),
        ({"name": "grafana", "port": 0}, "0 is not a port"),
        ({"name": "grafana", "path": "mcp"}, "'mcp' is not a path"),
    ],
)
def test_what_could_not_be_a_name_is_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=re.escape(says)):
        McpServer(**given)


def test_a_server_without_an_image_cannot_be_deployed() -> None:
    with pytest.raises(InputError, match="grafana needs an image"):
        scaffold(McpServer(name="grafana"))
