"""The read-only proof: every resource the API server has, times every verb, as the deployed account."""

from __future__ import annotations

import pytest

from kube_mcp.access.rbac import RULES
from testbed.bed import Bed
from tests.support.flux import GITOPS, kustomize, objects, substitute
from tests.support.helm import template
from tests.support.reviews import Right, account, resources, rights
from tests.support.strict import apply

NEEDS_TOOLS = ("helm4", "kubectl")
pytestmark = [pytest.mark.cluster, pytest.mark.timeout(180)]

READS = {"get", "list", "watch"}
#: What Kubernetes lets everybody who is authenticated do, and what it stores of it: nothing.
SELF_REVIEWS = {
    Right("authentication.k8s.io", "selfsubjectreviews", "create"),
    Right("authorization.k8s.io", "selfsubjectaccessreviews", "create"),
    Right("authorization.k8s.io", "selfsubjectrulesreviews", "create"),
}
RBAC_KINDS = {"ServiceAccount", "ClusterRole", "ClusterRoleBinding", "RoleBinding"}


def granted_by_chart(bed: Bed, namespace: str, values: dict[str, object]) -> set[Right]:
    made = [o for o in template(values, namespace=namespace) if o["kind"] in RBAC_KINDS]
    bed.create_namespace(namespace)
    apply(bed.kubeconfig_file, made)
    user, groups = account(namespace, "kube-mcp")
    return rights(bed.admin, user, groups=groups, among=resources(bed.admin))


@pytest.fixture(scope="module")
def default(stack: Bed) -> set[Right]:
    """What the account of a release without any value may do."""
    return granted_by_chart(stack, "proof-default", {})


def test_the_deployed_account_may_read_and_nothing_else(default: set[Right]) -> None:
    granted = default

    assert {r for r in granted if r.verb not in READS} == SELF_REVIEWS
    assert {r for r in granted if "/" in r.resource} == {Right("", "pods/log", "get")}
    assert not [r for r in granted if r.resource.partition("/")[0] == "secrets"]
    assert Right("", "pods", "list") in granted
    assert Right("helm.toolkit.fluxcd.io", "helmreleases", "watch") in granted
    assert Right("metrics.k8s.io", "pods", "list") in granted


def test_secrets_add_three_rights_and_no_other(stack: Bed, default: set[Right]) -> None:
    granted = granted_by_chart(stack, "proof-secrets", {"rbac": {"secrets": True}})

    assert granted - default == {Right("", "secrets", verb) for verb in READS}


def test_the_account_in_git_may_do_exactly_what_the_charts_may(
    stack: Bed, default: set[Right]
) -> None:
    built = kustomize(GITOPS / "apps/home-lab/kubernetes-mcp-server")
    found = objects(substitute(built, dict.fromkeys(
        ("PUBLIC_HOST", "AUTHENTIK_HOST", "IMAGE_TAG", "CLUSTER_NAME"), "example.com"
    )))  # fmt: skip
    stack.create_namespace("kubernetes-mcp-server")
    apply(stack.kubeconfig_file, [o for o in found if o["kind"] in RBAC_KINDS])
    user, groups = account("kubernetes-mcp-server", "kubernetes-mcp-server")
    in_git = rights(stack.admin, user, groups=groups, among=resources(stack.admin))

    assert in_git == default


def test_impersonation_gives_the_account_itself_nothing_to_read(stack: Bed) -> None:
    granted = granted_by_chart(
        stack,
        "proof-impersonate",
        {
            "config": {
                "cluster": {"identity": "impersonate"},
                "impersonate": {"groups": ["platform"]},
                "server": {"public_urls": ["https://api.example.com/mcp/kubernetes"]},
                "auth": {
                    "issuers": [
                        {
                            "issuer": "https://authentik.example.com/",
                            "audience": ["x"],
                            "allowed_clients": ["x"],
                        }
                    ]
                },
            }
        },
    )

    # What any account has from the start, such as the trust bundles.
    user, groups = account("proof-impersonate", "default")
    anybody = rights(stack.admin, user, groups=groups, among=resources(stack.admin))
    assert granted == anybody
    assert anybody >= SELF_REVIEWS


def test_every_resource_of_the_role_exists_where_its_group_does(stack: Bed) -> None:
    served = set(resources(stack.admin))
    groups = {group for group, _ in served}
    # Served by the cluster only with features, or CRDs, that this one does not have.
    elsewhere = {
        "mutatingadmissionpolicies",
        "mutatingadmissionpolicybindings",
        "alertmanagerconfigs",
        "alertmanagers",
        "probes",
        "prometheusagents",
        "prometheuses",
        "scrapeconfigs",
        "thanosrulers",
        "clusterexternalsecrets",
        "clustersecretstores",
        "pushsecrets",
        "secretstores",
    }
    missing = {
        (rule.group, resource)
        for rule in RULES
        for resource in rule.resources
        if rule.group in groups and (rule.group, resource) not in served
    }

    assert {resource for _, resource in missing} <= elsewhere


@pytest.mark.parametrize("path", ["/metrics", "/logs/", "/debug/pprof/", "/configz"])
@pytest.mark.usefixtures("default")
def test_the_api_servers_own_insides_stay_closed(stack: Bed, path: str) -> None:
    user, groups = account("proof-default", "kube-mcp")
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": {
            "user": user,
            "groups": list(groups),
            "nonResourceAttributes": {"path": path, "verb": "get"},
        },
    }
    answer = stack.admin.create("/apis/authorization.k8s.io/v1/subjectaccessreviews", review)

    assert answer["status"]["allowed"] is False
