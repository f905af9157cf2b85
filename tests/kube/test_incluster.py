from pathlib import Path

import pytest

from kube_mcp.errors import CredentialsError
from kube_mcp.kube.connection import BearerTokenFile
from kube_mcp.kube.incluster import in_cluster, is_in_cluster

POD = {"KUBERNETES_SERVICE_HOST": "10.43.0.1", "KUBERNETES_SERVICE_PORT": "443"}


@pytest.fixture
def mounted(tmp_path: Path) -> Path:
    """What the kubelet mounts."""
    (tmp_path / "token").write_text("canary")
    (tmp_path / "ca.crt").write_text("authority")
    (tmp_path / "namespace").write_text("tools\n")
    return tmp_path


def test_a_pod_reads_as_its_service_account(mounted: Path) -> None:
    config = in_cluster(POD, folder=mounted)
    assert config.server == "https://10.43.0.1:443"
    assert config.ca_file == str(mounted / "ca.crt")
    assert config.namespace == "tools"
    assert config.source == BearerTokenFile(str(mounted / "token"))
    assert not config.compress
    assert is_in_cluster(POD, folder=mounted)


def test_an_ipv6_address_is_put_in_brackets(mounted: Path) -> None:
    config = in_cluster({**POD, "KUBERNETES_SERVICE_HOST": "fd00::1"}, folder=mounted)
    assert config.server == "https://[fd00::1]:443"


def test_a_missing_namespace_file_means_default(mounted: Path) -> None:
    (mounted / "namespace").unlink()
    assert in_cluster(POD, folder=mounted).namespace == "default"


def test_a_proxy_is_used_unless_it_is_not_for_the_cluster(mounted: Path) -> None:
    behind = {**POD, "HTTPS_PROXY": "http://proxy:3128"}
    assert in_cluster(behind, folder=mounted).proxy_url == "http://proxy:3128"
    spared = {**behind, "NO_PROXY": "10.43.0.0/16"}
    assert in_cluster(spared, folder=mounted).proxy_url == ""


@pytest.mark.parametrize("name", sorted(POD))
def test_outside_of_a_pod_the_variable_that_is_missing_is_named(mounted: Path, name: str) -> None:
    environ = {key: value for key, value in POD.items() if key != name}
    assert not is_in_cluster(environ, folder=mounted)
    with pytest.raises(CredentialsError, match=f"{name} is not set, so this is not a pod"):
        in_cluster(environ, folder=mounted)


@pytest.mark.parametrize("name", ["token", "ca.crt"])
def test_a_pod_without_a_service_account_is_told_how_to_get_one(mounted: Path, name: str) -> None:
    (mounted / name).unlink()
    with pytest.raises(CredentialsError, match=f"This pod has no {mounted}/{name}") as caught:
        in_cluster(POD, folder=mounted)
    assert "automountServiceAccountToken: true" in str(caught.value)
