"""Which kinds there are, and which one a word means."""

from __future__ import annotations

import re

import pytest

from kube_mcp.errors import InputError, Unauthorized
from kube_mcp.kube.client import Client
from kube_mcp.kube.discovery import Discovery
from tests.support import build
from tests.support.api_server import FakeApiServer


def discovery(server: FakeApiServer, clock: list[float] | None = None) -> Discovery:
    """Discovery of a server, with a clock of its own."""
    at = clock if clock is not None else [0.0]
    return Discovery(Client(server).get_json, clock=lambda: at[0])


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("po", "pods"), ("pod", "pods"), ("pods", "pods"), ("Pod", "pods"), ("PODS", "pods"),
        ("v1 Pod", "pods"), ("v1/pods", "pods"), ("pods.v1", "pods"), (" pods ", "pods"),
        ("deploy", "deployments.apps"), ("Deployment", "deployments.apps"),
        ("deployments.apps", "deployments.apps"), ("deployment.apps", "deployments.apps"),
        ("deployments.v1.apps", "deployments.apps"), ("apps/v1 Deployment", "deployments.apps"),
        ("apps/v1/deployments", "deployments.apps"), ("apps/Deployment", "deployments.apps"),
        ("apps Deployment", "deployments.apps"), ("apps/v1, Deployment", "deployments.apps"),
        ("deployments.app", "deployments.apps"),
        ("ing", "ingresses.networking.k8s.io"), ("ingress", "ingresses.networking.k8s.io"),
        ("ingresses.networking", "ingresses.networking.k8s.io"),
        ("netpol", "networkpolicies.networking.k8s.io"), ("sts", "statefulsets.apps"),
        ("cj", "cronjobs.batch"), ("pvc", "persistentvolumeclaims"), ("no", "nodes"),
        ("hpa", "horizontalpodautoscalers.autoscaling"), ("ev", "events"),
        ("events.events.k8s.io", "events.events.k8s.io"), ("crd",
         "customresourcedefinitions.apiextensions.k8s.io"), ("cm", "configmaps"),
        ("secret", "secrets"), ("endpoints", "endpoints"), ("sa", "serviceaccounts"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("aggregated", [True, False])
async def test_a_kind_is_known_by_every_name_people_give_it(
    word: str, found: str, aggregated: bool
) -> None:
    server = FakeApiServer(aggregated=aggregated)
    assert (await discovery(server).resolve(word)).full_name == found


async def test_old_and_new_discovery_find_the_same() -> None:
    crds = build.crd("example.com", "Widget", short_names=("wd",), versions=("v1", "v1beta1"))
    new = await discovery(FakeApiServer(crds)).all()
    old = await discovery(FakeApiServer(crds, aggregated=False)).all()
    assert {each.full_name: each for each in old.types} == {
        each.full_name: each for each in new.types
    }
    assert len(new.types) > 50


async def test_aggregated_discovery_takes_two_requests_and_is_kept() -> None:
    server = FakeApiServer()
    clock = [0.0]
    known = discovery(server, clock)
    for word in ("po", "deploy", "svc"):
        await known.resolve(word)
    assert server.asked == ["GET /api", "GET /apis"]
    clock[0] = 200.0
    await known.resolve("po")
    assert len(server.asked) == 4


async def test_a_kind_installed_a_minute_ago_is_found_on_a_miss() -> None:
    server = FakeApiServer()
    clock = [0.0]
    known = discovery(server, clock)
    await known.resolve("po")
    server.add(build.crd("example.com", "Widget", short_names=("wd",)))
    clock[0] = 60.0
    assert (await known.resolve("wd")).full_name == "widgets.example.com"


async def test_typos_in_a_row_do_not_read_discovery_again_each_time() -> None:
    server = FakeApiServer()
    known = discovery(server)
    for word in ("podz", "deplyo", "svcc", "podd"):
        with pytest.raises(InputError):
            await known.resolve(word)
    assert len(server.asked) == 2


async def test_many_callers_at_once_share_one_reading() -> None:
    import anyio

    server = FakeApiServer()
    known = discovery(server)
    async with anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(known.resolve, "po")
    assert len(server.asked) == 2


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("deploymnt", r"'deploymnt' is not a kind .* Did you mean 'Deployment' or 'deployments'\?"),
        ("podz", r"Did you mean .*'pods'"),
        ("qqqqqqqq", r"Use api_resources to see what there is"),
        ("deployments.batch", r"is not a kind this cluster serves"),
        ("apps/v9 Deployment", r"is not a kind this cluster serves"),
        ("", r"'' is not a kind\. Give one kind"),
        ("pods and services", r"is not a kind\. Give one kind"),
        ("x" * 500, r"is not a kind\. Give one kind"),
        ("/", r"is not a kind"), ("..", r"is not a kind"), ("pods/../secrets", r"is not a kind"),
        ("pods\n", None),
    ],
)  # fmt: skip
async def test_what_is_no_kind_is_answered_with_the_nearest(word: str, said: str | None) -> None:
    known = discovery(FakeApiServer())
    if said is None:
        assert (await known.resolve(word)).name == "pods"
        return
    with pytest.raises(InputError, match=said):
        await known.resolve(word)


