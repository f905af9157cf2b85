"""The control plane as a whole."""

from __future__ import annotations

import datetime
import os
from pathlib import Path

import pytest

from testbed.bed import Bed
from testbed.errors import ApplyFailed
from testbed.objects import parse_span


def whoami(bed: Bed, token: str) -> dict[str, object]:
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    info: dict[str, object] = bed.client(token=token).create(path, review)["status"]["userInfo"]
    return info


def test_a_started_bed_is_ready(bed: Bed) -> None:
    assert bed.admin.request("GET", "/readyz").text == "ok"


def test_view_has_rules_because_roles_are_aggregated(bed: Bed) -> None:
    role = bed.admin.get("/apis/rbac.authorization.k8s.io/v1/clusterroles/view")
    assert role["rules"]


def test_the_api_server_tells_the_version_it_was_built_from(bed: Bed) -> None:
    version = bed.admin.get("/version")
    assert version["gitVersion"].startswith("v1.")
    assert version["minor"].isdigit()


def test_everything_listens_on_loopback_only(bed: Bed) -> None:
    assert bed.server.startswith("https://127.0.0.1:")
    processes = {str(pid) for pid in bed.pids.values()}
    addresses = [address for pid in processes for address in _listening_addresses(pid)]
    assert addresses
    assert {address for address in addresses if address != "0100007F"} == set()


def test_the_issuers_tokens_are_taken_with_prefixed_names(bed: Bed) -> None:
    info = whoami(bed, bed.issuer.token("alice", ["dev"]))
    assert info["username"] == "oidc:alice"
    assert info["groups"] == ["oidc:dev", "system:authenticated"]


@pytest.mark.parametrize(
    "wrong",
    [{"aud": "somebody-else"}, {"expires_s": -60}, {"iss": "https://127.0.0.1:1/"}],
    ids=["audience", "expired", "issuer"],
)
def test_the_issuers_tokens_are_refused_when_they_are_not_for_this_server(
    bed: Bed, wrong: dict[str, object]
) -> None:
    stranger = bed.client(token=bed.issuer.token("alice", **wrong))  # type: ignore[arg-type]
    assert stranger.request("GET", "/api").status == 401


def test_tokens_stay_good_over_a_rotation_of_the_issuers_keys(bed: Bed) -> None:
    old = bed.issuer.token("alice")
    bed.issuer.rotate()
    assert whoami(bed, bed.issuer.token("bob"))["username"] == "oidc:bob"
    assert whoami(bed, old)["username"] == "oidc:alice"


def test_a_serviceaccounts_token_is_its_identity(bed: Bed, namespace: str) -> None:
    info = whoami(bed, bed.token(namespace, "default"))
    assert info["username"] == f"system:serviceaccount:{namespace}:default"


def test_a_client_certificate_carries_user_and_groups(bed: Bed) -> None:
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    info = bed.client(user="carol", groups=["ops"]).create(path, review)["status"]["userInfo"]
    assert info["username"] == "carol"
    assert "ops" in info["groups"]


def test_the_audit_log_tells_reads_from_everything_else(bed: Bed, namespace: str) -> None:
    user = "audited"
    client = bed.client(user=user)
    pods = f"/api/v1/namespaces/{namespace}/pods"
    client.request("GET", pods)
    assert bed.audit.non_reads(user) == []
    client.request("DELETE", f"{pods}/web")
    client.request("GET", f"{pods}/web/exec?command=id")
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    client.create("/apis/authentication.k8s.io/v1/selfsubjectreviews", review)
    found = [(e["verb"], e["objectRef"].get("subresource")) for e in bed.audit.non_reads(user)]
    assert found == [("delete", None), ("get", "exec")]
    (asked,) = bed.audit.self_reviews(user)
    assert asked["requestObject"]["kind"] == "SelfSubjectReview"
    assert len(bed.audit.requests(user)) == 4


def test_the_audit_log_names_whom_somebody_impersonated(bed: Bed, namespace: str) -> None:
    bed.admin.request(
        "DELETE",
        f"/api/v1/namespaces/{namespace}/pods/web",
        headers={"Impersonate-User": "impersonated"},
    )
    (event,) = bed.audit.non_reads("impersonated")
    assert event["user"]["username"] == "testbed-admin"


