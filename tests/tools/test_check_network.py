"""check_network, by its answers."""

from __future__ import annotations

from typing import Any

import pytest
from inline_snapshot import snapshot

from kube_mcp.errors import InputError
from tests.support import build
from tests.support.api_server import FakeApiServer
from tests.tools.conftest import Ask


def policy(name: str, namespace: str, **spec: Any) -> dict[str, Any]:
    """A NetworkPolicy."""
    return build.obj("networking.k8s.io/v1", "NetworkPolicy", name, namespace=namespace, spec=spec)


def cluster(server: FakeApiServer) -> None:
    """Two namespaces; the shop lets in its own pods and the monitoring, on 8080 alone."""
    server.add(
        build.namespace("shop"),
        build.namespace("monitoring"),
        build.namespace("other"),
        build.pod("web-1", namespace="shop", labels={"app": "web"}),
        build.pod("prometheus-0", namespace="monitoring", labels={"app": "prometheus"}),
        build.pod("probe", namespace="other", labels={"app": "probe"}),
        build.service("web", namespace="shop"),
        policy(
            "only-monitoring",
            "shop",
            podSelector={"matchLabels": {"app": "web"}},
            policyTypes=["Ingress"],
            ingress=[
                {
                    "from": [
                        {
                            "namespaceSelector": {
                                "matchLabels": {"kubernetes.io/metadata.name": "monitoring"}
                            }
                        }
                    ],
                    "ports": [{"port": 8080, "protocol": "TCP"}],
                }
            ],
        ),
    )


async def test_what_a_rule_lets_through_is_allowed_and_the_rule_named(
    server: FakeApiServer, ask: Ask
) -> None:
    cluster(server)
    answer = await ask(
        "check_network",
        source="prometheus-0",
        source_namespace="monitoring",
        target="svc/web",
        target_namespace="shop",
        port="80",
    )
    assert answer == snapshot("""\
pod monitoring/prometheus-0 to service shop/web on port 80/TCP: ALLOWED.
NetworkPolicy shop/only-monitoring spec.ingress[0] allows it
Egress: allowed. no policy restricts egress of the source
Ingress: allowed. NetworkPolicy shop/only-monitoring spec.ingress[0] allows it
note: Whether policies are enforced depends on the network plugin.\
""")


async def test_what_no_rule_lets_through_is_denied(server: FakeApiServer, ask: Ask) -> None:
    cluster(server)
    answer = await ask(
        "check_network",
        source="probe",
        source_namespace="other",
        target="web-1",
        target_namespace="shop",
        port="8080",
    )
    assert answer == snapshot("""\
pod other/probe to pod shop/web-1 on port 8080/TCP: DENIED.
NetworkPolicy shop/only-monitoring selects the target for ingress, and no rule allows it
Egress: allowed. no policy restricts egress of the source
Ingress: denied. NetworkPolicy shop/only-monitoring selects the target for ingress, and no rule allows it\
""")


async def test_policies_that_may_not_be_read_are_not_taken_for_none(
    server: FakeApiServer, ask: Ask
) -> None:
    cluster(server)
    server.deny("list", "networkpolicies.networking.k8s.io")
    answer = await ask(
        "check_network", source="outside", target="web-1", target_namespace="shop", port="8080"
    )
    assert "CANNOT TELL" in answer
    assert "may not list networkpolicies" in answer


async def test_without_a_port_the_open_ones_are_told(server: FakeApiServer, ask: Ask) -> None:
    cluster(server)
    answer = await ask(
        "check_network",
        source="*",
        source_namespace="monitoring",
        target="web-1",
        target_namespace="shop",
    )
    assert "8080" in answer


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"source": "svc/web", "target": "web-1", "target_namespace": "shop"}, "does not open"),
        ({"source": "outside", "target": "10.0.0.1"}, "Both sides are outside"),
        ({"source": "outside", "target": "web-1"}, "needs target_namespace"),
        ({"source": "outside", "target": "web-9", "target_namespace": "shop"}, "web-9"),
        ({"source": "outside", "target": "deploy/x", "target_namespace": "shop"}, "not a target"),
        ({"source": "outside", "target": "web-1", "target_namespace": "shpo"}, "Did you mean"),
    ],
)
async def test_a_side_that_makes_no_sense_is_told_what_would(
    server: FakeApiServer, ask: Ask, arguments: dict[str, str], said: str
) -> None:
    cluster(server)
    with pytest.raises(InputError, match=said):
        await ask("check_network", **arguments)
