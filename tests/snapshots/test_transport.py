"""Paths answer as an API server's do, errors included."""

from __future__ import annotations

from typing import Any

import pytest

from kube_mcp.snapshots.store import Store, Unread
from kube_mcp.snapshots.transport import SnapshotTransport
from tests.support import build
from tests.support.api_server import FakeApiServer

AGGREGATED = (
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"
)
METADATA = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
METADATA_LIST = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"

WIDGETS = build.crd("example.com", "Widget", versions=("v1", "v1beta1"), short_names=["wd"])
WIDGET = build.obj("example.com/v1", "Widget", "w1", namespace="shop", spec={"size": 3})


async def test_probes_and_version_answer(ask: Any) -> None:
    server = FakeApiServer()
    assert (await ask(server, "/livez")).body == b"ok"
    assert (await ask(server, "/readyz")).body == b"ok"
    assert (await ask(server, "/version")).json["gitVersion"] == "v1.37.2"


async def test_a_path_outside_every_group_is_plain_text_404(ask: Any) -> None:
    for path in ("/foo", "/apis/nothing.example.com/v1", "/openapi/v3"):
        answer = await ask(FakeApiServer(), path)
        assert (answer.status, answer.body) == (404, b"404 page not found\n"), path


async def test_what_a_built_in_group_does_not_serve_is_a_status(ask: Any) -> None:
    for path in ("/api/v1/nothings", "/apis/apps/v7", "/apis/apps/v1/nothings", "/api/v2"):
        answer = await ask(FakeApiServer(), path)
        assert answer.status == 404
        assert answer.json["message"] == "the server could not find the requested resource"


async def test_what_a_custom_group_does_not_serve_is_plain_text(ask: Any) -> None:
    for path in ("/apis/example.com/v1/nothings", "/apis/example.com/v7/widgets"):
        answer = await ask(FakeApiServer(WIDGETS), path)
        assert (answer.status, answer.body) == (404, b"404 page not found\n"), path


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/pods/web-1",
        "/api/v1/namespaces/shop/nodes",
        "/api/v1/namespaces/shop/nodes/worker-1",
        "/apis/apps/v1/deployments/web",
    ],
)
async def test_a_namespace_belongs_in_the_path_of_namespaced_types_only(
    ask: Any, path: str
) -> None:
    server = FakeApiServer(build.pod(), build.node(), build.deployment())
    assert (await ask(server, path)).status == 404


async def test_aggregated_discovery_describes_types_groups_and_subresources(ask: Any) -> None:
    answer = await ask(FakeApiServer(WIDGETS), "/apis", accept=AGGREGATED)
    assert answer.headers["content-type"].startswith("application/json;g=apidiscovery.k8s.io;v=v2")
    groups = {item["metadata"]["name"]: item["versions"] for item in answer.json["items"]}
    deployments = next(
        one for one in groups["apps"][0]["resources"] if one["resource"] == "deployments"
    )
    assert deployments["shortNames"] == ["deploy"]
    assert deployments["scope"] == "Namespaced"
    assert [one["subresource"] for one in deployments["subresources"]] == ["scale", "status"]
    assert deployments["subresources"][0]["responseKind"] == {
        "group": "autoscaling",
        "version": "v1",
        "kind": "Scale",
    }
    assert [version["version"] for version in groups["example.com"]] == ["v1", "v1beta1"]
    assert groups["example.com"][0]["resources"][0]["shortNames"] == ["wd"]


async def test_the_core_group_has_no_name_in_aggregated_discovery(ask: Any) -> None:
    answer = await ask(FakeApiServer(), "/api", accept=AGGREGATED)
    (core,) = answer.json["items"]
    assert "name" not in core["metadata"]
    pods = next(one for one in core["versions"][0]["resources"] if one["resource"] == "pods")
    assert "log" in [one["subresource"] for one in pods["subresources"]]


