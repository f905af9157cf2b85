"""What a namespace's diagnosis reads of others: what a crash points to, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from kube_mcp.access.policy import Policy
from kube_mcp.tools import _elsewhere
from tests.support import build
from tests.support.api_server import FakeApiServer
from tests.tools.conftest import Ask

_LOST = "starting\nError: getaddrinfo EAI_AGAIN postgres.example.com\n"
_IN_DNS_NAMESPACE = "*/namespaces/kube-system/*"
_DNS = {"k8s-app": "kube-dns"}


def _shop(server: FakeApiServer, log: str = _LOST) -> None:
    server.add(build.namespace("shop"), build.node("worker-1"), build.crash_looping("cart-1"))
    server.add_log("cart-1", log, previous=True)


def _dns(server: FakeApiServer, *pods: dict[str, Any], ready: tuple[str, ...] = ()) -> None:
    server.add(
        build.namespace("kube-system"),
        build.service("kube-dns", namespace="kube-system", selector=_DNS, labels=_DNS, ports=[53]),
        build.endpoint_slice("kube-dns", namespace="kube-system", ready=ready),
        *pods,
    )


def _coredns(*, up: bool) -> dict[str, Any]:
    if up:
        return build.pod("coredns-1", namespace="kube-system", labels=_DNS)
    return build.crash_looping("coredns-1", namespace="kube-system", labels=_DNS)


async def test_a_crash_for_want_of_a_name_is_folded_under_the_dns_that_is_down(
    server: FakeApiServer, ask: Ask
) -> None:
    _shop(server)
    _dns(server, _coredns(up=False))
    answer = await ask("diagnose", namespace="shop")
    assert "1. critical container-keeps-crashing Pod kube-system/coredns-1" in answer
    assert "cluster-dns-down Service kube-dns" in answer
    assert "container-keeps-crashing Pod shop/cart-1" in answer.split("so: ")[1]
    assert "2. " not in answer


async def test_dns_without_any_pod_is_told_by_its_endpoints(
    server: FakeApiServer, ask: Ask
) -> None:
    _shop(server)
    _dns(server)
    answer = await ask("diagnose", namespace="shop")
    assert "1. critical cluster-dns-down Service kube-system/kube-dns" in answer
    assert "cluster DNS is down: 0 pods, none ready" in answer
    assert "Diagnose namespace kube-system" in answer
    assert "Not checked" not in answer


async def test_what_was_not_looked_at_in_the_namespace_itself_is_still_said(
    server: FakeApiServer, ask: Ask
) -> None:
    _shop(server)
    _dns(server)
    server.deny("list", "cronjobs.batch", namespace="shop")
    answer = await ask("diagnose", namespace="shop")
    assert "Not checked: may not list cronjobs.batch in shop (" in answer
    assert "read in namespace shop only" not in answer


async def test_the_diagnosis_of_one_object_has_the_outage_too(
    server: FakeApiServer, ask: Ask
) -> None:
    _shop(server)
    _dns(server)
    answer = await ask("diagnose", kind="pod", name="cart-1", namespace="shop")
    assert "cluster-dns-down Service kube-system/kube-dns" in answer


async def test_dns_that_answers_is_not_mentioned(server: FakeApiServer, ask: Ask) -> None:
    _shop(server)
    _dns(server, _coredns(up=True), ready=("10.42.0.2",))
    server.add(build.crash_looping("other-1", namespace="kube-system"))
    answer = await ask("diagnose", namespace="shop")
    assert "1. critical container-keeps-crashing Pod shop/cart-1" in answer
    assert "kube-system" not in answer
    assert "Not checked" not in answer


async def test_only_the_dns_is_read_and_only_where_a_log_says_so(
    server: FakeApiServer, ask: Ask
) -> None:
    _shop(server, log="Error: cannot parse the configuration\n")
    _dns(server)
    await ask("diagnose", namespace="shop")
    assert server.count(_IN_DNS_NAMESPACE) == 0

    _shop(server)
    await ask("diagnose", namespace="shop")
    assert server.count(_IN_DNS_NAMESPACE) == 3
    assert server.count("*/namespaces/kube-system/pods") == 1
    assert server.last.path.startswith(("/api/v1/namespaces/kube", "/apis/discovery"))


async def test_what_may_not_be_read_of_the_dns_is_said_and_not_called_well(
    server: FakeApiServer, ask: Ask
) -> None:
    _shop(server)
    _dns(server)
    server.deny("list", "services", namespace="kube-system")
    answer = await ask("diagnose", namespace="shop")
    assert "Not checked: may not list services in kube-system (cluster-dns-down)." in answer
    assert "1. critical container-keeps-crashing Pod shop/cart-1" in answer


async def test_endpoints_suffice_where_the_pods_may_not_be_listed(
    server: FakeApiServer, ask: Ask
) -> None:
    _shop(server)
    _dns(server, _coredns(up=True), ready=("10.42.0.2",))
    server.deny("list", "pods", namespace="kube-system")
    assert "Not checked" not in await ask("diagnose", namespace="shop")

    server.add(build.endpoint_slice("kube-dns", namespace="kube-system", not_ready=["10.42.0.2"]))
    answer = await ask("diagnose", namespace="shop")
    assert "cluster DNS is down: 1 pods, none ready" in answer
    assert "Not checked: may not list pods in kube-system (cluster-dns-down)." in answer


@pytest.mark.parametrize("where", ["shop", ""])
@pytest.mark.parametrize(
    "policy", [Policy(namespaces_deny=("kube-*",)), Policy(namespaces_allow=("shop",))]
)
async def test_a_namespace_that_is_denied_is_never_asked_about(
    server: FakeApiServer, ask: Ask, policy: Policy, where: str
) -> None:
    _shop(server)
    _dns(server)
    answer = await ask("diagnose", namespace=where, policy=policy)
    assert server.count(_IN_DNS_NAMESPACE) == 0
    assert "does not show namespace 'kube-system' (cluster-dns-down)" in answer


async def test_a_dns_that_takes_too_long_to_read_is_said(
    server: FakeApiServer, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_elsewhere, "DEADLINE_S", 0.01)
    _shop(server)
    _dns(server)
    with server.held("*/namespaces/kube-system/services"):
        answer = await ask("diagnose", namespace="shop")
    assert "Not checked: reading the cluster's DNS took longer than" in answer
    assert "container-keeps-crashing Pod shop/cart-1" in answer


def _kill(server: FakeApiServer, node: str = "worker-1", minutes: int = 5) -> None:
    about = build.node(node)
    about["metadata"]["uid"] = node  # as the kubelet writes it
    moment = build.ago(minutes=minutes)
    message = "System OOM encountered, victim process: java, pid: 1234"
    server.add(build.event(about, "SystemOOM", message, first=moment, last=moment))


async def test_a_node_that_ran_out_of_memory_is_found_from_a_namespace(
    server: FakeApiServer, ask: Ask
) -> None:
    killed = build.crash_looping("cart-1", exit_code=137)
    server.add(build.namespace("shop"), build.node("worker-1"), build.node("worker-2"), killed)
    moment = killed["status"]["containerStatuses"][0]["lastState"]["terminated"]["finishedAt"]
    minutes = int((server.now.timestamp() - _seconds(moment)) // 60)
    _kill(server, minutes=minutes)
    _kill(server, "worker-2")
    answer = await ask("diagnose", namespace="shop")
    assert "1. critical node-out-of-memory Node worker-1" in answer
    assert "so: container-keeps-crashing Pod shop/cart-1" in answer
    assert "worker-2" not in answer


async def test_events_about_nodes_that_may_not_be_listed_are_said(
    server: FakeApiServer, ask: Ask
) -> None:
    killed = build.crash_looping("cart-1", exit_code=137)
    server.add(build.namespace("shop"), build.node("worker-1"), killed)
    server.deny("list", "events", namespace="default")
    answer = await ask("diagnose", namespace="shop")
    assert "Not checked: may not list events in default (node-out-of-memory)." in answer


async def test_events_about_nodes_are_read_only_for_a_container_that_was_killed(
    server: FakeApiServer, ask: Ask
) -> None:
    server.add(build.namespace("shop"), build.node("worker-1"), build.crash_looping("cart-1"))
    await ask("diagnose", namespace="shop")
    assert server.count("*/namespaces/default/events") == 0


def _release(server: FakeApiServer, **repository: Any) -> None:
    """A release here whose chart comes from a repository in the namespace of Flux."""
    source = {"kind": "HelmRepository", "name": "charts", "namespace": "flux"}
    server.add(
        build.crd("source.toolkit.fluxcd.io", "HelmRepository", plural="helmrepositories"),
        build.crd("helm.toolkit.fluxcd.io", "HelmRelease", versions=("v2",)),
        build.namespace("shop"),
        build.namespace("flux"),
        build.obj(
            "helm.toolkit.fluxcd.io/v2",
            "HelmRelease",
            "web",
            namespace="shop",
            spec={"chart": {"spec": {"chart": "web", "sourceRef": source}}},
            status=_not_ready("SourceNotReady", "no artifact available"),
        ),
    )
    if repository:
        server.add(
            build.obj(
                "source.toolkit.fluxcd.io/v1",
                "HelmRepository",
                "charts",
                namespace="flux",
                spec={"url": "https://charts.example.com"},
                **repository,
            )
        )


def _not_ready(reason: str, message: str) -> dict[str, Any]:
    failed = {"type": "Ready", "status": "False", "reason": reason, "message": message}
    return {"conditions": [failed | {"lastTransitionTime": build.ago(hours=1)}]}


_REFUSED = _not_ready("IndexationFailed", "failed to fetch index: 401 Unauthorized")
_IN_FLUX = "*/namespaces/flux/*"


async def test_what_is_blamed_and_lies_elsewhere_is_the_cause(
    server: FakeApiServer, ask: Ask
) -> None:
    _release(server, status=_REFUSED)
    answer = await ask("diagnose", namespace="shop")
    assert "1. critical flux-source-fails HelmRepository flux/charts" in answer
    assert "so: flux-apply-fails HelmRelease shop/web" in answer
    assert "2. " not in answer


async def test_what_is_blamed_and_does_not_exist_is_said(server: FakeApiServer, ask: Ask) -> None:
    _release(server)
    answer = await ask("diagnose", namespace="shop")
    assert "takes its content from the HelmRepository flux/charts, which does not exist" in answer


async def test_what_is_blamed_and_may_not_be_read_is_said(server: FakeApiServer, ask: Ask) -> None:
    _release(server, status=_REFUSED)
    server.deny("list", "helmrepositories.source.toolkit.fluxcd.io", namespace="flux")
    answer = await ask("diagnose", namespace="shop")
    assert "1. warning flux-apply-fails HelmRelease shop/web" in answer
    denied = "may not list helmrepositories.source.toolkit.fluxcd.io in flux (flux-apply-fails)"
    assert denied in answer
    denied_by_policy = Policy(namespaces_deny=("flux",))
    answer = await ask("diagnose", namespace="shop", policy=denied_by_policy)
    assert "does not show namespace 'flux' (flux-apply-fails)" in answer


async def test_nothing_elsewhere_is_read_for_a_namespace_that_is_well(
    server: FakeApiServer, ask: Ask
) -> None:
    _release(server, status=_REFUSED)
    server.add(build.namespace("quiet"), build.service("web", namespace="quiet", selector={}))
    await ask("diagnose", namespace="quiet")
    assert server.count(_IN_FLUX) == 0


def _alias(server: FakeApiServer) -> None:
    host = {"type": "ExternalName", "externalName": "postgres.data.svc.cluster.local"}
    alias = build.service("db", namespace="shop")
    alias["spec"] = host
    server.add(build.namespace("shop"), build.namespace("data"), alias)


async def test_an_alias_of_a_service_that_exists_nowhere_is_found(
    server: FakeApiServer, ask: Ask
) -> None:
    _alias(server)
    answer = await ask("diagnose", namespace="shop")
    assert "service-alias-to-nowhere Service shop/db" in answer
    assert "is an alias of Service data/postgres, which does not exist" in answer


async def test_an_alias_of_a_service_that_answers_is_well(server: FakeApiServer, ask: Ask) -> None:
    _alias(server)
    labels = {"app": "postgres"}
    server.add(
        build.service("postgres", namespace="data", selector=labels),
        build.pod("postgres-1", namespace="data", labels=labels),
        build.endpoint_slice("postgres", namespace="data", ready=["10.42.0.3"]),
    )
    answer = await ask("diagnose", namespace="shop")
    assert answer.startswith("Nothing found wrong in namespace shop")
    assert "postgres" not in answer


async def test_the_pods_behind_an_api_elsewhere_explain_it_with_their_last_words(
    server: FakeApiServer, ask: Ask
) -> None:
    labels = {"app": "adapter"}
    failed = {"type": "Available", "status": "False", "reason": "MissingEndpoints"}
    server.add(
        build.namespace("shop"),
        build.namespace("metrics"),
        build.obj(
            "apiregistration.k8s.io/v1",
            "APIService",
            "v1.custom.example.com",
            spec={"service": {"name": "adapter", "namespace": "metrics"}},
            status={"conditions": [failed | {"lastTransitionTime": build.ago(hours=1)}]},
        ),
        build.service("adapter", namespace="metrics", selector=labels),
        build.endpoint_slice("adapter", namespace="metrics", not_ready=["10.42.0.3"]),
        build.crash_looping("adapter-1", namespace="metrics", labels=labels),
    )
    server.add_log("adapter-1", "fatal: cannot parse rules\n", namespace="metrics", previous=True)
    answer = await ask("diagnose", namespace="shop")
    assert "1. critical container-keeps-crashing Pod metrics/adapter-1" in answer
    assert "previous log: fatal: cannot parse rules" in answer
    assert "api-service-unavailable APIService v1.custom.example.com" in answer


def _route(server: FakeApiServer, programmed: str) -> None:
    """A route here that a Gateway of another namespace has accepted."""
    group = "gateway.networking.k8s.io"
    accepted = {"type": "Accepted", "status": "True"}
    parent = {"name": "edge", "namespace": "infra"}
    server.add(
        build.crd(group, "HTTPRoute"),
        build.crd(group, "Gateway"),
        build.crd(group, "GatewayClass", plural="gatewayclasses", namespaced=False),
        build.obj(f"{group}/v1", "GatewayClass", "edge", namespace=""),
        build.namespace("shop"),
        build.namespace("infra"),
        build.obj(
            f"{group}/v1",
            "HTTPRoute",
            "web",
            namespace="shop",
            spec={"parentRefs": [parent]},
            status={"parents": [{"parentRef": parent, "conditions": [accepted]}]},
        ),
        build.obj(
            f"{group}/v1",
            "Gateway",
            "edge",
            namespace="infra",
            spec={"gatewayClassName": "edge"},
            status={
                "conditions": [
                    accepted,
                    {
                        "type": "Programmed",
                        "status": programmed,
                        "reason": "AddressNotAssigned",
                        "message": "no address",
                    },
                ],
                "listeners": [
                    {
                        "name": "of-others",
                        "conditions": [{"type": "ResolvedRefs", "status": "False"}],
                    }
                ],
            },
        ),
    )


async def test_a_shared_gateway_that_serves_nothing_is_found_from_its_routes(
    server: FakeApiServer, ask: Ask
) -> None:
    _route(server, "False")
    answer = await ask("diagnose", namespace="shop")
    assert "1. critical gateway-not-programmed Gateway infra/edge" in answer
    assert "AddressNotAssigned: no address" in answer


async def test_of_a_shared_gateway_that_serves_nothing_is_said(
    server: FakeApiServer, ask: Ask
) -> None:
    _route(server, "True")
    assert "infra" not in await ask("diagnose", namespace="shop")


async def test_a_service_elsewhere_that_a_crash_asks_for_is_looked_at(
    server: FakeApiServer, ask: Ask
) -> None:
    _shop(server, log="Error: connect ECONNREFUSED postgres.data.svc.cluster.local:5432\n")
    labels = {"app": "postgres"}
    server.add(
        build.namespace("data"),
        build.service("postgres", namespace="data", selector=labels),
        build.endpoint_slice("postgres", namespace="data", not_ready=["10.42.0.3"]),
        build.crash_looping("postgres-0", namespace="data", labels=labels),
    )
    answer = await ask("diagnose", namespace="shop")
    assert "1. critical container-keeps-crashing Pod data/postgres-0" in answer
    assert "container-keeps-crashing Pod shop/cart-1" in answer.split("so: ")[1]


async def test_a_service_elsewhere_that_does_not_exist_is_said(
    server: FakeApiServer, ask: Ask
) -> None:
    _shop(server, log="dial tcp: lookup postgres.data on 10.96.0.10:53: no such host\n")
    server.add(build.namespace("data"))
    answer = await ask("diagnose", namespace="shop")
    assert "Service data/postgres: does not exist" in answer
    assert "next: Create the Service data/postgres, or correct the host name" in answer


def _seconds(moment: str) -> float:
    from kube_mcp.words.times import parse_time

    found = parse_time(moment)
    assert found is not None
    return found.timestamp()
