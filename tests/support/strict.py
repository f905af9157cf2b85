"""Objects as the API server itself judges them: strictly, warnings included, changing nothing."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.support.tools import tool

#: Some forty objects take two seconds.
TIMEOUT_S = 120


class NotAccepted(Exception):
    """The API server refused an object, or warned of one; the text is what it said."""


def dry_run(kubeconfig: Path, objects: Iterable[Mapping[str, Any]]) -> str:
    """Server-side apply as a dry run: unknown fields are errors, and so are warnings."""
    return _kubectl(kubeconfig, objects, "--dry-run=server")


def apply(kubeconfig: Path, objects: Iterable[Mapping[str, Any]]) -> str:
    """The same for real."""
    return _kubectl(kubeconfig, objects)


def _kubectl(kubeconfig: Path, objects: Iterable[Mapping[str, Any]], *flags: str) -> str:
    done = subprocess.run(
        [str(tool("kubectl")), "--kubeconfig", str(kubeconfig), "apply",
         "--server-side", "--force-conflicts", "--validate=strict",
         "--warnings-as-errors", *flags, "--filename", "-"],
        input=yaml.safe_dump_all([dict(each) for each in objects]),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )  # fmt: skip
    if done.returncode:
        raise NotAccepted(done.stderr.strip())
    return done.stdout
