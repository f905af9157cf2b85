"""Where the control plane's programs come from, and what is said where they cannot."""

from __future__ import annotations

from pathlib import Path

import pytest

from testbed import build
from testbed.errors import Unavailable


def program(path: Path) -> Path:
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_without_go_one_line_says_what_cannot_run_and_how_to_get_it(tmp_path: Path) -> None:
    environ = {"PATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    with pytest.raises(Unavailable) as caught:
        build.find(environ=environ)
    message = str(caught.value)
    assert "\n" not in message
    assert message.startswith("The tests against a real API server cannot run")
    assert "no `go` on PATH; install Go 1.26 or newer" in message
    assert "KUBEBUILDER_ASSETS" in message


def test_programs_that_were_built_are_found_again_without_go(tmp_path: Path) -> None:
    environ = {"PATH": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    folder = build.cache_dir(environ) / build.cache_key("go1.26.8")
    folder.mkdir(parents=True)
    (folder / "go-version").write_text("go1.26.8")
    for name in build.PROGRAMS:
        program(folder / name)
    assert build.find(environ=environ).etcd == folder / "etcd"


def test_kubebuilder_assets_win(tmp_path: Path) -> None:
    for name in build.PROGRAMS:
        program(tmp_path / name)
    found = build.find(environ={"PATH": "", "KUBEBUILDER_ASSETS": str(tmp_path)})
    assert found.kube_apiserver == tmp_path / "kube-apiserver"
    assert found.kube_controller_manager == tmp_path / "kube-controller-manager"


def test_kubebuilder_assets_may_lack_the_controller_manager(tmp_path: Path) -> None:
    for name in ("etcd", "kube-apiserver"):
        program(tmp_path / name)
    found = build.find(environ={"KUBEBUILDER_ASSETS": str(tmp_path)})
    assert found.kube_controller_manager is None


def test_kubebuilder_assets_without_an_api_server_are_refused(tmp_path: Path) -> None:
    program(tmp_path / "etcd")
    with pytest.raises(Unavailable, match="holds no kube-apiserver: point it at a folder that"):
        build.find(environ={"KUBEBUILDER_ASSETS": str(tmp_path)})


def test_the_key_changes_with_the_compiler() -> None:
    assert build.cache_key("go1.26.8") != build.cache_key("go1.26.9")
    assert build.cache_key("go1.26.8") == build.cache_key("go1.26.8")


def test_the_programs_are_told_their_version() -> None:
    version = build.kubernetes_version()
    assert f"version.gitVersion=v{version}" in build.link_flags()
    assert f"version.gitMinor={version.split('.')[1]}" in build.link_flags()