async def test_discovery_the_old_way_says_the_same(ask: Any) -> None:
    server = FakeApiServer(WIDGETS, aggregated=False)
    assert (await ask(server, "/api", accept=AGGREGATED)).json["versions"] == ["v1"]
    groups = (await ask(server, "/apis", accept=AGGREGATED)).json["groups"]
    widgets = next(one for one in groups if one["name"] == "example.com")
    assert widgets["preferredVersion"] == {"groupVersion": "example.com/v1", "version": "v1"}
    listed = (await ask(server, "/apis/example.com/v1beta1")).json
    assert listed["groupVersion"] == "example.com/v1beta1"
    assert [one["name"] for one in listed["resources"]] == ["widgets", "widgets/status"]
    core = (await ask(server, "/api/v1")).json["resources"]
    assert {"name", "singularName", "namespaced", "kind", "verbs", "shortNames"} <= set(
        next(one for one in core if one["name"] == "pods")
    )


async def test_metrics_are_served_once_there_are_any(ask: Any) -> None:
    server = FakeApiServer(build.pod())
    assert (await ask(server, "/apis/metrics.k8s.io/v1beta1/pods")).status == 404
    server.add(build.pod_metrics(build.pod()), build.node_metrics())
    metrics = (await ask(server, "/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods")).json
    assert metrics["items"][0]["containers"] == [
        {"name": "app", "usage": {"cpu": "10m", "memory": "64Mi"}}
    ]
    assert (await ask(server, "/apis/metrics.k8s.io/v1beta1/nodes/worker-1")).status == 200


async def test_a_group_whose_server_is_gone_is_stale_and_answers_503(ask: Any) -> None:
    server = FakeApiServer(build.node_metrics())
    server.fail_group("metrics.k8s.io/v1beta1")
    found = (await ask(server, "/apis", accept=AGGREGATED)).json["items"]
    metrics = next(one for one in found if one["metadata"]["name"] == "metrics.k8s.io")
    assert metrics["versions"] == [{"version": "v1beta1", "freshness": "Stale"}]
    assert (await ask(server, "/apis/metrics.k8s.io/v1beta1")).status == 503
    assert (await ask(server, "/apis/metrics.k8s.io/v1beta1/nodes")).status == 503


async def test_items_of_built_in_lists_carry_no_kind_and_custom_ones_do(ask: Any) -> None:
    server = FakeApiServer(build.pod(), WIDGETS, WIDGET)
    pods = (await ask(server, "/api/v1/pods")).json
    assert (pods["kind"], pods["apiVersion"]) == ("PodList", "v1")
    assert "kind" not in pods["items"][0]
    widgets = (await ask(server, "/apis/example.com/v1/widgets")).json
    assert widgets["items"][0]["kind"] == "Widget"


async def test_every_served_version_shows_the_same_objects_as_its_own(ask: Any) -> None:
    server = FakeApiServer(WIDGETS, WIDGET)
    answer = await ask(server, "/apis/example.com/v1beta1/namespaces/shop/widgets/w1")
    assert answer.json["apiVersion"] == "example.com/v1beta1"
    assert answer.json["spec"] == {"size": 3}


async def test_one_namespace_or_all_and_in_the_order_of_their_keys(ask: Any) -> None:
    server = FakeApiServer(
        build.pod("b", namespace="shop"),
        build.pod("a", namespace="shop"),
        build.pod("z", namespace="shop-2"),
    )
    assert (await ask(server, "/api/v1/namespaces/shop/pods")).names == ["a", "b"]
    # A key is namespace/name, and '-' sorts before '/'.
    assert (await ask(server, "/api/v1/pods")).names == ["z", "a", "b"]
    assert (await ask(server, "/api/v1/namespaces/none/pods")).names == []


