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
