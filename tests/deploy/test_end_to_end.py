"""A client that knows one address: through the real Traefik to the deployed server and back.

The provider (nanoidp), Traefik, the server's processes, the API server, the MCP SDK's client with
its OAuth are all real. The server reads the cluster with the deployed ServiceAccount's token and the
configuration the chart wrote.
"""

from __future__ import annotations

import asyncio
import ssl
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientMetadata

from testbed.bed import Bed
from tests.support.deployed import Pod, configuration
from tests.support.edge import PodNetwork, PublicHost, Traefik, certificate_store
from tests.support.flux import GITOPS, install, kustomize
from tests.support.helm import one, template
from tests.support.nanoidp import CLIENT_ID, REDIRECT_URI, NanoIdp
from tests.support.person import Person
from tests.support.podloop import PodLoop

NEEDS_TOOLS = ("helm4", "kubectl", "traefik")
pytestmark = [pytest.mark.cluster, pytest.mark.timeout(240)]

HOST = "api.example.com"
URL = f"https://{HOST}/mcp/kubernetes"
NAMESPACE = "kubernetes-mcp-server"
SETTINGS = {
    "PUBLIC_HOST": HOST,
    "AUTHENTIK_HOST": "authentik.example.com",
    "IMAGE_TAG": "0.1.0",
    "CLUSTER_NAME": "home",
}
SCOPES = ("openid", "profile", "email", "offline_access", "mcp:kubernetes")


@dataclass
class Site:
    """The whole deployment, and the ways into it."""

    public: PublicHost
    provider: NanoIdp
    provider_folder: Path
    pods: dict[str, Pod]
    tls: ssl.SSLContext
    person: Person

    @asynccontextmanager
    async def client(self) -> AsyncIterator[tuple[Client, OAuthClientProvider]]:
        """Signs in when it is asked to; knows `URL` and its own client id, nothing else."""
        oauth = OAuthClientProvider(
            server_url=URL,
            client_metadata=OAuthClientMetadata.model_validate(
                {"client_name": "test", "redirect_uris": [REDIRECT_URI]}
            ),
            storage=self.person,
            redirect_handler=self.person.open_browser,
            callback_handler=self.person.come_back,
        )
        async with (
            httpx2.AsyncClient(auth=oauth, timeout=30, transport=self.transport()) as http,
            Client(streamable_http_client(URL, http_client=http)) as client,
        ):
            yield client, oauth

    def transport(self) -> httpx2.AsyncBaseTransport:
        return _AtLocalPort(self.tls, self.public.port)


class _AtLocalPort(httpx2.AsyncHTTPTransport):
    """What DNS would do: the public host is Traefik's port of this machine, all else is as it is."""

    def __init__(self, tls: ssl.SSLContext, port: int) -> None:
        super().__init__(verify=tls)
        self._port = port

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.host == HOST:
            request.extensions = {**request.extensions, "sni_hostname": HOST}
            request.url = request.url.copy_with(host="127.0.0.1", port=self._port)
        return await super().handle_async_request(request)


@pytest.fixture
async def site(whole_site: Site) -> Site:
    """The site, and nobody signed in."""
    whole_site.person.sign_ins.clear()
    whole_site.person.tokens.clear()
    return whole_site