@pytest.mark.parametrize(
    ("selector", "expected"),
    [
        ("app=web", ["web-1"]),
        ("app!=web", ["cart-1", "db-0"]),
        ("app in (web,cart)", ["cart-1", "web-1"]),
        ("!tier", ["cart-1", "web-1"]),
        ("tier", ["db-0"]),
    ],
)
async def test_label_selectors_select(ask: Any, selector: str, expected: list[str]) -> None:
    server = FakeApiServer(
        build.pod("web-1"), build.pod("cart-1"), build.pod("db-0", labels={"tier": "data"})
    )
    assert (await ask(server, "/api/v1/pods", {"labelSelector": selector})).names == expected


@pytest.mark.parametrize(
    ("path", "selector", "expected"),
    [
        ("/api/v1/pods", "spec.nodeName=worker-2", ["b"]),
        ("/api/v1/pods", "status.phase!=Running", ["c"]),
        ("/api/v1/pods", "metadata.name=a,metadata.namespace=shop", ["a"]),
        ("/api/v1/events", "involvedObject.name=a,type=Warning", ["a.x"]),
        ("/api/v1/events", "involvedObject.kind=Node", []),
        ("/api/v1/secrets", "type=kubernetes.io/tls", ["cert"]),
        ("/api/v1/nodes", "spec.unschedulable=true", ["worker-2"]),
        ("/apis/apps/v1/deployments", "metadata.name=web", ["web"]),
    ],
)
async def test_field_selectors_select(
    ask: Any, path: str, selector: str, expected: list[str]
) -> None:
    server = FakeApiServer(
        build.pod("a"),
        build.pod("b", node="worker-2"),
        build.pod("c", phase="Pending", node=None),
        build.event(build.pod("a"), patch={"metadata": {"name": "a.x"}}),
        build.secret("cert", kind="kubernetes.io/tls"),
        build.secret("other"),
        build.node("worker-1"),
        build.node("worker-2", unschedulable=True),
        build.deployment("web"),
        build.deployment("api"),
    )
    assert (await ask(server, path, {"fieldSelector": selector})).names == expected


@pytest.mark.parametrize(
    ("path", "query", "message"),
    [
        ("/api/v1/pods", {"fieldSelector": "spec.foo=1"}, "field label not supported: spec.foo"),
        (
            "/apis/apps/v1/deployments",
            {"fieldSelector": "status.phase=x"},
            '"status.phase" is not a known field selector: only "metadata.name", '
            '"metadata.namespace"',
        ),
        ("/api/v1/pods", {"limit": "many"}, 'strconv.ParseInt: parsing "many": invalid syntax'),
        ("/api/v1/pods", {"watch": "1"}, "a snapshot cannot be watched: nothing in it changes"),
    ],
)
async def test_a_parameter_that_makes_no_sense_is_a_400(
    ask: Any, path: str, query: dict[str, str], message: str
) -> None:
    answer = await ask(FakeApiServer(build.pod()), path, query)
    assert answer.status == 400
    assert answer.json["message"] == message
    assert answer.json["reason"] == "BadRequest"


async def test_a_broken_label_selector_is_a_400_that_quotes_it(ask: Any) -> None:
    answer = await ask(FakeApiServer(), "/api/v1/pods", {"labelSelector": "app in web"})
    assert answer.status == 400
    assert answer.json["message"].startswith("unable to parse requirement: 'app in web'")


async def test_what_is_not_there_is_a_404_with_the_resource_and_the_name(ask: Any) -> None:
    server = FakeApiServer()
    pod = await ask(server, "/api/v1/namespaces/shop/pods/x")
    assert pod.status == 404
    assert pod.json == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": 'pods "x" not found',
        "reason": "NotFound",
        "details": {"name": "x", "kind": "pods"},
        "code": 404,
    }
    deployment = await ask(server, "/apis/apps/v1/namespaces/shop/deployments/x")
    assert deployment.json["message"] == 'deployments.apps "x" not found'
    assert deployment.json["details"] == {"name": "x", "group": "apps", "kind": "deployments"}


