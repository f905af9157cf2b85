"""The Python SDK's own OAuth client signs in, knowing only the MCP address, and reads a cluster.

Everything is real: nanoidp as the provider, uvicorn, the SDK on both sides, the API server.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import mcp_types as types
import pytest
import uvicorn
from mcp import Client
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken

from kube_mcp.access.admission import admission
from kube_mcp.access.clusters import Clusters, ClusterSource
from kube_mcp.access.modes.impersonate import ImpersonateConfig, ImpersonateMode
from kube_mcp.auth.assemble import assemble
from kube_mcp.auth.caller import Caller
from kube_mcp.auth.config import AuthConfig, TrustedIssuer
from kube_mcp.auth.provider import open_session
from kube_mcp.errors import KubeMcpError
from kube_mcp.kube.kubeconfig import load
from kube_mcp.kube.pool import open_pool
from kube_mcp.server.asgi import App
from kube_mcp.server.bearer import BearerAuth, Decision
from kube_mcp.server.challenge import Challenge
from kube_mcp.server.doors import Doors
from kube_mcp.server.endpoint import McpEndpoint
from kube_mcp.server.host import Asked
from kube_mcp.server.http import HttpShell
from kube_mcp.server.protocol import build_server
from kube_mcp.server.public_urls import PublicUrl, PublicUrls
from kube_mcp.server.readiness import Readiness
from kube_mcp.server.step_up import StepUp
from kube_mcp.server.wellknown import WellKnown, resource_metadata
from testbed.bed import Bed
from tests.support.nanoidp import CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, NanoIdp

LOGS = "mcp:kubernetes:logs"
SCOPES = ("openid", "profile", "email", "offline_access", LOGS)
MODE = ImpersonateMode(
    ImpersonateConfig(username_prefix="nano:", groups_prefix="nano:", allowed_groups=("shop",))
)


class ClusterHost:
    """Two tools over a real cluster: one for everybody, one that needs another scope."""

    def __init__(self, clusters: Clusters) -> None:
        self._clusters = clusters

    def tool_schema(self, name: str) -> Mapping[str, Any] | None:
        return {"type": "object", "properties": {"namespace": {"type": "string"}}}

    async def list_tools(self, asked: Asked) -> Sequence[types.Tool]:
        return [
            types.Tool(name=name, input_schema=dict(self.tool_schema(name) or {}))
            for name in ("list_configmaps", "get_logs")
        ]

    async def call_tool(
        self, params: types.CallToolRequestParams, asked: Asked
    ) -> types.CallToolResult:
        cluster = await self._clusters.open("bed", asked.caller)
        try:
            if params.name == "get_logs":
                text = f"logs for {(await cluster.who_am_i())['username']}"
            else:
                found = await cluster.list(
                    await cluster.resolve("configmaps"),
                    namespace=str((params.arguments or {})["namespace"]),
                )
                text = " ".join(sorted(item["metadata"]["name"] for item in found.items))
        except KubeMcpError as error:
            return types.CallToolResult(
                content=[types.TextContent(type="text", text=str(error))], is_error=True
            )
        return types.CallToolResult(content=[types.TextContent(type="text", text=text)])

    async def list_prompts(self, asked: Asked) -> Sequence[types.Prompt]:
        return []

    async def get_prompt(self, params: Any, asked: Asked) -> types.GetPromptResult:
        raise NotImplementedError

    async def list_resources(self, asked: Asked) -> Sequence[types.Resource]:
        return []

    async def list_resource_templates(self, asked: Asked) -> Sequence[types.ResourceTemplate]:
        return []

    async def read_resource(self, params: Any, asked: Asked) -> types.ReadResourceResult:
        raise NotImplementedError

    async def complete(self, params: Any, asked: Asked) -> types.Completion:
        raise NotImplementedError


@dataclass
class Person:
    """Somebody at a client: an OAuth client's memory, and a browser that fills in the form."""

    name: str
    provider: NanoIdp
    sign_ins: list[str] = field(default_factory=list)
    tokens: list[OAuthToken] = field(default_factory=list)
    _went_to: str = ""

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens[-1] if self.tokens else None

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens.append(tokens)

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return OAuthClientInformationFull.model_validate(
            {
                "client_id": CLIENT_ID,
                "client_secret": CLIENT_SECRET,
                "redirect_uris": [REDIRECT_URI],
                "token_endpoint_auth_method": "client_secret_basic",
            }
        )

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        raise AssertionError("the client id was given; nothing is to be registered")

    async def open_browser(self, url: str) -> None:
        self.sign_ins.append(parse_qs(urlsplit(url).query)["scope"][0])
        async with open_session() as browser:
            self._went_to = await self.provider.approve(browser, url, name=self.name)

    async def come_back(self) -> AuthorizationCodeResult:
        answer = parse_qs(urlsplit(self._went_to).query)
        return AuthorizationCodeResult(code=answer["code"][0], state=answer["state"][0])


@dataclass
class Running:
    """The server as a client meets it, and what its audit log was told."""

    url: str
    provider: NanoIdp
    decisions: list[Decision]

    @asynccontextmanager
    async def client(self, person: Person) -> AsyncIterator[tuple[Client, OAuthClientProvider]]:
        oauth = OAuthClientProvider(
            server_url=self.url,
            client_metadata=OAuthClientMetadata.model_validate(
                {"client_name": "test", "redirect_uris": [REDIRECT_URI]}
            ),
            storage=person,
            redirect_handler=person.open_browser,
            callback_handler=person.come_back,
        )
        async with (
            httpx2.AsyncClient(auth=oauth, timeout=20) as http,
            Client(streamable_http_client(self.url, http_client=http)) as client,
        ):
            yield client, oauth

    @property
    def callers(self) -> list[Caller]:
        """Whoever was let in, in order."""
        return [each.caller for each in self.decisions if each.caller is not None]


