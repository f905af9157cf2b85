"""The command line, as its user types it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from kube_mcp import __version__
from kube_mcp.cli import main


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, with nothing but this environment."""
    return subprocess.run(
        [sys.executable, "-m", "kube_mcp", *arguments],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", **environ},
    )


def test_version_answers_without_the_protocol_library() -> None:
    code = (
        "import sys; from kube_mcp.cli import main; code = main(['version']); "
        "heavy = {'mcp', 'pydantic', 'aiohttp', 'uvicorn'} & set(sys.modules); "
        "sys.exit(code or len(heavy))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=50, check=False
    )
    assert (done.returncode, done.stdout) == (0, f"kube-mcp {__version__}\n")


def test_rbac_prints_a_cluster_role_without_secrets_or_stars(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["rbac", "--name", "viewer"]) == 0
    role = yaml.safe_load(capsys.readouterr().out)
    assert (role["kind"], role["metadata"]["name"]) == ("ClusterRole", "viewer")
    resources = {name for rule in role["rules"] for name in rule["resources"]}
    verbs = {verb for rule in role["rules"] for verb in rule["verbs"]}
    assert "secrets" not in resources
    assert "*" not in resources | verbs
    assert verbs == {"get", "list", "watch"}


def test_rbac_for_a_misspelt_toolset_prints_no_smaller_role(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["rbac", "--toolset", "lgos"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "kube-mcp: 'lgos' is not a toolset. Did you mean 'logs'?\n"


def test_a_wrong_setting_stops_the_start_with_every_problem(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text("[server]\nprot = 1\n")
    done = run("serve", "--config", str(file))
    assert done.returncode == 1
    assert done.stderr == "kube-mcp: 'server.prot' is not a setting. Did you mean 'port'?\n"


def test_listening_to_the_network_without_sign_in_is_refused() -> None:
    done = run("serve", "--snapshot", "demo", "--host", "0.0.0.0")
    assert done.returncode == 1
    assert "nobody has to sign in" in done.stderr
    assert "--insecure-no-auth" in done.stderr


def test_a_missing_kubeconfig_is_one_sentence_not_a_trace() -> None:
    done = run("serve")
    assert done.returncode == 1
    assert "There is no kubeconfig" in done.stderr
    assert "Traceback" not in done.stderr


def test_reading_as_the_caller_without_sign_in_is_refused() -> None:
    done = run("serve", "--snapshot", "demo", KUBE_MCP_CLUSTER_IDENTITY="impersonate")
    assert done.returncode == 1
    assert "nobody signs in" in done.stderr


def test_the_doctor_of_the_demo_finds_it_well_and_exits_with_0() -> None:
    done = run("doctor", "--snapshot", "demo")
    assert done.returncode == 0, done.stdout
    assert "API server: answers" in done.stdout
    assert done.stdout.splitlines()[-1].endswith("skipped")


def test_the_doctor_names_a_denial_that_hides_nothing() -> None:
    done = run(
        "doctor", "--snapshot", "demo", KUBE_MCP_POLICY_KINDS_DENY="secretz,deployments,Ingress"
    )
    assert done.returncode == 0, done.stdout
    assert "denied kinds: no kind of this cluster is called 'secretz'\n" in done.stdout


def test_the_doctor_says_that_the_server_would_not_start() -> None:
    done = run("doctor", "--snapshot", "demo", KUBE_MCP_SERVER_HOST="0.0.0.0")
    assert done.returncode == 1
    assert "nobody has to sign in" in done.stdout


def test_the_doctor_without_a_cluster_says_what_to_do_and_exits_with_1() -> None:
    done = run("doctor", "--json")
    assert done.returncode == 1
    assert '"ok": false' in done.stdout
    assert "There is no kubeconfig" in done.stdout


def test_the_demo_without_a_server_says_how_to_start_one() -> None:
    done = run("demo", "--url", "http://127.0.0.1:9/mcp")
    assert done.returncode == 1
    assert "make run" in done.stderr
    assert "Traceback" not in done.stderr
