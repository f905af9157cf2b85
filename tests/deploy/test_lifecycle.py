"""A release's life on a real API server: install, test, upgrade, roll back, uninstall."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from testbed.bed import Bed
from tests.support.helm import CHART
from tests.support.tools import tool

NEEDS_TOOLS = ("helm3", "helm4")
pytestmark = [pytest.mark.cluster, pytest.mark.timeout(240)]

EVERYTHING = Path(__file__).parent / "values/renders/everything.yaml"
RESTRICTED = {
    f"pod-security.kubernetes.io/{mode}": "restricted" for mode in ("enforce", "warn", "audit")
}
WAIT = ("--wait", "--timeout", "60s")
#: Where a release of every kind could have left something.
PLACES = (
    "/api/v1/namespaces/{ns}/{kind}:configmaps,services,serviceaccounts",
    "/apis/apps/v1/namespaces/{ns}/{kind}:deployments",
    "/apis/networking.k8s.io/v1/namespaces/{ns}/{kind}:ingresses,networkpolicies",
    "/apis/policy/v1/namespaces/{ns}/{kind}:poddisruptionbudgets",
    "/apis/autoscaling/v2/namespaces/{ns}/{kind}:horizontalpodautoscalers",
    "/apis/traefik.io/v1alpha1/namespaces/{ns}/{kind}:ingressroutes,middlewares",
    "/apis/gateway.networking.k8s.io/v1/namespaces/{ns}/{kind}:httproutes",
    "/apis/monitoring.coreos.com/v1/namespaces/{ns}/{kind}:servicemonitors",
    "/apis/rbac.authorization.k8s.io/v1/{kind}:clusterroles,clusterrolebindings",
)


class Release:
    """One release, driven by one version of Helm; a warning is a failure."""

    def __init__(self, bed: Bed, version: str, namespace: str) -> None:
        self.bed = bed
        self.namespace = namespace
        self._program = str(tool(version))

    def helm(self, verb: str, *arguments: str) -> str:
        done = subprocess.run(
            [self._program, verb, "kube-mcp", *arguments, "--namespace", self.namespace,
             "--kubeconfig", str(self.bed.kubeconfig_file)],
            capture_output=True,
            text=True,
            timeout=90,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert "warning" not in done.stderr.lower(), done.stderr
        return done.stdout

    def deployment(self) -> dict[str, Any]:
        path = f"/apis/apps/v1/namespaces/{self.namespace}/deployments/kube-mcp"
        found: dict[str, Any] = self.bed.admin.get(path)
        return found

    def objects(self) -> set[str]:
        """Everything with the release's label, as ``kind/name``."""
        found = set()
        for place in PLACES:
            path, kinds = place.replace("{ns}", self.namespace).split("{kind}:")
            for kind in kinds.split(","):
                listed = self.bed.admin.get(f"{path}{kind}")["items"]
                found |= {
                    f"{kind}/{o['metadata']['name']}"
                    for o in listed
                    if o["metadata"].get("labels", {}).get("app.kubernetes.io/instance")
                    == "kube-mcp"
                    and self.namespace
                    in (
                        o["metadata"].get("namespace"),
                        o["metadata"]["name"][: len(self.namespace)],
                    )
                }
        return found


@pytest.mark.parametrize("version", ["helm3", "helm4"])
def test_a_release_lives_and_leaves_nothing_behind(stack: Bed, version: str) -> None:
    release = Release(stack, version, f"life-{version}")
    stack.create_namespace(release.namespace, labels=RESTRICTED)

    notes = release.helm("install", str(CHART), *WAIT)
    assert "kubectl port-forward" in notes
    assert release.deployment()["status"]["readyReplicas"] == 1
    small = release.objects()

    tested = release.helm("test")
    assert "Phase:          Succeeded" in tested

    release.helm("upgrade", str(CHART), "--values", str(EVERYTHING), *WAIT)
    full = release.objects()
    assert small < full
    assert {
        "ingressroutes/kube-mcp",
        "httproutes/kube-mcp",
        "ingresses/kube-mcp",
        "servicemonitors/kube-mcp",
        "networkpolicies/kube-mcp",
        "horizontalpodautoscalers/kube-mcp",
        "poddisruptionbudgets/kube-mcp",
    } <= full

    release.helm("rollback", "1", *WAIT)
    assert release.objects() == small
    history = json.loads(release.helm("history", "--output", "json"))
    assert [each["revision"] for each in history] == [1, 2, 3]

    release.helm("uninstall", "--wait", "--timeout", "60s")
    stack.wait_for(lambda: not release.objects(), what=f"{version} to remove everything")