def _scopes_needed(caller: Caller | None, tool: str) -> Iterable[str]:
    granted = caller.scopes if caller is not None else frozenset()
    return [LOGS] if tool == "get_logs" and LOGS not in granted else []


@pytest.fixture
async def running(bed: Bed, tmp_path: Path) -> AsyncIterator[Running]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
        async with (
            NanoIdp(tmp_path / "nanoidp", scopes=SCOPES) as provider,
            open_session() as session,
        ):
            config = AuthConfig(
                public_urls=(url,),
                issuers=(
                    TrustedIssuer(
                        issuer=provider.issuer,
                        audience=(url,),
                        allowed_clients=(CLIENT_ID,),
                        client_claims=("azp", "client_id"),
                        allow_http_loopback=True,
                    ),
                ),
                allow_http_loopback=True,
            )
            assert config.problems() == []
            cluster = await asyncio.to_thread(load, str(bed.kubeconfig_file), environ={})
            clusters = Clusters(
                [ClusterSource("bed", connect=lambda: open_pool(cluster, environ={}))], mode=MODE
            )
            verifier = assemble(config, session, now=time.time)
            decisions: list[Decision] = []
            app = _application(config, clusters, verifier, decisions)
            server = uvicorn.Server(
                uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1)
            )
            serving = asyncio.ensure_future(server.serve(sockets=[listener]))
            yield Running(url, provider, decisions)
            server.should_exit = True
            async with asyncio.timeout(10):
                await serving
            await clusters.aclose()
            await verifier.aclose()


def _application(
    config: AuthConfig, clusters: Clusters, verifier: Any, decisions: list[Decision]
) -> App:
    urls = PublicUrls(config.public_urls)
    challenge = Challenge(urls, config.challenge_scopes)

    async def all_is_well() -> tuple[()]:
        return ()

    def protect(app: App) -> App:
        return BearerAuth(app, verifier, challenge, admit=admission(MODE), audit=decisions.append)

    def document(url: PublicUrl) -> Mapping[str, Any]:
        return resource_metadata(
            url,
            issuers=tuple(issuer.issuer for issuer in config.issuers),
            scopes=config.challenge_scopes,
        )

    shell = HttpShell(
        McpEndpoint(build_server(ClusterHost(clusters), version="0", instructions="A test.")),
        version="0",
        readiness=Readiness(all_is_well),
        doors=Doors(),
        protect=protect,
        step_up=StepUp(_scopes_needed, challenge.insufficient_scope),
    )
    return WellKnown(shell, urls, document)


def _text(result: Any) -> str:
    [content] = result.content
    return str(content.text)


def _may_read(bed: Bed, namespace: str, person: str) -> None:
    bed.apply(
        [
            {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "RoleBinding",
                "metadata": {"name": "reader", "namespace": namespace},
                "roleRef": {
                    "apiGroup": "rbac.authorization.k8s.io",
                    "kind": "ClusterRole",
                    "name": "view",
                },
                "subjects": [
                    {
                        "kind": "User",
                        "name": person,
                        "apiGroup": "rbac.authorization.k8s.io",
                    }
                ],
            },
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": "prices", "namespace": namespace},
            },
        ],
        namespace=namespace,
    )


async def test_two_people_sign_in_and_each_reads_what_their_own_rbac_allows(
    running: Running, bed: Bed, namespace: str
) -> None:
    await asyncio.to_thread(_may_read, bed, namespace, "nano:alice")
    alice, bob = Person("alice", running.provider), Person("bob", running.provider)

    async with running.client(alice) as (hers, _), running.client(bob) as (his, _):
        found = await hers.call_tool("list_configmaps", {"namespace": namespace})
        refused = await his.call_tool("list_configmaps", {"namespace": namespace})

    assert not found.is_error
    assert "prices" in _text(found).split()
    assert refused.is_error
    assert "nano:bob may not list configmaps" in _text(refused)
    assert alice.sign_ins == bob.sign_ins == ["openid profile email offline_access"]
    assert {caller.subject for caller in running.callers} == {"alice", "bob"}
    assert running.decisions[0].code == "no-token"


async def test_an_expired_token_is_refreshed_without_a_new_sign_in(
    running: Running,
) -> None:
    alice = Person("alice", running.provider)

    async with running.client(alice) as (client, oauth):
        await client.call_tool("list_configmaps", {"namespace": "default"})
        oauth.context.token_expiry_time = 1.0  # an hour has passed, as far as the client knows
        await client.call_tool("list_configmaps", {"namespace": "default"})

    assert len(alice.sign_ins) == 1
    assert len(alice.tokens) == 2
    first, last = running.callers[0], running.callers[-1]
    assert first.token != last.token
    assert first.key == last.key


async def test_a_tool_that_needs_more_makes_the_client_step_up_once(
    running: Running,
) -> None:
    alice = Person("alice", running.provider)

    async with running.client(alice) as (client, _):
        before = await client.call_tool("list_configmaps", {"namespace": "default"})
        logs = await client.call_tool("get_logs", {})
        again = await client.call_tool("get_logs", {})

    assert before.is_error  # signed in, but no rights in that namespace
    assert _text(logs) == _text(again) == "logs for nano:alice"
    assert alice.sign_ins == [
        "openid profile email offline_access",
        f"openid profile email offline_access {LOGS}",
    ]
    assert LOGS in running.callers[-1].scopes
