"""Packages from npm for tests, installed once into a cache folder and shared by all runs."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest


def modules(*packages: str) -> Path:
    """The folder whose ``node_modules`` holds ``packages``, each given with its version.

    Skips the test where there is no Node.js; fails where there is one and installing does not work,
    because then nobody would notice that the test never runs.
    """
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed")
    name = hashlib.sha256("\n".join(sorted(packages)).encode()).hexdigest()[:16]
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = cache / "kube-mcp" / "npm" / name
    if not (folder / "complete").exists():
        folder.mkdir(parents=True, exist_ok=True)
        command = [npm, "install", "--no-audit", "--no-fund", "--loglevel=error", *packages]
        subprocess.run(command, cwd=folder, check=True, timeout=300)
        (folder / "complete").touch()
    return folder


def node() -> str:
    """The Node.js program. Skips the test where there is none."""
    found = shutil.which("node")
    if found is None:
        pytest.skip("Node.js is not installed")
    return found
