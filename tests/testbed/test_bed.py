"""The control plane as a whole."""

from __future__ import annotations

from testbed.bed import Bed


def test_a_started_bed_is_ready(bed: Bed) -> None:
    assert bed.admin.request("GET", "/readyz").text == "ok"


def test_view_has_rules_because_roles_are_aggregated(bed: Bed) -> None:
    role = bed.admin.get("/apis/rbac.authorization.k8s.io/v1/clusterroles/view")
    assert role["rules"]


def test_the_api_server_tells_the_version_it_was_built_from(bed: Bed) -> None:
    version = bed.admin.get("/version")
    assert version["gitVersion"].startswith("v1.")
    assert version["minor"].isdigit()
