"""What an operator lets through, on top of what the cluster allows."""

from __future__ import annotations

import pytest

from kube_mcp.access.policy import OPEN, Policy
from kube_mcp.errors import NotAllowed
from kube_mcp.objects import ResourceType

PODS = ResourceType("", "v1", "pods", "Pod", namespaced=True)
SECRETS = ResourceType("", "v1", "secrets", "Secret", namespaced=True)
ROUTES = ResourceType("traefik.io", "v1", "ingressroutes", "IngressRoute", namespaced=True)


@pytest.mark.parametrize(
    ("policy", "shown", "hidden"),
    [
        (OPEN, ["shop", "kube-system"], []),
        (Policy(namespaces_allow=("shop", "team-*")), ["shop", "team-a"], ["team", "kube-system"]),
        (Policy(namespaces_deny=("kube-*",)), ["shop"], ["kube-system", "kube-public"]),
        (Policy(namespaces_allow=("*",), namespaces_deny=("vault",)), ["shop"], ["vault"]),
        (Policy(namespaces_allow=("vault",), namespaces_deny=("vault",)), [], ["vault", "shop"]),
        (Policy(namespaces_allow=("SHOP",)), [], ["shop"]),
    ],
)
def test_deny_wins_over_allow_and_an_empty_list_allows_all(
    policy: Policy, shown: list[str], hidden: list[str]
) -> None:
    for namespace in shown:
        policy.check(PODS, namespace)
    for namespace in hidden:
        with pytest.raises(NotAllowed, match=f"does not show namespace '{namespace}'"):
            policy.check(PODS, namespace)


def test_kinds_are_denied_by_their_full_name_and_by_pattern() -> None:
    policy = Policy(kinds_deny=("secrets", "*.traefik.io"))
    policy.check(PODS, "shop")
    for kind in (SECRETS, ROUTES):
        with pytest.raises(NotAllowed, match=r"policy\.kinds_deny"):
            policy.check(kind, "")


DEPLOYMENTS = ResourceType(
    "apps", "v1", "deployments", "Deployment", namespaced=True, singular="deployment",
    short_names=("deploy",),
)  # fmt: skip
EVENTS = ResourceType("", "v1", "events", "Event", namespaced=True)
NEWER_EVENTS = ResourceType("events.k8s.io", "v1", "events", "Event", namespaced=True)


@pytest.mark.parametrize(
    "written",
    [
        "deployments", "Deployments", "Deployment", "deployment", "deploy", "deployments.apps",
        "Deployment.apps", "*.apps", "deploy*", "*",
    ],
)  # fmt: skip
def test_a_kind_is_denied_however_it_is_written(written: str) -> None:
    with pytest.raises(NotAllowed, match=r"does not show deployments\.apps"):
        Policy(kinds_deny=(written,)).check(DEPLOYMENTS, "")


@pytest.mark.parametrize("written", ["deployments.extensions", "pods", "*.k8s.io", "deployment.v1"])
def test_another_kind_is_not(written: str) -> None:
    Policy(kinds_deny=(written,)).check(DEPLOYMENTS, "")


def test_what_one_kind_is_denied_for_is_denied_in_its_other_group() -> None:
    for resource in (EVENTS, NEWER_EVENTS):
        with pytest.raises(NotAllowed):
            Policy(kinds_deny=("events",)).check(resource, "")


def test_only_plain_names_can_be_asked_for_one_by_one() -> None:
    assert Policy(namespaces_allow=("a", "b"), namespaces_deny=("b",)).exact_namespaces() == ("a",)
    assert Policy(namespaces_allow=("a", "b-*")).exact_namespaces() is None
    assert OPEN.exact_namespaces() is None


@pytest.mark.parametrize(
    ("one", "other", "shown", "hidden"),
    [
        (("a", "b"), ("b", "c"), ["b"], ["a", "c"]),
        (("team-*",), ("team-a", "shop"), ["team-a"], ["team-b", "shop"]),
        ((), ("shop",), ["shop"], ["other"]),
        (("a",), ("b",), [], ["a", "b", ""]),
        (("*",), ("shop",), ["shop"], ["other"]),
    ],
)
def test_two_policies_together_only_take_away(
    one: tuple[str, ...], other: tuple[str, ...], shown: list[str], hidden: list[str]
) -> None:
    for left, right in ((one, other), (other, one)):
        both = Policy(namespaces_allow=left).narrowed(Policy(namespaces_allow=right))
        assert [name for name in shown if not both.allows_namespace(name)] == []
        assert [name for name in hidden if both.allows_namespace(name)] == []


def test_what_either_denies_is_denied() -> None:
    both = Policy(namespaces_deny=("a",), kinds_deny=("secrets",)).narrowed(
        Policy(namespaces_deny=("b",), kinds_deny=("pods",), toolsets=("core",))
    )
    assert not both.allows_namespace("a")
    assert not both.allows_namespace("b")
    assert both.kinds_deny == ("secrets", "pods")
    assert both.toolsets == ("core",)


def test_only_allowed_kinds_are_shown_and_a_denial_still_wins() -> None:
    policy = Policy(kinds_allow=(("pods", "Deployment", "secrets"),), kinds_deny=("secrets",))
    policy.check(PODS, "shop")
    policy.check(DEPLOYMENTS, "shop")
    with pytest.raises(NotAllowed, match=r"policy\.kinds_allow"):
        policy.check(ROUTES, "shop")
    with pytest.raises(NotAllowed, match=r"policy\.kinds_deny"):
        policy.check(SECRETS, "shop")


def test_what_one_list_allows_and_another_does_not_is_not_shown() -> None:
    both = Policy(kinds_allow=(("pods", "deployments"),)).narrowed(
        Policy(kinds_allow=(("Pod", "*.traefik.io"),))
    )
    both.check(PODS, "")
    for resource in (DEPLOYMENTS, ROUTES):
        with pytest.raises(NotAllowed):
            both.check(resource, "")
