"""Verdicts of NetworkPolicies, as a table of questions and answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import yaml

from kube_mcp.diagnosis.network import NEEDS, OTHER_POLICIES, Side, Verdict, check_network
from kube_mcp.errors import InputError
from kube_mcp.scene import Scene

_NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

_PODS = """
{kind: Namespace, metadata: {name: shop, labels: {team: shop}}}
---
{kind: Namespace, metadata: {name: edge, labels: {team: ingress}}}
---
{kind: Namespace, metadata: {name: other}}
---
{kind: Pod, metadata: {name: web, namespace: shop, labels: {app: web}}, spec: {containers: [{name: c, ports: [{name: http, containerPort: 8080}]}]}, status: {phase: Running, podIP: 10.0.0.10}}
---
{kind: Pod, metadata: {name: db, namespace: shop, labels: {app: db}}, spec: {containers: [{name: c, ports: [{name: pg, containerPort: 5432}]}]}, status: {phase: Running, podIP: 10.0.0.11}}
---
{kind: Pod, metadata: {name: proxy, namespace: edge, labels: {app: proxy}}, spec: {containers: [{name: c}]}, status: {phase: Running, podIP: 10.0.1.10}}
---
{kind: Pod, metadata: {name: host, namespace: edge, labels: {app: host}}, spec: {hostNetwork: true, containers: [{name: c}]}, status: {phase: Running, podIP: 192.168.0.5}}
---
{kind: Pod, metadata: {name: bot, namespace: other, labels: {app: bot}}, spec: {containers: [{name: c}]}, status: {phase: Running, podIP: 10.0.2.10}}
---
{kind: Service, metadata: {name: web, namespace: shop}, spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]}}
---
{kind: Service, metadata: {name: all, namespace: shop}, spec: {selector: {}, ports: [{port: 80}]}}
"""


def _policy(name: str, selector: str, spec: str, namespace: str = "shop") -> str:
    return (
        f"---\n{{kind: NetworkPolicy, metadata: {{name: {name}, namespace: {namespace}}}, "
        f"spec: {{podSelector: {selector}, {spec}}}}}\n"
    )


_DENY_IN = _policy("deny-in", "{}", "policyTypes: [Ingress]")
_DENY_OUT = _policy("deny-out", "{}", "policyTypes: [Egress]")
_DB = "{matchLabels: {app: db}}"
_FROM_WEB = _policy("db", _DB, "ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]")
_FROM_EDGE = _policy(
    "edge", "{}", "ingress: [{from: [{namespaceSelector: {matchLabels: {team: ingress}}}]}]"
)
_BOTH = _policy(
    "both",
    "{}",
    "ingress: [{from: [{namespaceSelector: {matchLabels: {team: ingress}}, "
    "podSelector: {matchLabels: {app: proxy}}}]}]",
)
_EITHER = _policy(
    "either",
    "{}",
    "ingress: [{from: [{namespaceSelector: {matchLabels: {team: ingress}}}, "
    "{podSelector: {matchLabels: {app: web}}}]}]",
)
_PORT = _policy("port", _DB, "ingress: [{ports: [{port: 5432}]}]")
_NAMED = _policy("named", _DB, "ingress: [{ports: [{port: pg}]}]")
_RANGE = _policy("range", _DB, "ingress: [{ports: [{port: 5000, endPort: 6000}]}]")
_UDP = _policy("udp", _DB, "ingress: [{ports: [{port: 5432, protocol: UDP}]}]")
_BLOCK = _policy(
    "block",
    "{}",
    "ingress: [{from: [{ipBlock: {cidr: 203.0.113.0/24, except: [203.0.113.7/32]}}]}]",
)
_WORLD = _policy("world", "{}", "ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]")
_PODNET = _policy("podnet", "{}", "ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/16}}]}]")
_OUT_DB = _policy(
    "out",
    "{matchLabels: {app: web}}",
    "policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: db}}}], "
    "ports: [{port: 5432}]}]",
)
_EMPTY_RULE = _policy("open", "{}", "ingress: [{}]")

_WEB, _DBP = Side("pod", "shop", "web"), Side("pod", "shop", "db")
_PROXY, _HOST, _BOT = (
    Side("pod", "edge", "proxy"),
    Side("pod", "edge", "host"),
    Side("pod", "other", "bot"),
)
_OUT = Side("outside")
_ON_WORKER_1 = "spec: {nodeName: worker-1, containers: [{name: c, ports: [{name: pg"


def _scene(policies: str, **more: Any) -> Scene:
    return Scene.of(yaml.safe_load_all(_PODS + policies), now=_NOW, served=NEEDS, **more)


def _ask(policies: str, source: Side, target: Side, port: Any = None, **more: Any) -> Verdict:
    return check_network(_scene(policies), source=source, target=target, port=port, **more)


@pytest.mark.parametrize(
    ("policies", "source", "target", "port", "answer", "reason"),
    [
        ("", _WEB, _DBP, 5432, "allowed", "no policy restricts ingress of the target"),
        (_DENY_IN, _WEB, _DBP, 5432, "denied", "shop/deny-in selects the target for ingress"),
        (_DENY_IN, _DBP, _DBP, 5432, "allowed", "a pod may always reach itself"),
        (_DENY_OUT, _WEB, _DBP, 5432, "denied", "shop/deny-out selects the source for egress"),
        (_DENY_OUT, _PROXY, _DBP, 5432, "allowed", "no policy restricts"),
        (_DENY_IN + _FROM_WEB, _WEB, _DBP, 5432, "allowed", "shop/db spec.ingress[0] allows it"),
        (_FROM_WEB, _PROXY, _DBP, 5432, "denied", "no rule allows it"),
        # A podSelector alone means pods of the policy's own namespace.
        (
            _policy("p", "{}", "ingress: [{from: [{podSelector: {}}]}]"),
            _PROXY,
            _DBP,
            5432,
            "denied",
            "",
        ),
        (_FROM_EDGE, _PROXY, _DBP, 5432, "allowed", "shop/edge"),
        (_FROM_EDGE, _BOT, _DBP, 5432, "denied", ""),
        # Both in one entry: and. Two entries: or.
        (_BOTH, _PROXY, _DBP, 5432, "allowed", "shop/both"),
        (_BOTH, _WEB, _DBP, 5432, "denied", ""),
        (_EITHER, _WEB, _DBP, 5432, "allowed", "shop/either"),
        (_EITHER, _BOT, _DBP, 5432, "denied", ""),
        (_PORT, _WEB, _DBP, 5432, "allowed", ""),
        (_PORT, _WEB, _DBP, 5433, "denied", ""),
        (_NAMED, _WEB, _DBP, 5432, "allowed", ""),
        (_NAMED, _WEB, _DBP, 8080, "denied", ""),
        (_NAMED, _WEB, _DBP, "pg", "allowed", ""),
        (_RANGE, _WEB, _DBP, 6000, "allowed", ""),
        (_RANGE, _WEB, _DBP, 6001, "denied", ""),
        (_UDP, _WEB, _DBP, 5432, "denied", ""),
        (_EMPTY_RULE, _BOT, _DBP, 1, "allowed", "shop/open"),
        # Policies add up: one that denies does not take back what another allows.
        (_DENY_IN + _EMPTY_RULE, _BOT, _DBP, 1, "allowed", "shop/open"),
        (_OUT_DB, _WEB, _DBP, 5432, "allowed", "shop/out spec.egress[0] allows it"),
        (_OUT_DB, _WEB, _DBP, 5433, "denied", "shop/out selects the source"),
        (_OUT_DB, _WEB, _OUT, 443, "denied", ""),
        # Egress without rules in an old policy without policyTypes restricts ingress only.
        (_policy("old", "{}", "ingress: []"), _WEB, _OUT, 443, "allowed", ""),
        (_BLOCK, Side("outside", address="203.0.113.9"), _DBP, 5432, "allowed", "shop/block"),
        (_BLOCK, Side("outside", address="203.0.113.7"), _DBP, 5432, "denied", ""),
        (_BLOCK, _OUT, _DBP, 5432, "cannot tell", "say which one is meant"),
        (_WORLD, _OUT, _DBP, 5432, "allowed", "shop/world"),
        (_FROM_WEB, _OUT, _DBP, 5432, "denied", ""),
        (_PODNET, _WEB, _DBP, 5432, "cannot tell", "by address"),
        (_DENY_IN, _WEB, Side("pod", "edge", "host"), 80, "allowed", ""),
        (
            _policy("host", "{}", "policyTypes: [Ingress]", "edge"),
            _WEB,
            _HOST,
            80,
            "cannot tell",
            "uses its node's network",
        ),
        (_FROM_EDGE, _HOST, _DBP, 80, "cannot tell", "node's network"),
        (_DENY_IN, Side("namespace", "edge"), _DBP, 80, "denied", "shop/deny-in"),
        (
            _FROM_WEB,
            Side("namespace", "shop"),
            _DBP,
            80,
            "allowed",
            "",
        ),
    ],
)
def test_a_verdict(
    policies: str, source: Side, target: Side, port: Any, answer: str, reason: str
) -> None:
    if source.kind == "namespace" and source.namespace == "shop":
        # The database itself is among the namespace's pods: it reaches itself, web is let in.
        assert _ask(policies, source, target, port).answer == answer
        return
    verdict = _ask(policies, source, target, port)
    assert (verdict.answer, reason in verdict.reason) == (answer, True), verdict.reason


@pytest.mark.parametrize(("node", "answer"), [("worker-1", "allowed"), ("worker-2", "denied")])
def test_the_node_of_a_pod_reaches_it_whatever_policies_say(node: str, answer: str) -> None:
    pods = _PODS.replace("hostNetwork: true", f"hostNetwork: true, nodeName: {node}")
    pods = pods.replace("spec: {containers: [{name: c, ports: [{name: pg", _ON_WORKER_1)
    scene = Scene.of(yaml.safe_load_all(pods + _DENY_IN), now=_NOW, served=NEEDS)
    verdict = check_network(scene, source=_HOST, target=_DBP, port=5432)
    assert verdict.answer == answer


def test_a_service_is_asked_on_its_own_port_and_judged_on_the_pods() -> None:
    policies = _policy("web", "{matchLabels: {app: web}}", "ingress: [{ports: [{port: http}]}]")
    service = Side("service", "shop", "web")
    assert _ask(policies, _PROXY, service, 80).answer == "allowed"
    with pytest.raises(InputError, match=r"has no port 8080/TCP. It has 80/TCP"):
        _ask(policies, _PROXY, service, 8080)
    assert _ask("", _PROXY, Side("service", "shop", "all"), 80).answer == "cannot tell"


def test_without_a_port_the_answer_names_the_ports_that_both_sides_leave_open() -> None:
    policies = _RANGE + _policy(
        "out",
        "{matchLabels: {app: web}}",
        "policyTypes: [Egress], egress: [{ports: [{port: 5432}, {port: 53, protocol: UDP}]}]",
    )
    verdict = _ask(policies, _WEB, _DBP)
    assert (verdict.answer, verdict.ports) == ("allowed", "TCP 5432")


def test_without_a_common_port_nothing_gets_through() -> None:
    policies = _PORT + _policy(
        "out", "{matchLabels: {app: web}}", "policyTypes: [Egress], egress: [{ports: [{port: 80}]}]"
    )
    verdict = _ask(policies, _WEB, _DBP)
    assert verdict.answer == "denied"
    assert (
        "egress allows (TCP 80) and ingress allows (TCP 5432) have none in common" in verdict.reason
    )


def test_where_pods_of_a_namespace_differ_it_depends_on_the_pod() -> None:
    policies = _policy(
        "p",
        _DB,
        "ingress: [{from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: proxy}}}]}]",
    )
    scene = Scene.of(
        [
            *yaml.safe_load_all(_PODS + policies),
            {
                "kind": "Pod",
                "metadata": {"name": "second", "namespace": "other", "labels": {"app": "proxy"}},
                "status": {"phase": "Running"},
            },
        ],
        now=_NOW,
        served=NEEDS,
    )
    verdict = check_network(scene, source=Side("namespace", "other"), target=_DBP, port=5432)
    assert verdict.answer == "cannot tell"
    assert verdict.reason == (
        "it depends on the pod: allowed for second to db; denied for bot to db"
    )


def test_unreadable_policies_are_not_taken_for_none() -> None:
    scene = _scene("", unreadable={"NetworkPolicy": "may not list networkpolicies in shop"})
    verdict = check_network(scene, source=_WEB, target=_DBP, port=5432)
    assert (verdict.answer, verdict.reason) == (
        "cannot tell",
        "may not list networkpolicies in shop",
    )


def test_labels_of_a_namespace_that_may_not_be_read_are_not_taken_for_none() -> None:
    hidden = {"Namespace": "may not list namespaces"}
    by_label = check_network(
        _scene(_FROM_EDGE, unreadable=hidden), source=_PROXY, target=_DBP, port=5432
    )
    assert by_label.answer == "cannot tell"
    by_name = _policy(
        "n",
        "{}",
        "ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: edge}}}]}]",
    )
    for source, answer in ((_PROXY, "allowed"), (_BOT, "denied")):
        verdict = check_network(
            _scene(by_name, unreadable=hidden), source=source, target=_DBP, port=5432
        )
        assert verdict.answer == answer


def test_policies_of_other_kinds_are_mentioned() -> None:
    cilium = "---\n{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: x, namespace: shop}}\n"
    verdict = _ask(_FROM_WEB + cilium, _WEB, _DBP, 5432)
    assert "1 CiliumNetworkPolicy.cilium.io also exist and are not weighed here." in verdict.notes
    assert OTHER_POLICIES[0] == "CiliumNetworkPolicy.cilium.io"


@pytest.mark.parametrize(
    ("side", "message"),
    [
        (
            Side("pod", "shop", "webb"),
            "There is no pod 'webb' in namespace 'shop'. Did you mean 'web'?",
        ),
        (Side("namespace", "empty"), "Namespace 'empty' has no running pod to ask about."),
    ],
)
def test_a_side_that_does_not_exist_is_an_error_that_says_so(side: Side, message: str) -> None:
    with pytest.raises(InputError, match=message.split("'")[0]) as caught:
        _ask("", side, _DBP)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    "odd", [None, "", "²", 10**30, True, [], [None], {}, {"a": None}, [[]], [{}]]
)
def test_odd_policies_give_a_verdict(odd: Any) -> None:
    policy = {"kind": "NetworkPolicy", "metadata": {"name": "p", "namespace": "shop"}}
    for spec in (
        odd,
        {"podSelector": odd, "ingress": odd, "policyTypes": odd},
        {"podSelector": {}, "ingress": [odd, {"from": odd, "ports": odd}]},
        {"podSelector": {}, "ingress": [{"from": [odd, {"ipBlock": odd}, {"podSelector": odd}]}]},
        {"podSelector": {}, "ingress": [{"ports": [odd, {"port": odd, "endPort": odd}]}]},
    ):
        objects = [*yaml.safe_load_all(_PODS), {**policy, "spec": spec}]
        scene = Scene.of(objects, now=_NOW, served=NEEDS)
        for port in (80, None):
            assert check_network(scene, source=_WEB, target=_DBP, port=port).answer
