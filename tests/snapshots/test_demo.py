"""The demo is a cluster that could exist: what it says in one place agrees with the others."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson
import pytest

from kube_mcp.objects import dig, dig_list, dig_map, dig_str
from kube_mcp.snapshots.demo import CANARIES, demo_store
from kube_mcp.snapshots.store import Store
from kube_mcp.snapshots.transport import SnapshotTransport
from kube_mcp.words.quantities import bytes_
from kube_mcp.words.selectors import matches, matches_labels
from kube_mcp.words.times import parse_time
from tests.support.build import NOW

# Told of things that are not there: that is what is wrong with them.
MISSING_ON_PURPOSE = {("StorageClass", "", "fast-ssd")}


@pytest.fixture(scope="module")
def store() -> Store:
    return demo_store(NOW)


@pytest.fixture(scope="module")
def everything(store: Store) -> list[Any]:
    kinds = {resource.kind for resource in store.types}
    return [obj for kind in sorted(kinds) for obj in store.all(kind)]


@pytest.fixture(scope="module")
def known(everything: list[Any]) -> set[tuple[str, str, str]]:
    return {
        (obj["kind"], dig_str(obj, "metadata", "namespace"), dig_str(obj, "metadata", "name"))
        for obj in everything
    }


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item)
    elif isinstance(value, str):
        yield value


async def test_seven_things_are_broken_and_show(store: Store, rows: Any) -> None:
    server = SnapshotTransport(store)
    pods = {row[0]: row for row in await rows(server, "/api/v1/pods")}
    wrong = sorted(
        (name.split("-")[0], row[1], row[2])
        for name, row in pods.items()
        if row[2] not in ("Running", "Completed")
    )
    assert wrong == [
        ("cart", "0/1", "CrashLoopBackOff"),
        ("cart", "0/1", "CrashLoopBackOff"),
        ("mailer", "0/1", "Evicted"),
        ("prometheus", "0/1", "Pending"),
        ("recommendations", "0/1", "ImagePullBackOff"),
        ("search", "0/1", "Pending"),
    ]
    slices = await rows(server, "/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices")
    empty = [row[0].rsplit("-", 1)[0] for row in slices if row[3] == "<unset>"]
    assert empty == ["payments", "search"]
    claims = await rows(server, "/api/v1/persistentvolumeclaims")
    assert [row[0] for row in claims if row[1] == "Pending"] == ["data-prometheus-0"]
    releases = await rows(server, "/apis/helm.toolkit.fluxcd.io/v2/helmreleases")
    assert [(row[0], row[2]) for row in releases] == [
        ("kube-state-metrics", "True"),
        ("loki", "False"),
    ]
    nodes = {dig_str(node, "metadata", "name"): node for node in store.all("Node")}
    pressure = [
        name
        for name, node in nodes.items()
        for one in dig_list(node, "status", "conditions")
        if one["type"] == "MemoryPressure" and one["status"] == "True"
    ]
    assert pressure == ["cedar"]


async def test_most_of_it_is_well(store: Store, rows: Any) -> None:
    pods = await rows(SnapshotTransport(store), "/api/v1/pods")
    assert 40 <= sum(row[2] == "Running" for row in pods) <= 60


async def test_cart_ends_because_of_a_key_its_configuration_lacks(store: Store, ask: Any) -> None:
    server = SnapshotTransport(store)
    pod = next(
        pod for pod in store.all("Pod") if dig_str(pod, "metadata", "name").startswith("cart")
    )
    name = dig_str(pod, "metadata", "name")
    path = f"/api/v1/namespaces/shop/pods/{name}/log"
    log = await ask(server, path, {"previous": "true"})
    assert b"required key SESSION_STORE_URL is not set" in log.body
    (config,) = [one for one in store.all("ConfigMap") if one["metadata"]["name"] == "cart-config"]
    assert "SESSION_STORE_URL" not in config["data"]
    revisions = {
        dig_str(one, "metadata", "annotations", "deployment.kubernetes.io/revision"): dig_str(
            one, "spec", "template", "spec", "containers", 0, "image"
        )
        for one in store.all("ReplicaSet")
        if dig_str(one, "metadata", "ownerReferences", 0, "name") == "cart"
    }
    assert revisions == {
        "1": "registry.example.com/shop/cart:1.4.1",
        "2": "registry.example.com/shop/cart:1.4.2",
    }


def test_every_owner_is_there_and_has_the_uid_told(everything: list[Any]) -> None:
    uids = {obj["metadata"]["uid"]: obj for obj in everything}
    owned = [
        (obj, owner) for obj in everything for owner in dig_list(obj, "metadata", "ownerReferences")
    ]
    for obj, owner in owned:
        found = uids[owner["uid"]]
        assert (found["kind"], found["metadata"]["name"]) == (owner["kind"], owner["name"]), obj
    assert len(owned) > 80


def test_uids_and_addresses_are_nobody_elses(everything: list[Any], store: Store) -> None:
    uids = [obj["metadata"]["uid"] for obj in everything]
    assert len(uids) == len(set(uids))
    ips = [
        pod["status"]["podIP"]
        for pod in store.all("Pod")
        if "podIP" in pod["status"] and not pod["spec"].get("hostNetwork")
    ]
    assert len(ips) == len(set(ips))
    addresses = [
        one["spec"]["clusterIP"]
        for one in store.all("Service")
        if one["spec"]["clusterIP"] != "None"
    ]
    assert len(addresses) == len(set(addresses))


def test_every_event_is_about_something_that_is_there(
    store: Store, known: set[tuple[str, str, str]]
) -> None:
    for event in store.all("Event", group=""):
        involved = event["involvedObject"]
        about = (involved["kind"], involved.get("namespace", ""), involved["name"])
        assert about in known, event["message"]


def test_what_pods_refer_to_is_there(store: Store, known: set[tuple[str, str, str]]) -> None:
    referred = set()
    for pod in store.all("Pod"):
        at = pod["metadata"]["namespace"]
        spec = pod["spec"]
        if spec.get("nodeName"):
            referred.add(("Node", "", spec["nodeName"]))
        for volume in spec.get("volumes", []):
            claim = dig_str(volume, "persistentVolumeClaim", "claimName")
            if claim:
                referred.add(("PersistentVolumeClaim", at, claim))
        for container in spec["containers"]:
            for source in container.get("envFrom", []):
                referred.add(("ConfigMap", at, source["configMapRef"]["name"]))
            for env in container.get("env", []):
                secret = dig_str(env, "valueFrom", "secretKeyRef", "name")
                if secret:
                    referred.add(("Secret", at, secret))
    for claim in store.all("PersistentVolumeClaim"):
        referred.add(("StorageClass", "", claim["spec"]["storageClassName"]))
        if "volumeName" in claim["spec"]:
            referred.add(("PersistentVolume", "", claim["spec"]["volumeName"]))
    for ingress in store.all("Ingress"):
        at = ingress["metadata"]["namespace"]
        for rule in ingress["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                referred.add(("Service", at, path["backend"]["service"]["name"]))
    assert referred - known == MISSING_ON_PURPOSE


def test_controllers_select_their_pods_and_count_them(store: Store) -> None:
    pods = store.all("Pod")
    for owner in (*store.all("ReplicaSet"), *store.all("StatefulSet"), *store.all("DaemonSet")):
        own = [
            pod
            for pod in pods
            if dig_str(pod, "metadata", "ownerReferences", 0, "uid") == owner["metadata"]["uid"]
            and pod["status"]["phase"] != "Failed"
        ]
        for pod in own:
            assert matches(owner["spec"]["selector"], pod["metadata"]["labels"])
        status = owner["status"]
        counted = status.get("replicas", status.get("currentNumberScheduled"))
        assert counted == len(own), owner["metadata"]["name"]


def test_ready_endpoints_are_the_ready_pods_a_service_selects(store: Store) -> None:
    for service in store.all("Service"):
        selector = dig_map(service, "spec", "selector")
        if not selector:
            continue
        at, name = service["metadata"]["namespace"], service["metadata"]["name"]
        expected = {
            pod["status"]["podIP"]
            for pod in store.all("Pod")
            if pod["metadata"]["namespace"] == at
            and matches_labels(selector, pod["metadata"].get("labels", {}))
            and any(
                one["type"] == "Ready" and one["status"] == "True"
                for one in pod["status"]["conditions"]
            )
        }
        (slice_,) = [
            one
            for one in store.all("EndpointSlice")
            if one["metadata"]["namespace"] == at
            and one["metadata"]["labels"]["kubernetes.io/service-name"] == name
        ]
        ready = {one["addresses"][0] for one in slice_["endpoints"] if one["conditions"]["ready"]}
        assert ready == expected, name


def test_search_fits_on_no_node_and_everything_else_does(store: Store) -> None:
    requested: dict[str, int] = {}
    for pod in store.all("Pod"):
        node = pod["spec"].get("nodeName")
        if node and pod["status"]["phase"] in ("Running", "Pending"):
            for container in pod["spec"]["containers"]:
                size = dig(container, "resources", "requests", "memory", default="0")
                requested[node] = requested.get(node, 0) + (bytes_(size) or 0)
    search = bytes_("14Gi") or 0
    for node in store.all("Node"):
        name = node["metadata"]["name"]
        allocatable = bytes_(node["status"]["allocatable"]["memory"]) or 0
        assert requested[name] <= allocatable
        assert requested[name] + search > allocatable


def test_nothing_happened_later_than_now(everything: list[Any]) -> None:
    moments = [moment for text in _strings(everything) if (moment := parse_time(text))]
    assert len(moments) > 500
    assert max(moments) <= NOW
    assert NOW - min(moments) < timedelta(days=60)


def test_it_always_looks_current() -> None:
    later = datetime(2031, 5, 1, tzinfo=UTC)
    store = demo_store(later)
    newest = max(
        parse_time(event["lastTimestamp"]) or later - timedelta(days=1)
        for event in store.all("Event", group="")
    )
    assert later - newest < timedelta(minutes=1)
    assert store.captured_at == later


def test_it_is_the_same_cluster_every_time(everything: list[Any]) -> None:
    again = demo_store(NOW)
    kinds = {resource.kind for resource in again.types}
    assert [obj for kind in sorted(kinds) for obj in again.all(kind)] == everything


def test_every_log_belongs_to_a_container_that_is_there(store: Store) -> None:
    containers = {
        (pod["metadata"]["namespace"], pod["metadata"]["name"], one["name"])
        for pod in store.all("Pod")
        for one in pod["spec"]["containers"]
    }
    assert {key[:3] for key in store.logs} <= containers
    assert len({key[0] for key in store.logs}) == 3
    assert all(parse_time(log.text.split(" ", 1)[0]) for log in store.logs.values())


def test_every_canary_sits_where_it_is_said_to(everything: list[Any], store: Store) -> None:
    texts = [*_strings(everything), *(log.text for log in store.logs.values())]
    secret = CANARIES["a Secret"]
    assert any(b64encode(secret.encode()).decode() == text for text in texts)
    for place, canary in CANARIES.items():
        if canary != secret:
            assert any(canary in text for text in texts), place


def test_measurements_cover_what_runs(store: Store) -> None:
    running = {
        pod["metadata"]["name"]
        for pod in store.all("Pod")
        if any("running" in one["state"] for one in pod["status"].get("containerStatuses", []))
    }
    assert {one["metadata"]["name"] for one in store.all("PodMetrics")} == running
    usage = {one["metadata"]["name"]: one["usage"] for one in store.all("NodeMetrics")}
    assert set(usage) == {"alder", "birch", "cedar"}
    assert (bytes_(usage["cedar"]["memory"]) or 0) > 0.95 * (bytes_("15779140Ki") or 0)


def test_it_weighs_less_than_150_kilobytes_in_the_package() -> None:
    folder = Path(str(files("kube_mcp.snapshots.demo")))
    size = sum(
        file.stat().st_size for file in folder.rglob("*") if file.suffix in (".py", ".yaml", ".log")
    )
    assert size < 150_000


def test_every_object_can_be_sent(everything: list[Any]) -> None:
    for obj in everything:
        orjson.dumps(obj)
        assert obj["metadata"]["resourceVersion"]
