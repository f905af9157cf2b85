"""Each identity mode on a real API server: who it takes a caller for, and what that opens.

The server's account gets constrained impersonation (Kubernetes 1.36): it may act as anybody of
the provider's users and as one group, and only to read.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from kube_mcp.access.cluster import Cluster
from kube_mcp.access.clusters import Clusters, ClusterSource
from kube_mcp.access.modes import Mode
from kube_mcp.access.modes.impersonate import ImpersonateConfig, ImpersonateMode
from kube_mcp.access.modes.passthrough import PassthroughMode
from kube_mcp.access.modes.service_account import ServiceAccountMode
from kube_mcp.access.modes.token_exchange import TokenExchangeConfig, TokenExchangeMode
from kube_mcp.auth.caller import BearerToken, Caller
from kube_mcp.auth.provider import ProviderClient, open_session
from kube_mcp.errors import Forbidden, Refused, Unauthorized
from kube_mcp.kube.client import Client
from kube_mcp.kube.identity import Identity, identity_headers
from kube_mcp.kube.kubeconfig import load
from kube_mcp.kube.pool import open_pool
from testbed.bed import Bed
from testbed.client import Answer
from tests.support.issuer import CLIENT_ID, CLIENT_SECRET, FakeIssuer

ACCOUNT = "kube-mcp"
READ = ("get", "list", "watch")
READ_AS = [f"impersonate-on:user-info:{verb}" for verb in READ]
MODE = ImpersonateMode(
    ImpersonateConfig(
        username_prefix="authentik:", groups_prefix="authentik:", allowed_groups=("platform",)
    )
)


def caller(name: str, *groups: str, token: str = "unused") -> Caller:
    return Caller(
        issuer="https://authentik.example.com/application/o/kubernetes-mcp/",
        subject=f"subject-of-{name}",
        username=name,
        groups=groups,
        scopes=frozenset({"openid"}),
        client_id="claude",
        session_id="session-1",
        expires_at=4_000_000_000.0,
        token=BearerToken(token),
    )


@dataclass(frozen=True)
class Place:
    """A namespace for the server's account, one for alice and one for the platform group."""

    bed: Bed
    own: str
    alices: str
    platforms: str
    token: str
    kubeconfig: Path

    @property
    def account(self) -> str:
        """The server's account as the audit log names it."""
        return f"system:serviceaccount:{self.own}:{ACCOUNT}"

    @asynccontextmanager
    async def open(
        self, mode: Mode | None, *, kubeconfig: Path | None = None
    ) -> AsyncIterator[Clusters]:
        """The product's own connections, in one identity mode."""
        config = await asyncio.to_thread(load, str(kubeconfig or self.kubeconfig), environ={})
        clusters = Clusters(
            [
                ClusterSource(
                    "bed",
                    connect=lambda: open_pool(config, environ={}),
                    connect_bare=lambda: open_pool(config.without_credentials(), environ={}),
                )
            ],
            mode=mode,
        )
        try:
            yield clusters
        finally:
            await clusters.aclose()

    def send(self, method: str, path: str, identity: Identity, body: Any = None) -> Answer:
        """A request with the account's token and an identity's headers, past all our fences."""
        return self.send_raw(method, path, dict(identity_headers(identity)), body)

    def send_raw(self, method: str, path: str, headers: dict[str, str], body: Any = None) -> Answer:
        """The same with any headers."""
        with closing(self.bed.client(token=self.token)) as client:
            return client.request(method, path, body, headers=headers)


def _role(name: str, *rules: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name},
        "rules": list(rules),
    }


def _binding(
    kind: str, name: str, role: str, subject: dict[str, Any], namespace: str = ""
) -> dict[str, Any]:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": kind,
        "metadata": {"name": name, **({"namespace": namespace} if namespace else {})},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": role,
        },
        "subjects": [subject],
    }


def _person(name: str, kind: str = "User") -> dict[str, Any]:
    return {"kind": kind, "name": name, "apiGroup": "rbac.authorization.k8s.io"}


