"""What a test run says where no control plane can run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ONE = "tests/testbed/test_bed.py::test_a_started_bed_is_ready"


@pytest.fixture
def without_go(tmp_path: Path) -> dict[str, str]:
    """An environment with no `go` and nothing built."""
    kept = {name: os.environ[name] for name in ("HOME", "LANG") if name in os.environ}
    return {**kept, "PATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}


def run(environ: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=50
    )


def test_without_go_cluster_tests_are_skipped_and_one_line_says_how_to_get_it(
    without_go: dict[str, str],
) -> None:
    done = run(without_go, ONE)
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert "0 of 1 cluster tests ran against a real API server" in lines
    (how,) = (line for line in lines if "install Go 1.26 or newer" in line)
    assert how.startswith("The tests against a real API server cannot run")


def test_in_ci_a_control_plane_that_cannot_start_is_a_failure(without_go: dict[str, str]) -> None:
    done = run({**without_go, "CI": "true"}, ONE)
    assert done.returncode == 1
    assert "1 error" in done.stdout


def test_without_cluster_tests_nothing_is_said_or_built(without_go: dict[str, str]) -> None:
    done = run(without_go, "tests/testbed/test_audit.py")
    assert done.returncode == 0
    assert "real API server" not in done.stdout
    assert "building" not in done.stderr


def test_a_test_that_uses_the_bed_is_left_out_with_the_marker(without_go: dict[str, str]) -> None:
    done = run(without_go, "-m", "not cluster", ONE)
    assert "1 deselected" in done.stdout
