"""The image: built from the real Dockerfile, run with nothing but what the chart gives it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kube_mcp import __version__
from testbed.bed import Bed
from tests.support.helm import ROOT, one, template
from tests.support.image import PROGRAMS, Container, Storage
from tests.support.strict import apply
from tests.support.tools import ToolUnavailable, system_program, tool

NEEDS_TOOLS = ("hadolint", "syft", "helm4", "kubectl")
TAG = "localhost/kube-mcp:test"


@dataclass
class Image:
    """The built image, unpacked."""

    root: Path
    config: dict[str, Any]
    folder: Path

    def run(
        self,
        name: str,
        *arguments: str,
        mounts: dict[str, Path] | None = None,
        env: tuple[str, ...] = (),
    ) -> Container:
        return Container(
            name,
            root=self.root,
            image=self.config,
            arguments=arguments,
            folder=self.folder,
            mounts=mounts,
            env=env,
        )


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Image:
    try:
        for program in PROGRAMS:
            system_program(program)
    except ToolUnavailable as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))
    if os.geteuid() != 0:
        pytest.skip("Building and running an image here needs root.")
    folder = tmp_path_factory.mktemp("image")
    storage = Storage(folder)
    storage.build(
        TAG, build_arguments=[f"--build-arg=VERSION={__version__}", "--build-arg=REVISION=abc123"]
    )
    return Image(storage.unpacked(TAG), storage.config(TAG), folder)


pytest_image = [pytest.mark.image, pytest.mark.timeout(420)]


def image_test(function: Any) -> Any:
    for mark in pytest_image:
        function = mark(function)
    return function


def test_hadolint_has_nothing_to_say() -> None:
    done = subprocess.run(
        [str(tool("hadolint")), str(ROOT / "Dockerfile")],
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 0, done.stdout


def test_nothing_goes_into_a_build_but_what_is_named() -> None:
    rules = [
        line
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]

    assert rules[0] == "*"
    for line in rules[1:]:
        assert line.startswith("!") or line == "**/__pycache__"
    named = {line.removeprefix("!") for line in rules if line.startswith("!")}
    copied = {
        source
        for line in (ROOT / "Dockerfile").read_text().splitlines()
        if line.startswith("COPY ") and "--from" not in line
        for source in line.split()[1:-1]
    }
    assert named == copied


@image_test
def test_the_image_says_what_it_is_and_is_not_root(image: Image) -> None:
    labels = image.config["Labels"]

    assert image.config["User"] == "65532:65532"
    assert image.config["Entrypoint"] == ["kube-mcp"]
    assert labels["org.opencontainers.image.version"] == __version__
    assert labels["org.opencontainers.image.revision"] == "abc123"
    # Without it the MCP registry refuses the entry that names this image.
    name = json.loads((ROOT / "server.json").read_text())["name"]
    assert labels["io.modelcontextprotocol.server.name"] == name
    assert image.config["Healthcheck"]["Test"][:3] == ["CMD", "python", "-c"]
    assert not [e for e in image.config["Env"] if e.startswith(("KUBE_MCP_", "PIP_"))]


@image_test
def test_it_holds_the_program_and_no_way_to_install_another(image: Image) -> None:
    found = {path.name for path in (image.root / "app/bin").iterdir()}

    assert "kube-mcp" in found
    assert not {name for name in found if name.startswith("pip")}
    assert not (image.root / "build").exists() or not list((image.root / "build").iterdir())


@image_test
def test_it_is_small(image: Image) -> None:
    size = sum(p.lstat().st_size for p in (image.root / "app").rglob("*") if not p.is_symlink())

    # What we add to the base; the base is whoever pins it's choice.
    assert size < 120_000_000


@image_test
def test_it_serves_with_a_read_only_root_no_capability_and_no_new_rights(image: Image) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with image.run("serve", "serve", "--snapshot", "demo", "--port", str(port)) as container:
        health = _get(f"http://127.0.0.1:{port}/health", container)
        ready = _get(f"http://127.0.0.1:{port}/readyz", container)
        status = container.status()
        container.kill("TERM")
        code, _ = container.ended()

    assert health == {"status": "ok", "version": __version__}
    assert ready == {"status": "ready"}
    assert status["Uid"].split()[0] == "65532"
    assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
    assert status["NoNewPrivs"] == "1"
    assert code == 0


@image_test
def test_doctor_runs_in_it_and_says_what_it_proved(image: Image) -> None:
    with image.run("doctor", "doctor", "--snapshot", "demo", "--json") as container:
        code, printed = container.ended()

    document = json.loads(printed[printed.index("{") :])
    assert code == 0, printed
    assert document


@image_test
@pytest.mark.cluster
def test_as_a_pod_it_reads_the_cluster_with_its_account_and_may_not_write(
    image: Image, stack: Bed, tmp_path: Path
) -> None:
    namespace = stack.create_namespace("in-a-pod")
    made = template(namespace=namespace)
    apply(stack.kubeconfig_file, [o for o in made if o["kind"] != "Pod"])
    account, settings = tmp_path / "account", tmp_path / "settings"
    for folder in (account, settings):
        folder.mkdir()
    (account / "token").write_text(stack.token(namespace, "kube-mcp"))
    (account / "ca.crt").write_bytes(stack.ca_file.read_bytes())
    (account / "namespace").write_text(namespace)
    (settings / "config.toml").write_text(one(made, "ConfigMap")["data"]["config.toml"])
    host, _, port = stack.server.removeprefix("https://").partition(":")

    with image.run(
        "pod",
        "doctor",
        "--json",
        mounts={
            "/var/run/secrets/kubernetes.io/serviceaccount": account,
            "/etc/kube-mcp": settings,
        },
        env=(
            "KUBE_MCP_CONFIG=/etc/kube-mcp/config.toml",
            f"KUBERNETES_SERVICE_HOST={host}",
            f"KUBERNETES_SERVICE_PORT={port}",
        ),
    ) as container:
        code, printed = container.ended()

    assert code == 0, printed
    found = json.dumps(json.loads(printed[printed.index("{") :]))
    assert f"system:serviceaccount:{namespace}:kube-mcp" in found
    assert "no verb but get, list and watch on anything" in found


@image_test
def test_its_health_check_passes_beside_the_server(image: Image) -> None:
    check = image.config["Healthcheck"]["Test"][3]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with image.run("checked", "serve", "--snapshot", "demo", "--port", str(port)) as container:
        _get(f"http://127.0.0.1:{port}/livez", container)
        done = subprocess.run(
            ["python3", "-c", check],
            env={**os.environ, "KUBE_MCP_SERVER_PORT": str(port)},
            timeout=20,
        )

    assert done.returncode == 0


@image_test
def test_the_sbom_names_every_locked_package_that_is_in_it(image: Image) -> None:
    printed = subprocess.run(
        [str(tool("syft")), "scan", f"dir:{image.root}", "--output", "cyclonedx-json", "--quiet"],
        capture_output=True,
        text=True,
        timeout=180,
        env={**os.environ, "SYFT_CHECK_FOR_APP_UPDATE": "false"},
    ).stdout
    listed = {
        (each["name"].lower().replace("_", "-"), each["version"])
        for each in json.loads(printed)["components"]
        if each.get("purl", "").startswith("pkg:pypi/")
    }
    installed = {
        (name.lower().replace("_", "-"), version)
        for path in (image.root / "app/lib").glob("python3*/site-packages/*.dist-info")
        for name, version in [path.name.removesuffix(".dist-info").split("-", 1)]
    }

    assert installed <= listed
    assert ("kube-mcp", __version__) in installed
    assert "aiohttp" in {name for name, _ in installed}


def _get(url: str, container: Container) -> Any:
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            last = error.read().decode()
        except OSError as error:
            last = str(error)
        assert container.process.poll() is None, container.log.read_text()
        assert time.monotonic() < deadline, f"{url}: {last}\n{container.log.read_text()}"
        time.sleep(0.1)