def test_a_status_stays_as_it_was_written(bed: Bed, namespace: str) -> None:
    text = """
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      replicas: 3
      selector: {matchLabels: {app: web}}
      template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: i}]}}
    status: {replicas: 3, readyReplicas: 1, observedGeneration: 1}
    """
    (stored,) = bed.apply(text, namespace=namespace)
    assert stored["status"] == {"replicas": 3, "readyReplicas": 1, "observedGeneration": 1}


def test_a_misspelt_field_is_refused(bed: Bed, namespace: str) -> None:
    text = "{apiVersion: v1, kind: Service, metadata: {name: web}, spec: {selectr: {app: web}}}"
    with pytest.raises(ApplyFailed, match=r"refused Service .*/web with 500?.*selectr"):
        bed.apply(text, namespace=namespace)


def test_a_kind_that_is_not_served_is_refused_with_what_to_do(bed: Bed) -> None:
    with pytest.raises(ApplyFailed, match=r"serves no Widget in example\.com/v1: install its CRD"):
        bed.apply("{apiVersion: example.com/v1, kind: Widget, metadata: {name: w}}")


def test_an_owner_that_is_not_there_is_an_error(bed: Bed, namespace: str) -> None:
    text = """
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: c, ownerReferences: [{apiVersion: v1, kind: Secret, name: nobody}]}
    """
    with pytest.raises(ApplyFailed, match="owned by Secret nobody, which does not exist yet"):
        bed.apply(text, namespace=namespace)


def test_a_deletion_timestamp_leaves_the_object_terminating(bed: Bed, namespace: str) -> None:
    text = """
    apiVersion: v1
    kind: Pod
    metadata: {name: going, deletionTimestamp: "${now}", deletionGracePeriodSeconds: 60}
    spec: {nodeName: node-1, containers: [{name: c, image: i}]}
    status: {phase: Running}
    """
    (stored,) = bed.apply(text, namespace=namespace)
    ends = datetime.datetime.fromisoformat(stored["metadata"]["deletionTimestamp"])
    assert ends - datetime.datetime.now(datetime.UTC) < parse_span("61s")
    assert stored["metadata"]["deletionGracePeriodSeconds"] == 60


def test_our_own_crds_can_be_listed_as_tables(bed: Bed, namespace: str) -> None:
    names = bed.install_crds("own")
    assert {"helmreleases.helm.toolkit.fluxcd.io", "ingressroutes.traefik.io"} <= set(names)
    text = """
    apiVersion: helm.toolkit.fluxcd.io/v2
    kind: HelmRelease
    metadata: {name: shop}
    spec: {interval: 5m, anything: {goes: true}}
    status: {conditions: [{type: Ready, status: "False", reason: Why, message: because}]}
    """
    bed.apply(text, namespace=namespace)
    table = bed.admin.request(
        "GET",
        f"/apis/helm.toolkit.fluxcd.io/v2/namespaces/{namespace}/helmreleases",
        headers={"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io"},
    ).json()
    assert [column["name"] for column in table["columnDefinitions"]] == [
        "Name", "Ready", "Status", "Age",
    ]  # fmt: skip
    assert table["rows"][0]["cells"][:3] == ["shop", "False", "because"]


def test_a_deployment_makes_pods_where_controllers_work(live_bed: Bed) -> None:
    live_bed.create_namespace("live")
    text = """
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web}
    spec:
      replicas: 2
      selector: {matchLabels: {app: web}}
      template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: i}]}}
    """
    live_bed.apply(text, namespace="live")
    live_bed.wait_for(
        lambda: len(live_bed.admin.get("/api/v1/namespaces/live/pods")["items"]) == 2,
        what="the Deployment's two pods",
    )


def _listening_addresses(pid: str) -> list[str]:
    """Local addresses in state LISTEN of the sockets that this process holds."""
    inodes = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = os.readlink(link)
        except FileNotFoundError:
            continue
        if target.startswith("socket:["):
            inodes.add(target[8:-1])
    found = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                found.append(fields[1].split(":")[0])
    return found