@pytest.fixture(scope="module")
def place(bed: Bed) -> Place:
    own, alices, platforms = (
        bed.create_namespace(name) for name in ("modes-own", "modes-alice", "modes-platform")
    )
    account = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": own}
    bed.apply(
        [
            {
                "apiVersion": "v1",
                "kind": "ServiceAccount",
                "metadata": {"name": ACCOUNT, "namespace": own},
            },
            _role(
                "modes-impersonator",
                {
                    "apiGroups": ["authentication.k8s.io"],
                    "resources": ["users"],
                    "verbs": ["impersonate:user-info"],
                },
                {
                    "apiGroups": ["authentication.k8s.io"],
                    "resources": ["groups"],
                    "resourceNames": ["authentik:platform"],
                    "verbs": ["impersonate:user-info"],
                },
                {
                    "apiGroups": ["authentication.k8s.io"],
                    "resources": [
                        "uids",
                        "userextras/mcp.kube-mcp.dev/client",
                        "userextras/mcp.kube-mcp.dev/session",
                    ],
                    "verbs": ["impersonate:user-info"],
                },
                {
                    "apiGroups": [""],
                    "resources": ["configmaps", "pods", "secrets", "namespaces"],
                    "verbs": READ_AS,
                },
                {
                    "apiGroups": ["authentication.k8s.io", "authorization.k8s.io"],
                    "resources": ["selfsubjectreviews", "selfsubjectaccessreviews"],
                    "verbs": ["impersonate-on:user-info:create"],
                },
                # Discovery is asked as the caller too.
                {
                    "nonResourceURLs": ["/api", "/api/*", "/apis", "/apis/*", "/version"],
                    "verbs": ["impersonate-on:user-info:get"],
                },
            ),
            _binding("ClusterRoleBinding", "modes-impersonator", "modes-impersonator", account),
            _role(
                "modes-viewer",
                {"apiGroups": [""], "resources": ["configmaps", "pods"], "verbs": list(READ)},
            ),
            _binding("RoleBinding", "alice", "modes-viewer", _person("authentik:alice"), alices),
            _binding(
                "RoleBinding",
                "platform",
                "modes-viewer",
                _person("authentik:platform", "Group"),
                platforms,
            ),
            _binding(
                "ClusterRoleBinding", "modes-root", "cluster-admin", _person("authentik:root")
            ),
            *(
                {
                    "apiVersion": "v1",
                    "kind": "ConfigMap",
                    "metadata": {"name": f"belongs-to-{namespace}", "namespace": namespace},
                }
                for namespace in (alices, platforms)
            ),
        ]
    )
    token = bed.token(own, ACCOUNT)
    return Place(bed, own, alices, platforms, token, bed.kubeconfig(user=ACCOUNT, token=token))


async def _names(cluster: Cluster, namespace: str) -> list[str]:
    listing = await cluster.list(await cluster.resolve("configmaps"), namespace=namespace)
    return sorted(
        item["metadata"]["name"]
        for item in listing.items
        if item["metadata"]["name"] != "kube-root-ca.crt"
    )


async def test_a_caller_sees_what_their_own_rbac_allows_and_nothing_else(place: Place) -> None:
    async with place.open(MODE) as clusters:
        alice = await clusters.open("bed", caller("alice"))
        bob = await clusters.open("bed", caller("bob", "platform", "not-mapped"))

        assert await _names(alice, place.alices) == [f"belongs-to-{place.alices}"]
        assert await _names(bob, place.platforms) == [f"belongs-to-{place.platforms}"]
        # Warm from the other caller, and through the same connections.
        for who, where in ((bob, place.alices), (alice, place.platforms)):
            with pytest.raises(Forbidden):
                await _names(who, where)
            with pytest.raises(Forbidden):
                await who.get(
                    await who.resolve("configmaps"), f"belongs-to-{where}", namespace=where
                )
        with pytest.raises(Forbidden):
            await _names(alice, "")


async def test_the_api_server_is_told_the_person_the_client_and_the_session(place: Place) -> None:
    async with place.open(MODE) as clusters:
        cluster = await clusters.open("bed", caller("alice", "platform"))

        assert await cluster.who_am_i() == {
            "username": "authentik:alice",
            "uid": "subject-of-alice",
            "groups": ["authentik:platform", "system:authenticated"],
            "extra": {
                "mcp.kube-mcp.dev/client": ["claude"],
                "mcp.kube-mcp.dev/session": ["session-1"],
            },
        }
        assert cluster.reads_as == "authentik:alice"


async def test_the_audit_log_names_the_person_and_the_server(place: Place) -> None:
    async with place.open(MODE) as clusters:
        await _names(await clusters.open("bed", caller("carol", "platform")), place.platforms)

    [event] = [
        event
        for event in place.bed.audit.requests("authentik:carol")
        if (event.get("objectRef") or {}).get("resource") == "configmaps"
    ]
    assert event["user"]["username"] == place.account
    assert event["impersonatedUser"]["username"] == "authentik:carol"
    assert event["impersonatedUser"]["uid"] == "subject-of-carol"
    assert event["impersonatedUser"]["extra"]["mcp.kube-mcp.dev/client"] == ["claude"]
    assert place.bed.audit.non_reads("authentik:carol") == []


