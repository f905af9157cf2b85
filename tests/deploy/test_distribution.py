"""Ways to get it without a cluster: the one-click bundle, and the entry for the MCP registry."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from deploy.scripts.bundle import manifest, pack
from kube_mcp import __version__
from kube_mcp.settings import env_name, keys
from kube_mcp.tools._tool import discover
from tests.support.helm import ROOT
from tests.support.npm import modules


@pytest.fixture
def server_json() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((ROOT / "server.json").read_text())
    return found


def test_the_registry_entry_keeps_the_registrys_rules(server_json: dict[str, Any]) -> None:
    assert re.fullmatch(r"[a-z0-9.-]+/[a-z0-9][a-z0-9.-]*[a-z0-9]", server_json["name"])
    assert len(server_json["description"]) <= 100
    for package in server_json["packages"]:
        assert {"registryType", "identifier", "transport"} <= set(package)
        # The version of an image is in its name; the schema refuses it beside.
        assert ("version" in package) is (package["registryType"] == "pypi")


def test_package_and_image_say_which_entry_of_the_registry_is_theirs(
    server_json: dict[str, Any],
) -> None:
    name = server_json["name"]
    readme = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["readme"]

    # What the registry looks for before it takes an entry: in PyPI's description of the package...
    assert f"mcp-name: {name} " in (ROOT / readme).read_text()
    # ...and on the image.
    label = re.findall(
        r'io\.modelcontextprotocol\.server\.name="([^"]*)"', (ROOT / "Dockerfile").read_text()
    )
    assert label == [name]


def test_every_version_is_this_version(server_json: dict[str, Any]) -> None:
    pypi, oci = server_json["packages"]

    assert server_json["version"] == pypi["version"] == __version__
    assert oci["identifier"].endswith(f":{__version__}")
    assert json.loads((ROOT / "deploy/mcpb/manifest.json").read_text())["version"] == __version__


def test_settings_named_for_installers_exist(server_json: dict[str, Any]) -> None:
    known = {env_name(key) for key, _ in keys()}
    named = {v["name"] for p in server_json["packages"] for v in p.get("environmentVariables", ())}
    named |= set(json.loads(manifest())["server"]["mcp_config"]["env"])

    assert named <= known


def test_the_same_tree_gives_the_same_bundle(tmp_path: Path) -> None:
    one, two = pack(tmp_path / "one.mcpb"), pack(tmp_path / "two.mcpb")

    assert one.read_bytes() == two.read_bytes()
    assert one.stat().st_size < 3_000_000


@pytest.mark.node
@pytest.mark.timeout(360)
def test_the_bundlers_own_tool_finds_the_manifest_valid(tmp_path: Path) -> None:
    program = modules("@anthropic-ai/mcpb@2.1.2") / "node_modules/.bin/mcpb"
    path = tmp_path / "manifest.json"
    path.write_text(manifest())
    (tmp_path / "src/kube_mcp").mkdir(parents=True)
    (tmp_path / "src/kube_mcp/__main__.py").write_text("")
    done = subprocess.run(
        [str(program), "validate", str(path)], capture_output=True, text=True, timeout=60
    )

    assert done.returncode == 0, done.stdout + done.stderr


async def test_what_is_in_the_bundle_serves_the_tools_it_lists(tmp_path: Path) -> None:
    with zipfile.ZipFile(pack(tmp_path / "kube-mcp.mcpb")) as bundle:
        bundle.extractall(tmp_path / "installed")
    listed = json.loads((tmp_path / "installed/manifest.json").read_text())["tools"]
    # What uv would run, with the dependencies that are here already.
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "kube_mcp", "stdio", "--snapshot", "demo"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(tmp_path / "installed/src")},
        cwd=str(tmp_path),
    )
    async with Client(stdio_client(server)) as client:
        served = {tool.name for tool in (await client.list_tools()).tools}

    assert {each["name"] for each in listed} == {tool.name for tool in discover()}
    # Helm's tools are listed for those who switch them on.
    assert served <= {each["name"] for each in listed}
    assert len(served) > 10
