from pathlib import Path

import pytest

from kube_mcp.errors import CredentialsError
from kube_mcp.kube.locate import locate

POD = {"KUBERNETES_SERVICE_HOST": "10.43.0.1", "KUBERNETES_SERVICE_PORT": "443"}
KUBECONFIG = """
current-context: home
clusters: [{name: c, cluster: {server: "https://laptop:6443"}}]
contexts: [{name: home, context: {cluster: c}}]
"""


@pytest.fixture
def mounted(tmp_path: Path) -> Path:
    folder = tmp_path / "serviceaccount"
    folder.mkdir()
    for name in ("token", "ca.crt"):
        (folder / name).write_text("x")
    return folder


def server(home: Path, mounted: Path, path: str = "", *, context: str = "", **extra: str) -> str:
    return locate(
        path, context=context, environ=POD | extra, home=home, service_account=mounted
    ).server


def test_in_a_pod_without_a_kubeconfig_it_is_the_pods_own(tmp_path: Path, mounted: Path) -> None:
    assert server(tmp_path, mounted) == "https://10.43.0.1:443"
    # A variable that points nowhere is what an image without its volume looks like.
    assert server(tmp_path, mounted, KUBECONFIG="/missing") == "https://10.43.0.1:443"


def test_a_kubeconfig_comes_first(tmp_path: Path, mounted: Path) -> None:
    file = tmp_path / "config"
    file.write_text(KUBECONFIG)
    assert server(tmp_path, mounted, KUBECONFIG=str(file)) == "https://laptop:6443"
    (tmp_path / ".kube").mkdir()
    file.rename(tmp_path / ".kube" / "config")
    assert server(tmp_path, mounted) == "https://laptop:6443"


def test_what_is_named_is_never_replaced_by_the_pods_own(tmp_path: Path, mounted: Path) -> None:
    with pytest.raises(CredentialsError, match="no kubeconfig at /missing"):
        server(tmp_path, mounted, "/missing")
    with pytest.raises(CredentialsError, match="no kubeconfig at"):
        server(tmp_path, mounted, context="home")


def test_where_there_is_neither_the_kubeconfig_is_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(CredentialsError, match=r"no kubeconfig at .*/\.kube/config"):
        locate(environ={}, home=tmp_path, service_account=tmp_path)