async def test_somebody_without_any_rights_sees_nothing(place: Place) -> None:
    async with place.open(MODE) as clusters:
        nobody = await clusters.open("bed", caller("mallory", "admins"))
        for where in (place.alices, place.platforms, "kube-system"):
            with pytest.raises(Forbidden):
                await _names(nobody, where)


@pytest.mark.parametrize("group", ["system:masters", "authentik:admins"])
def test_the_api_server_itself_refuses_groups_the_account_may_not_act_as(
    place: Place, group: str
) -> None:
    path = f"/api/v1/namespaces/{place.alices}/configmaps"

    answer = place.send_raw(
        "GET", path, {"Impersonate-User": "authentik:alice", "Impersonate-Group": group}
    )

    assert answer.status == 403
    assert group in answer.message


async def test_our_own_transport_does_not_even_send_a_reserved_group(place: Place) -> None:
    config = await asyncio.to_thread(load, str(place.kubeconfig), environ={})
    pool = open_pool(config, environ={})
    try:
        with pytest.raises(Refused, match="keeps for itself"):
            Client(pool, identity=Identity("impersonate", "authentik:x", ("system:masters",)))
    finally:
        await pool.aclose()


async def test_a_callers_administrator_rights_do_not_make_writes_possible(place: Place) -> None:
    root = MODE.map(caller("root"))
    path = f"/api/v1/namespaces/{place.alices}/configmaps"
    new = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "written"}}

    allowed = place.send("GET", path, root)
    refused = [
        place.send("POST", path, root, new),
        place.send("DELETE", f"{path}/belongs-to-{place.alices}", root),
        place.send("PUT", f"{path}/belongs-to-{place.alices}", root, new),
    ]

    assert allowed.status == 200
    assert [answer.status for answer in refused] == [403, 403, 403]
    assert "impersonate-on:user-info:delete" in refused[1].message


def test_the_account_by_itself_can_read_nothing(place: Place) -> None:
    answer = place.send_raw("GET", f"/api/v1/namespaces/{place.alices}/configmaps", {})

    assert answer.status == 403


async def test_with_the_service_account_the_caller_does_not_matter(place: Place) -> None:
    async with place.open(ServiceAccountMode()) as clusters:
        for who in (caller("alice", "platform"), None):
            cluster = await clusters.open("bed", who)
            assert (await cluster.who_am_i())["username"] == place.account


async def test_passthrough_reads_as_the_person_even_beside_a_client_certificate(
    place: Place,
) -> None:
    admin = place.bed.kubeconfig_file
    signed = place.bed.issuer.token("alice", ["dev"])
    async with place.open(PassthroughMode(accept_risk=True), kubeconfig=admin) as clusters:
        cluster = await clusters.open("bed", caller("alice", token=signed))
        someone = await clusters.open("bed", caller("alice", token="not-a-token"))

        who = await cluster.who_am_i()
        assert (who["username"], who["groups"]) == (
            "oidc:alice",
            ["oidc:dev", "system:authenticated"],
        )
        with pytest.raises(Unauthorized):
            await someone.who_am_i()


async def test_an_exchanged_token_is_what_the_api_server_sees(place: Place, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    await asyncio.to_thread(secret.write_text, CLIENT_SECRET)
    config = TokenExchangeConfig(
        sts_client_id=CLIENT_ID,
        sts_client_secret_file=str(secret),
        sts_audience="kubernetes",
        allow_http_loopback=True,
    )
    async with FakeIssuer() as sts, open_session() as session:
        mode = TokenExchangeMode(
            config,
            ProviderClient(session, allow_http_loopback=True),
            _always(f"{sts.origin}/application/o/token/"),
            now=lambda: sts.now,
        )
        sts.exchange_answer = (
            200,
            {
                "access_token": place.bed.issuer.token("bob", ["ops"]),
                "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
                "token_type": "Bearer",
                "expires_in": 300,
            },
        )
        async with place.open(mode) as clusters:
            bob = replace(caller("bob", token="token-for-this-server"), expires_at=sts.now + 600)
            who = await (await clusters.open("bed", bob)).who_am_i()

    assert (who["username"], who["groups"]) == ("oidc:bob", ["oidc:ops", "system:authenticated"])
    assert sts.exchanges[0]["subject_token"] == "token-for-this-server"
    assert "token-for-this-server" not in json.dumps(place.bed.audit.requests("oidc:bob"))


def _always(url: str) -> Callable[[str], Any]:
    async def endpoint(_: str) -> str:
        return url

    return endpoint