async def test_a_name_in_two_groups_is_asked_back_unless_one_is_meant() -> None:
    server = FakeApiServer(
        build.crd("a.example.com", "Widget"),
        build.crd("b.example.com", "Widget"),
        build.crd("example.com", "Deployment"),
        build.crd("serving.example.dev", "Service"),
        build.crd("gateway.networking.k8s.io", "Gateway"),
        build.crd("istio.example.com", "Gateway"),
    )
    known = discovery(server)
    with pytest.raises(InputError, match=r"widgets\.a\.example\.com, widgets\.b\.example\.com"):
        await known.resolve("widget")
    assert (await known.resolve("widgets.b.example.com")).group == "b.example.com"
    assert (await known.resolve("b.example.com/v1 Widget")).group == "b.example.com"
    assert (await known.resolve("deployment")).group == "apps"
    assert (await known.resolve("service")).group == ""
    assert (await known.resolve("gateway")).group == "gateway.networking.k8s.io"


async def test_another_version_is_had_by_naming_it() -> None:
    server = FakeApiServer(build.crd("example.com", "Widget", versions=("v1", "v1beta1")))
    known = discovery(server)
    assert (await known.resolve("widget")).version == "v1"
    assert (await known.resolve("widgets.v1beta1.example.com")).version == "v1beta1"
    assert (await known.resolve("example.com/v1beta1 Widget")).version == "v1beta1"


@pytest.mark.parametrize("aggregated", [True, False])
async def test_a_group_that_does_not_answer_is_named_and_soon_asked_again(
    aggregated: bool,
) -> None:
    server = FakeApiServer(build.node_metrics(), aggregated=aggregated)
    server.fail_group("metrics.k8s.io/v1beta1")
    clock = [0.0]
    known = discovery(server, clock)
    found = await known.all()
    assert list(found.failed) == ["metrics.k8s.io/v1beta1"]
    assert (await known.resolve("po")).name == "pods"
    with pytest.raises(
        InputError, match=re.escape("These API groups could not be read: metrics.k8s.io/v1beta1.")
    ):
        await known.resolve("nodemetrics")
    server.store.failed.clear()
    clock[0] = 16.0
    assert (await known.all()).failed == {}


async def test_a_core_api_that_refuses_is_an_error_and_not_an_empty_cluster() -> None:
    for aggregated in (True, False):
        server = FakeApiServer(aggregated=aggregated)
        server.fail(401, "Unauthorized", "Unauthorized", times=9)
        with pytest.raises(Unauthorized):
            await discovery(server).resolve("po")