async def test_metadata_alone_is_what_is_asked_for_secrets(ask: Any) -> None:
    server = FakeApiServer(build.secret("db", {"password": "aHVudGVyMg=="}))
    one = await ask(server, "/api/v1/namespaces/shop/secrets/db", accept=METADATA)
    assert one.json["kind"] == "PartialObjectMetadata"
    assert set(one.json) == {"kind", "apiVersion", "metadata"}
    many = await ask(server, "/api/v1/secrets", accept=METADATA_LIST)
    assert many.json["kind"] == "PartialObjectMetadataList"
    assert b"aHVudGVyMg" not in one.body + many.body


async def test_a_table_of_secrets_counts_their_keys(ask: Any) -> None:
    server = FakeApiServer(build.secret("db", {"password": "aHVudGVyMg==", "user": "eA=="}))
    answer = await ask(server, "/api/v1/secrets", accept=TABLE)
    assert answer.json["rows"][0]["cells"] == ["db", "Opaque", 2, "60m"]
    assert answer.json["rows"][0]["object"]["kind"] == "PartialObjectMetadata"
    assert b"aHVudGVyMg" not in answer.body


@pytest.mark.parametrize(
    ("path", "accept"),
    [
        ("/api/v1/secrets", METADATA),
        ("/api/v1/namespaces/shop/secrets/db", METADATA_LIST),
        ("/api/v1/pods", "application/vnd.kubernetes.protobuf"),
        ("/api/v1/pods", "text/html"),
        ("/api/v1/pods", "application/json;as=Table;v=v2;g=meta.k8s.io"),
    ],
)
async def test_a_shape_that_cannot_be_served_is_a_406(ask: Any, path: str, accept: str) -> None:
    answer = await ask(FakeApiServer(build.secret("db")), path, accept=accept)
    assert (answer.status, answer.json["reason"]) == (406, "NotAcceptable")


async def test_the_first_acceptable_shape_wins(ask: Any) -> None:
    server = FakeApiServer(build.pod())
    both = f"application/vnd.kubernetes.protobuf,{TABLE},application/json"
    assert (await ask(server, "/api/v1/pods", accept=both)).json["kind"] == "Table"
    assert (await ask(server, "/api/v1/pods", accept="*/*")).json["kind"] == "PodList"


@pytest.mark.parametrize(
    ("include", "expected"),
    [("None", None), ("Metadata", "PartialObjectMetadata"), ("Object", "Pod")],
)
async def test_rows_carry_what_is_asked(ask: Any, include: str, expected: str | None) -> None:
    server = FakeApiServer(build.pod())
    answer = await ask(server, "/api/v1/pods", {"includeObject": include}, accept=TABLE)
    carried = answer.json["rows"][0]["object"]
    assert (carried and carried["kind"]) == expected


async def test_a_scale_has_replicas_and_a_selector_in_text(ask: Any) -> None:
    server = FakeApiServer(build.deployment("web", replicas=3, ready=1))
    scale = await ask(server, "/apis/apps/v1/namespaces/shop/deployments/web/scale")
    assert scale.json["spec"] == {"replicas": 3}
    assert scale.json["status"] == {"replicas": 3, "selector": "app=web"}
    assert scale.json["kind"] == "Scale"
    pod = build.pod("web-1")
    server.add(pod)
    assert (await ask(server, "/api/v1/namespaces/shop/pods/web-1/scale")).status == 404
    assert (await ask(server, "/api/v1/namespaces/shop/pods/web-1/status")).json == pod


async def test_events_are_one_collection_with_two_spellings(ask: Any) -> None:
    event = build.event(build.pod("web-1"), "BackOff", "again", count=4)
    server = FakeApiServer(event)
    (new,) = (await ask(server, "/apis/events.k8s.io/v1/events")).json["items"]
    assert (new["note"], new["regarding"]["name"]) == ("again", "web-1")
    assert new["deprecatedCount"] == 4
    new_event = {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": "n.1", "namespace": "shop"},
        "note": "said the new way",
        "regarding": {"kind": "Pod", "name": "web-1"},
    }
    server.add(new_event)
    messages = [item["message"] for item in (await ask(server, "/api/v1/events")).json["items"]]
    assert sorted(messages) == ["again", "said the new way"]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
