"""The role: an explicit list of reads, enough for every tool."""

from __future__ import annotations

import pytest
import yaml

from kube_mcp.access.rbac import NEVER_GRANTED, READ, RULES, as_yaml, covers, rules
from kube_mcp.tools._tool import discover

CONNECTIONS = ("exec", "attach", "portforward", "proxy", "ephemeralcontainers", "token", "eviction")


def test_nothing_is_granted_by_a_wildcard_or_through_a_connection() -> None:
    for rule in RULES:
        for name in (rule.group, *rule.resources, *rule.verbs):
            assert "*" not in name
        for resource in rule.resources:
            assert resource.partition("/")[2] not in CONNECTIONS


def test_without_switches_only_reads_are_granted_and_no_secret() -> None:
    granted = rules()

    assert {verb for rule in granted for verb in rule.verbs} == set(READ)
    assert not covers(granted, group="", resource="secrets", verb="get")


def test_each_switch_opens_its_own_rule_only() -> None:
    secrets = set(rules(secrets=True)) - set(rules())
    who_can = set(rules(who_can=True)) - set(rules())

    assert {rule.resources for rule in secrets} == {("secrets",)}
    assert {rule.group for rule in who_can} == {"authorization.k8s.io"}


def test_no_resource_is_granted_twice() -> None:
    granted = [(rule.group, resource) for rule in RULES for resource in rule.resources]

    assert len(set(granted)) == len(granted)


def test_every_tool_is_granted_what_it_needs() -> None:
    granted = rules(secrets=True, who_can=True)
    missing = [
        f"{tool.name}: {verb} {need.resource}.{need.group}"
        for tool in discover()
        for need in tool.needs
        for verb in need.verbs
        if need.resource != "*"
        and not covers(granted, group=need.group, resource=need.resource, verb=verb)
        # A review of oneself is open to everybody who is signed in.
        and not need.resource.startswith("selfsubject")
        and need.resource not in NEVER_GRANTED
    ]

    assert missing == []


@pytest.mark.parametrize("resource", ["pods/exec", "nodes/proxy", "services/proxy"])
def test_covers_knows_a_subresource_from_its_resource(resource: str) -> None:
    assert covers(rules(), group="", resource="pods/log", verb="get")
    assert not covers(rules(), group="", resource="pods/log", verb="list")
    assert not covers(rules(), group="", resource=resource, verb="get")


def test_a_toolset_that_does_not_read_logs_is_not_granted_them() -> None:
    assert not covers(rules(["core"]), group="", resource="pods/log", verb="get")
    assert covers(rules(["core", "logs"]), group="", resource="pods/log", verb="get")


def test_the_printed_role_is_yaml_that_says_the_same() -> None:
    role = yaml.safe_load(as_yaml(rules(), name="kubernetes-mcp-server-viewer"))

    assert role["metadata"] == {"name": "kubernetes-mcp-server-viewer"}
    assert role["rules"] == [
        {"apiGroups": [rule.group], "resources": list(rule.resources), "verbs": list(rule.verbs)}
        for rule in rules()
    ]
