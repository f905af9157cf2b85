"""Custom resource definitions: small ones of the bed's own, and the projects' real ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from testbed import crds
from testbed.bed import Bed
from testbed.build import Binaries
from testbed.errors import ApplyFailed, Unavailable


@pytest.fixture(scope="module")
def real(control_plane: Binaries) -> Iterator[Bed]:
    """A bed with the real CRDs; the shared one has our own small ones."""
    try:
        crds.real()
    except Unavailable as missing:
        pytest.skip(str(missing))
    with Bed.start(controllers="none", node_count=0, binaries=control_plane) as started:
        started.install_crds("real")
        yield started


def test_our_own_have_the_kinds_and_versions_of_the_real_ones() -> None:
    try:
        real_ones = crds.real()
    except Unavailable as missing:
        pytest.skip(str(missing))
    known = {
        (crd["spec"]["group"], version["name"], crd["spec"]["names"]["kind"])
        for crd in real_ones
        for version in crd["spec"]["versions"]
        if version["served"]
    }
    for crd in crds.own():
        names = crd["spec"]["names"]
        key = (crd["spec"]["group"], crd["spec"]["versions"][0]["name"], names["kind"])
        assert key in known
        (twin,) = (c for c in real_ones if c["metadata"]["name"] == crd["metadata"]["name"])
        assert names["plural"] == twin["spec"]["names"]["plural"]
        assert set(names["shortNames"]) <= set(twin["spec"]["names"].get("shortNames", ()))
        assert crd["spec"]["scope"] == twin["spec"]["scope"]


def test_a_missing_folder_of_real_crds_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=f"no CRDs in {tmp_path}: set KUBE_MCP_CRDS"):
        crds.real({"KUBE_MCP_CRDS": str(tmp_path)})


def test_the_real_ones_are_served(real: Bed) -> None:
    assert real.admin.kind("helm.toolkit.fluxcd.io/v2", "HelmRelease").resource == "helmreleases"
    assert real.admin.kind("gateway.networking.k8s.io/v1", "HTTPRoute").namespaced
    assert not real.admin.kind("cert-manager.io/v1", "ClusterIssuer").namespaced


def test_the_real_ones_refuse_what_flux_would_refuse(real: Bed) -> None:
    text = """
    apiVersion: helm.toolkit.fluxcd.io/v2
    kind: HelmRelease
    metadata: {name: shop}
    spec: {interval: 5m}
    """
    with pytest.raises(ApplyFailed, match="either chart or chartRef must be set"):
        real.apply(text)