@pytest.fixture(scope="module")
async def whole_site(stack: Bed, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """The home-lab overlay with two replicas."""
    tmp_path = tmp_path_factory.mktemp("site")
    async with AsyncExitStack() as all_of_it:
        folder = tmp_path / "provider"
        provider = await all_of_it.enter_async_context(NanoIdp(folder, scopes=SCOPES))
        network = all_of_it.enter_context(PodNetwork())
        built = await asyncio.to_thread(kustomize, GITOPS / "apps/home-lab/kubernetes-mcp-server")
        await asyncio.to_thread(lambda: install(stack, built, SETTINGS, values={"replicaCount": 2}))
        store, ca_file = certificate_store(stack, [HOST], NAMESPACE)
        stack.apply(store, namespace=NAMESPACE)
        files = configuration(stack, NAMESPACE, NAMESPACE)
        account = stack.kubeconfig(user="server", token=stack.token(NAMESPACE, NAMESPACE))
        override = f"""
[limits]
calls_per_minute = 100000
burst = 10000
in_flight_per_caller = 64
[auth]
allow_http_loopback = true
[[auth.issuers]]
issuer = "{provider.issuer}"
audience = ["{URL}"]
allowed_clients = ["{CLIENT_ID}"]
client_claims = ["azp", "client_id"]
"""
        running = [
            all_of_it.enter_context(
                Pod(f"pod-{n}", files=files, override=override, kubeconfig=account, folder=tmp_path)
            )
            for n in (1, 2)
        ]
        for pod in running:
            await asyncio.to_thread(pod.wait_until, "/readyz", 200)
        ports = await asyncio.to_thread(
            network.lead, stack, NAMESPACE, [pod.port for pod in running]
        )
        by_port = {pod.port: pod for pod in running}
        traefik = all_of_it.enter_context(Traefik(stack, network, tmp_path))
        public = PublicHost(HOST, port=traefik.port, ca_file=ca_file)
        await asyncio.to_thread(public.wait_until_routed, "/mcp/kubernetes/health")
        tls = ssl.create_default_context(cafile=str(ca_file))
        named = {name: by_port[port] for name, port in ports.items()}
        yield Site(public, provider, folder, named, tls, Person("alice", provider))


def text(result: Any) -> str:
    assert not result.is_error, result
    return "".join(each.text for each in result.content)


async def test_a_client_that_knows_only_the_address_signs_in_and_reads(site: Site) -> None:
    refused = await asyncio.to_thread(site.public.ask, "/mcp/kubernetes", method="POST")
    challenge = refused.headers["www-authenticate"]
    assert refused.status == 401
    assert f"https://{HOST}/.well-known/oauth-protected-resource/mcp/kubernetes" in challenge

    async with site.client() as (client, _):
        tools = await client.list_tools()
        found = await client.call_tool("list_resources", {"kind": "nodes"})

    assert {"list_resources", "get_logs", "diagnose"} <= {tool.name for tool in tools.tools}
    assert "node-1" in text(found)
    assert len(site.person.sign_ins) == 1
    assert set(site.person.sign_ins[0].split()) >= {"openid", "profile", "email", "mcp:kubernetes"}


async def test_it_reads_as_the_deployed_account_and_changes_nothing(site: Site, stack: Bed) -> None:
    async with site.client() as (client, _):
        for kind in ("pods", "deployments.apps", "helmreleases", "ingressroutes"):
            await client.call_tool("list_resources", {"kind": kind})
        secrets = await client.call_tool("list_resources", {"kind": "secrets"})

    assert secrets.is_error
    assert "may not list secrets" in "".join(c.text for c in secrets.content)  # type: ignore[union-attr]
    user = f"system:serviceaccount:{NAMESPACE}:{NAMESPACE}"
    assert stack.audit.requests(user)
    assert stack.audit.non_reads(user) == []


async def test_what_operators_ask_for_is_answered_and_what_is_theirs_stays_inside(
    site: Site,
) -> None:
    health = await asyncio.to_thread(site.public.ask, "/mcp/kubernetes/health")
    document = await asyncio.to_thread(
        site.public.ask, "/.well-known/oauth-protected-resource/mcp/kubernetes"
    )
    metrics = await asyncio.to_thread(site.public.ask, "/mcp/kubernetes/metrics")

    assert (health.status, health.json()["status"]) == (200, "ok")
    assert document.json()["resource"] == URL
    assert document.json()["authorization_servers"] == [site.provider.issuer]
    assert metrics.status == 404
    for pod in site.pods.values():
        assert (await asyncio.to_thread(pod.probe, "/metrics"))[0] == 200


async def test_a_browser_client_passes_its_preflight_and_sees_where_to_sign_in(site: Site) -> None:
    origin = {"Origin": "https://claude.ai"}
    preflight = await asyncio.to_thread(
        lambda: site.public.ask(
            "/mcp/kubernetes",
            method="OPTIONS",
            headers={
                **origin,
                "Access-Control-Request-Method": "POST",
                "Access-Control-Request-Headers": "authorization,content-type",
            },
        )
    )
    refused = await asyncio.to_thread(
        lambda: site.public.ask("/mcp/kubernetes", method="POST", headers=origin)
    )

    assert preflight.status == 200
    assert preflight.headers["access-control-allow-origin"] == "https://claude.ai"
    assert refused.status == 401
    assert "www-authenticate" in refused.headers["access-control-expose-headers"].lower()


async def test_a_long_answer_comes_as_a_stream_with_its_progress_before_it(site: Site) -> None:
    told: list[float] = []

    async def progress(done: float, total: float | None, message: str | None) -> None:
        told.append(done)

    async with site.client() as (client, _):
        found = await client.call_tool("diagnose", {}, progress_callback=progress)

    assert text(found)
    assert told
    assert told == sorted(told)


async def test_an_expired_token_is_refused_and_a_refresh_goes_on(site: Site) -> None:
    async with site.client() as (client, oauth):
        await client.call_tool("list_resources", {"kind": "nodes"})
        good = site.person.tokens[-1].access_token
        expired = _aged(good, site.provider_folder)
        async with httpx2.AsyncClient(transport=site.transport()) as http:
            refused = await http.post(URL, headers={"Authorization": f"Bearer {expired}"}, json={})
        oauth.context.token_expiry_time = 1.0  # an hour has passed, as far as the client knows
        again = await client.call_tool("list_resources", {"kind": "nodes"})

    assert refused.status_code == 401
    assert 'error="invalid_token"' in refused.headers["www-authenticate"]
    assert "node-1" in text(again)
    assert len(site.person.sign_ins) == 1
    assert site.person.tokens[-1].access_token != good


def _aged(token: str, folder: Path) -> str:
    """The same token by the same key, an hour past its end."""
    key = RSAKey.import_key((folder / "keys/rsa_private.pem").read_text())
    decoded = jwt.decode(token, key)
    claims = {**decoded.claims}
    for name in ("iat", "nbf", "exp"):
        claims[name] -= 2 * 3600
    return jwt.encode(decoded.header, claims, key)


async def test_helm_test_asks_what_a_deployed_server_answers(site: Site) -> None:
    values = {
        "config": {
            "server": {"public_urls": [URL]},
            "auth": {"issuers": [
                {"issuer": "https://a.example.com/", "audience": ["x"], "allowed_clients": ["x"]}
            ]},
        }
    }  # fmt: skip
    script = one(template(values), "Pod")["spec"]["containers"][0]["args"][0]
    pod = next(iter(site.pods.values()))
    for port, local in ((9090, pod.metrics_port), (8080, pod.port)):
        script = script.replace(f"kube-mcp.kube-mcp.svc:{port}", f"127.0.0.1:{local}")

    def run(code: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=60
        )

    done = await asyncio.to_thread(run, script)
    wrong = await asyncio.to_thread(run, script.replace(f"{pod.port}/mcp", f"{pod.port}/health"))

    assert done.returncode == 0, done.stdout + done.stderr
    assert wrong.returncode == 1
    assert "must get 401" in wrong.stderr


async def test_both_replicas_answer_and_one_can_go_without_a_call_being_lost(
    site: Site, stack: Bed, pods: PodLoop
) -> None:
    names = set(site.pods)
    pods.held |= {f"{NAMESPACE}/{name}" for name in names}
    stopped = asyncio.Event()
    answers: list[str] = []

    async def call(client: Client) -> None:
        while not stopped.is_set():
            answers.append(text(await client.call_tool("list_resources", {"kind": "nodes"})))
            await asyncio.sleep(0.1)  # the route's rate limit is 50 a second

    async with site.client() as (client, _), asyncio.TaskGroup() as calling:
        await client.list_tools()
        for _ in range(3):
            calling.create_task(call(client))
        await _until(lambda: all(pod.audited() for pod in site.pods.values()), "calls on both")
        scale = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{NAMESPACE}/scale"
        await asyncio.to_thread(
            lambda: stack.admin.request(
                "PATCH",
                scale,
                {"spec": {"replicas": 1}},
                content_type="application/merge-patch+json",
            )
        )
        [going] = await _terminating(stack)
        # The kubelet's part: the chart's preStop hook, then SIGTERM.
        await asyncio.sleep(_pre_stop_seconds(stack))
        code = await asyncio.to_thread(site.pods[going].stop)
        count = len(answers)
        await _until(lambda: len(answers) > count + 10, "calls on the one that stayed")
        stopped.set()

    pods.held.clear()
    assert code == 0
    assert all("node-1" in answer for answer in answers)


def _pre_stop_seconds(bed: Bed) -> float:
    deployment = bed.admin.get(f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{NAMESPACE}")
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    return float(container["lifecycle"]["preStop"]["sleep"]["seconds"])


async def _terminating(bed: Bed) -> list[str]:
    found: list[str] = []

    def look() -> bool:
        listed = bed.admin.get(f"/api/v1/namespaces/{NAMESPACE}/pods")["items"]
        found[:] = [p["metadata"]["name"] for p in listed if p["metadata"].get("deletionTimestamp")]
        return bool(found)

    await _until(look, "a pod to be stopped")
    return found


async def _until(condition: Any, what: str, *, timeout_s: float = 40) -> None:
    deadline = time.monotonic() + timeout_s
    while not await asyncio.to_thread(condition):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        await asyncio.sleep(0.05)