async def test_nothing_can_be_changed(ask: Any, method: str) -> None:
    server = FakeApiServer(build.pod("web-1"))
    for path in ("/api/v1/namespaces/shop/pods/web-1", "/api/v1/pods", "/version"):
        assert (await ask(server, path, method=method)).status == 405
    assert (await ask(server, "/api/v1/pods")).names == ["web-1"]


async def test_access_reviews_allow_reads_and_nothing_else(ask: Any) -> None:
    server = SnapshotTransport(Store([build.pod()]))

    async def allowed(verb: str) -> bool:
        attributes = {"verb": verb, "resource": "pods", "namespace": "shop"}
        answer = await ask(
            server,
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            method="POST",
            body={"spec": {"resourceAttributes": attributes}},
        )
        assert answer.status == 201
        return bool(answer.json["status"]["allowed"])

    assert await allowed("list")
    assert not await allowed("delete")


async def test_other_reviews_say_who_and_what(ask: Any) -> None:
    server = SnapshotTransport(Store())
    who = await ask(
        server,
        "/apis/authentication.k8s.io/v1/selfsubjectreviews",
        method="POST",
        body={"kind": "SelfSubjectReview", "apiVersion": "authentication.k8s.io/v1"},
    )
    assert who.json["status"]["userInfo"]["username"] == "snapshot"
    rules = await ask(
        server,
        "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews",
        method="POST",
        body={"spec": {"namespace": "shop"}},
    )
    assert rules.json["status"]["resourceRules"][0]["verbs"] == ["get", "list", "watch"]
    assert (
        await ask(server, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews")
    ).status == 405


async def test_what_the_snapshot_could_not_read_is_refused_and_not_empty(ask: Any) -> None:
    store = Store([build.pod()])
    store.unread["secrets", ""] = Unread(403, "Forbidden", "secrets is forbidden: no")
    store.unread["services", "bank"] = Unread(403, "Forbidden", "services is forbidden: no")
    server = SnapshotTransport(store)
    for path in ("/api/v1/secrets", "/api/v1/namespaces/shop/secrets/x"):
        answer = await ask(server, path)
        assert (answer.status, answer.json["message"]) == (403, "secrets is forbidden: no")
    assert (await ask(server, "/api/v1/namespaces/shop/services")).status == 200
    assert (await ask(server, "/api/v1/namespaces/bank/services")).status == 403
    assert (await ask(server, "/api/v1/services")).status == 403


async def test_namespaces_outside_the_snapshot_are_refused_and_announced(ask: Any) -> None:
    server = SnapshotTransport(Store([build.pod()], namespaces=["shop"]))
    outside = await ask(server, "/api/v1/namespaces/bank/pods")
    assert outside.status == 403
    assert outside.json["message"].endswith("the snapshot holds only the namespaces shop")
    everywhere = await ask(server, "/api/v1/pods")
    assert everywhere.headers["warning"] == ('299 - "this snapshot holds only the namespaces shop"')


async def test_documents_answer_their_own_path(ask: Any) -> None:
    server = FakeApiServer()
    server.document("/openapi/v3", {"paths": {}})
    assert (await ask(server, "/openapi/v3")).json == {"paths": {}}


async def test_every_answer_carries_the_moment_of_the_snapshot(ask: Any) -> None:
    server = SnapshotTransport(Store(captured_at=build.NOW))
    for path in ("/version", "/nothing", "/api/v1/pods"):
        assert (await ask(server, path)).headers["date"] == "Tue, 24 Nov 2026 12:00:00 GMT"


async def test_the_transport_of_a_snapshot_stands_at_its_own_moment(rows: Any) -> None:
    server = SnapshotTransport(Store([build.namespace("shop")], captured_at=build.NOW))
    assert (await rows(server, "/api/v1/namespaces"))[0] == ["shop", "Active", "60m"]
