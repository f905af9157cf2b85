"""What an identity may read, and what it may do beyond: judged by the real API server's rules."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from kube_mcp.access.rbac import as_yaml, rules
from testbed.bed import Bed
from testbed.objects import load as load_objects

pytestmark = pytest.mark.timeout(120)

Doctor = Callable[..., Awaitable[Any]]
RBAC = "rbac.authorization.k8s.io"
SIGN_IN = """
[server]
public_urls = ["https://api.example.com/mcp/kubernetes"]
[auth]
allow_http_loopback = true
[[auth.issuers]]
issuer = "http://127.0.0.1:9/application/o/kubernetes-mcp/"
audience = ["kubernetes-mcp-server"]
allowed_clients = ["kubernetes-mcp-server"]
[cluster]
identity = "impersonate"
[impersonate]
user_prefix = "authentik:"
group_prefix = "authentik:"
groups = ["platform"]
"""


class Account:
    """A ServiceAccount of its own namespace, with the rules a test gives it."""

    def __init__(self, bed: Bed, namespace: str) -> None:
        self.bed = bed
        self.namespace = namespace
        account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "mcp"}}
        bed.apply([account], namespace=namespace)
        self.kubeconfig: Path = bed.kubeconfig(user="mcp", token=bed.token(namespace, "mcp"))

    def may(self, *granted: dict[str, Any], namespace: str = "") -> None:
        """Grant rules in the whole cluster, or in a namespace."""
        name = f"{self.namespace}-{namespace or 'all'}"
        role = {"apiVersion": f"{RBAC}/v1", "kind": "ClusterRole", "metadata": {"name": name},
                "rules": list(granted)}  # fmt: skip
        self.bed.apply([role, self._binding(name, namespace)], namespace=namespace or "default")

    def is_viewer(self) -> None:
        """Grant what `kube-mcp rbac` prints."""
        name = f"{self.namespace}-viewer"
        role = load_objects(as_yaml(rules(), name=name))
        self.bed.apply([*role, self._binding(name, "")], namespace="default")

    def _binding(self, role: str, namespace: str) -> dict[str, Any]:
        kind = "RoleBinding" if namespace else "ClusterRoleBinding"
        return {
            "apiVersion": f"{RBAC}/v1",
            "kind": kind,
            "metadata": {"name": role},
            "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": role},
            "subjects": [{"kind": "ServiceAccount", "name": "mcp", "namespace": self.namespace}],
        }


@pytest.fixture
def account(bed: Bed, namespace: str) -> Account:
    return Account(bed, namespace)


def rule(group: str, resources: list[str], verbs: list[str], **more: Any) -> dict[str, Any]:
    return {"apiGroups": [group], "resources": resources, "verbs": verbs, **more}


async def test_the_role_that_rbac_prints_reads_everything_and_nothing_more(
    account: Account, doctor: Doctor
) -> None:
    account.is_viewer()
    report = await doctor(kubeconfig=account.kubeconfig)

    assert report["may read"].outcome == "ok"
    assert report["may not write"].outcome == "ok"
    assert report["may not write"].detail.startswith("no verb but get, list and watch on anything")
    assert report["Secrets"].detail == "cannot be read"
    assert not [probe for probe in report.probes if probe.failed]


async def test_an_account_without_any_rule_is_told_the_two_commands(
    account: Account, doctor: Doctor
) -> None:
    report = await doctor(kubeconfig=account.kubeconfig)
    probe = report["may read"]

    assert probe.failed
    assert probe.detail == "nothing that the tools use can be read in the whole cluster"
    assert probe.next.splitlines()[1:] == [
        "kube-mcp rbac --name kube-mcp-viewer | kubectl apply -f -",
        "kubectl create clusterrolebinding kube-mcp-viewer --clusterrole=kube-mcp-viewer "
        f"--serviceaccount={account.namespace}:mcp",
    ]


async def test_what_is_missing_is_named_as_the_rule_to_add(
    account: Account, doctor: Doctor
) -> None:
    account.may(rule("", ["pods", "events"], ["get", "list"]))
    probe = (await doctor(kubeconfig=account.kubeconfig))["may read"]

    assert probe.outcome == "warning"
    added = probe.next.split("\n", 1)[1]
    assert "resources: [pods/log]" in added
    assert "- nodes" in added
    assert "- pods\n" not in added


async def test_where_only_some_namespaces_are_shown_only_they_have_to_be_readable(
    account: Account, doctor: Doctor
) -> None:
    here = account.namespace
    account.may(*(
        rule(each.group, list(each.resources), list(each.verbs)) for each in rules()
    ), namespace=here)  # fmt: skip
    report = await doctor(
        f'[policy]\nnamespaces_allow = ["{here}"]\n', kubeconfig=account.kubeconfig
    )
    lacking = report["may read"].next

    assert report["may read"].outcome == "warning"
    assert "- nodes" in lacking
    assert "- configmaps" not in lacking


async def test_a_write_in_one_namespace_is_found_and_named(
    account: Account, doctor: Doctor
) -> None:
    account.is_viewer()
    account.may(rule("apps", ["deployments"], ["patch", "delete"]), namespace=account.namespace)
    probe = (await doctor(kubeconfig=account.kubeconfig))["may not write"]

    assert probe.outcome == "warning"
    assert f"delete,patch on deployments in {account.namespace}" in probe.detail


async def test_a_star_with_only_reads_is_more_than_reading(
    account: Account, doctor: Doctor
) -> None:
    account.may(rule("*", ["*"], ["get", "list", "watch"]))
    report = await doctor(kubeconfig=account.kubeconfig)

    assert report["may not write"].outcome == "warning"
    assert "get on *, which opens pods/exec" in report["may not write"].detail
    assert "nodes/proxy" in report["may not write"].detail
    assert report["Secrets"].outcome == "warning"
    assert "can read their values" in report["Secrets"].detail


async def test_a_path_that_may_be_written_to_is_found(account: Account, doctor: Doctor) -> None:
    account.is_viewer()
    account.may({"nonResourceURLs": ["/hook/*"], "verbs": ["post"]})
    probe = (await doctor(kubeconfig=account.kubeconfig))["may not write"]

    assert "post on /hook/*" in probe.detail


async def test_secrets_that_are_switched_on_are_no_warning(
    account: Account, doctor: Doctor
) -> None:
    account.is_viewer()
    account.may(rule("", ["secrets"], ["get", "list"]))
    off = await doctor(kubeconfig=account.kubeconfig)
    on = await doctor("[policy]\nhelm_releases = true\n", kubeconfig=account.kubeconfig)

    assert off["Secrets"].outcome == "warning"
    assert on["Secrets"].outcome == "ok"


async def test_a_server_that_may_act_as_nobody_is_told_the_rules(
    account: Account, doctor: Doctor
) -> None:
    probe = (await doctor(SIGN_IN, kubeconfig=account.kubeconfig))["may act as people"]

    assert probe.failed
    assert "users, groups authentik:platform, uids" in probe.detail
    assert (
        '- {apiGroups: ["authentication.k8s.io"], resources: [groups], '
        "verbs: [\"impersonate:user-info\"], resourceNames: ['authentik:platform']}" in probe.next
    )


_PERSONS = [
    rule("authentication.k8s.io", ["users"], ["impersonate:user-info"]),
    rule("authentication.k8s.io", ["groups"], ["impersonate:user-info"],
         resourceNames=["authentik:platform"]),
    rule("authentication.k8s.io",
         ["uids", "userextras/mcp.kube-mcp.dev/client", "userextras/mcp.kube-mcp.dev/session"],
         ["impersonate:user-info"]),
]  # fmt: skip


async def test_constrained_impersonation_that_can_read_is_well_and_no_write(
    account: Account, doctor: Doctor
) -> None:
    account.may(*_PERSONS, rule("", ["pods"], ["impersonate-on:user-info:list"]))
    report = await doctor(SIGN_IN, kubeconfig=account.kubeconfig)

    assert report["may act as people"].outcome == "ok"
    assert report["may act as people"].detail.startswith("read-only")
    assert report["may not write"].outcome == "ok"


async def test_acting_as_people_without_reading_as_them_is_found(
    account: Account, doctor: Doctor
) -> None:
    account.may(*_PERSONS)
    probe = (await doctor(SIGN_IN, kubeconfig=account.kubeconfig))["may act as people"]

    assert probe.failed
    assert "impersonate-on:user-info:list" in probe.next


async def test_writing_as_people_is_more_than_reading(account: Account, doctor: Doctor) -> None:
    account.may(*_PERSONS, rule("", ["pods"], ["impersonate-on:user-info:delete"]))
    probe = (await doctor(SIGN_IN, kubeconfig=account.kubeconfig))["may not write"]

    assert "impersonate-on:user-info:delete on pods" in probe.detail


@pytest.mark.parametrize(
    ("names", "says"),
    [
        ([], "system:masters too"),
        (["authentik:platform", "system:masters"], "system:masters too"),
        (["authentik:platform"], "as any user"),
    ],
)
async def test_unconstrained_impersonation_says_what_it_amounts_to(
    account: Account, doctor: Doctor, names: list[str], says: str
) -> None:
    only = {"resourceNames": names} if names else {}
    account.may(
        rule("", ["users"], ["impersonate"]),
        rule("", ["groups"], ["impersonate"], **only),
        rule("authentication.k8s.io", ["uids", "userextras/mcp.kube-mcp.dev/client",
                                       "userextras/mcp.kube-mcp.dev/session"], ["impersonate"]),
    )  # fmt: skip
    probe = (await doctor(SIGN_IN, kubeconfig=account.kubeconfig))["may act as people"]

    assert probe.outcome == "warning"
    assert says in probe.detail
