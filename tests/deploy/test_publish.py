"""A release: image and chart in a real registry, and Flux's source leads to what lies there."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from kube_mcp import __version__
from tests.support.flux import GITOPS
from tests.support.helm import ROOT, helm
from tests.support.image import BASE, PROGRAMS, Storage
from tests.support.processes import end
from tests.support.tools import ToolUnavailable, system_program, tool

NEEDS_TOOLS = ("helm4",)
SCRIPT = ROOT / "deploy/scripts/publish.sh"
MANIFEST_TYPES = ", ".join(
    (
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    )
)


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[str]:
    """A registry on a free loopback port."""
    if os.geteuid() != 0:
        pytest.skip("Building an image here needs root.")
    try:
        for program in (*PROGRAMS, "docker-registry"):
            system_program(program)
    except ToolUnavailable as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    settings = tmp_path / "registry.yaml"
    settings.write_text(
        yaml.safe_dump(
            {
                "version": 0.1,
                "storage": {"filesystem": {"rootdirectory": str(tmp_path / "registry")}},
                "http": {"addr": address},
                "log": {"level": "error", "accesslog": {"disabled": True}},
            }
        )
    )
    with (tmp_path / "registry.log").open("wb") as log:
        process = subprocess.Popen(
            [str(system_program("docker-registry")), "serve", str(settings)],
            stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
    try:
        deadline = time.monotonic() + 30
        while True:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"http://{address}/v2/"):
                break
            assert process.poll() is None, (tmp_path / "registry.log").read_text()
            assert time.monotonic() < deadline, "the registry does not answer"
            time.sleep(0.1)
        yield address
    finally:
        end(process)


def builder(folder: Path, storage: Storage) -> Path:
    """buildah, with the store of this test and the settings of this machine."""
    programs = folder / "bin"
    programs.mkdir()
    wrapper = programs / "buildah"
    build = " ".join(storage.build_options())
    wrapper.write_text(
        '#!/bin/sh\nverb=$1; shift\n[ "$verb" = build ] && set -- '
        f'{build} "$@"\nexec {" ".join(storage.command)} "$verb" "$@"\n'
    )
    wrapper.chmod(0o755)
    (programs / "helm").symlink_to(tool("helm4"))
    return wrapper


def manifest(registry: str, name: str, tag: str) -> dict[str, Any]:
    request = urllib.request.Request(
        f"http://{registry}/v2/{name}/manifests/{tag}", headers={"Accept": MANIFEST_TYPES}
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        found: dict[str, Any] = json.loads(answer.read())
    return found


@pytest.mark.image
@pytest.mark.timeout(420)
def test_image_and_chart_lie_where_the_base_and_helm_look_for_them(
    registry: str, tmp_path: Path
) -> None:
    storage = Storage(tmp_path)
    storage.make_base()
    program = builder(tmp_path, storage)
    done = subprocess.run(
        [str(SCRIPT), "--plain-http", registry],
        env={**os.environ, "BUILDER": str(program), "PATH": f"{program.parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=360,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    source = yaml.safe_load(
        (GITOPS / "apps/base/kubernetes-mcp-server/ocirepository.yaml").read_text()
    )["spec"]

    assert manifest(registry, "kube-mcp", __version__)["config"]
    (layer,) = manifest(registry, "charts/kube-mcp", source["ref"]["tag"])["layers"]
    assert layer["mediaType"] == source["layerSelector"]["mediaType"]
    helm(
        "pull", f"oci://{registry}/charts/kube-mcp", "--version", __version__, "--plain-http",
        "--untar", "--destination", str(tmp_path / "pulled"),
    )  # fmt: skip
    pulled = tmp_path / "pulled/kube-mcp"
    assert "ghcr.io" in helm("template", "x", str(pulled))
    # The page it prints is what has to be changed in the base.
    assert f"url: oci://{registry}/charts/kube-mcp" in done.stdout
    assert f"--set image.repository={registry}/kube-mcp" in done.stdout
    assert BASE in (ROOT / "Dockerfile").read_text()


@pytest.mark.parametrize("given", ["", "https://ghcr.io/you", "ghcr.io/You"])
def test_what_is_no_registry_is_refused_before_anything_is_built(given: str) -> None:
    done = subprocess.run(
        [str(SCRIPT), given], capture_output=True, text=True, timeout=30,
        env={**os.environ, "BUILDER": str(shutil.which("false"))},
    )  # fmt: skip

    assert done.returncode == 1
    assert f"'{given}' is not a registry" in done.stderr


def test_a_release_has_one_version() -> None:
    chart = yaml.safe_load((ROOT / "deploy/chart/kube-mcp/Chart.yaml").read_text())
    settings = (GITOPS / "clusters/example/kubernetes-mcp-server.yaml").read_text()

    assert chart["version"] == chart["appVersion"] == __version__
    assert f'IMAGE_TAG: "{__version__}"' in settings


def test_the_release_on_github_is_the_script_with_the_rights_it_needs() -> None:
    workflow = yaml.safe_load((ROOT / ".github/workflows/release.yaml").read_text())
    steps = [step["run"] for step in workflow["jobs"]["publish"]["steps"] if "run" in step]

    # YAML reads the key `on` as true.
    assert workflow[True] == {"push": {"tags": ["v*"]}}
    assert workflow["permissions"] == {"contents": "write", "packages": "write"}
    assert any(step.startswith("deploy/scripts/publish.sh ") for step in steps)
    for step in steps:
        done = subprocess.run(
            ["bash", "-n"], input=step, text=True, capture_output=True, timeout=10
        )
        assert done.returncode == 0, done.stderr
        assert "${{" not in step  # what GitHub fills in goes through the environment
