"""A whole server with sign-in, over real HTTP: for tests that bring a client from outside.

nanoidp signs people in, uvicorn listens, tools read a real API server as the person.
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

import mcp_types as types
import uvicorn

from kube_mcp.access.admission import admission
from kube_mcp.access.clusters import Clusters, ClusterSource
from kube_mcp.access.modes.impersonate import ImpersonateConfig, ImpersonateMode
from kube_mcp.auth.assemble import assemble
from kube_mcp.auth.caller import Caller
from kube_mcp.auth.config import AuthConfig, IntrospectionConfig, TrustedIssuer
from kube_mcp.auth.provider import open_session
from kube_mcp.auth.verifier import Verifier
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
from tests.support.nanoidp import CLIENT_ID, CLIENT_SECRET, NanoIdp

#: The scope that only one tool needs.
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
class Signed:
    """The running server as a client meets it, and what its audit log was told."""

    url: str
    provider: NanoIdp
    decisions: list[Decision]
    #: Added to the clock by which tokens are remembered and expire.
    ahead_s: list[float] = field(default_factory=lambda: [0.0])

    @property
    def callers(self) -> list[Caller]:
        """Whoever was let in, in order."""
        return [each.caller for each in self.decisions if each.caller is not None]

    def let_a_minute_pass(self) -> None:
        """Long enough for an introspection's answer to be asked for again."""
        self.ahead_s[0] += 61.0


@asynccontextmanager
async def signed_server(
    bed: Bed, folder: Path, *, introspects: bool = False, offline_access: bool = False
) -> AsyncIterator[Signed]:
    """Run it. ``introspects`` asks the provider about every token, so that revocation is seen."""
    secret = folder / "client-secret"
    await asyncio.to_thread(secret.write_text, CLIENT_SECRET)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/mcp"
        async with (
            NanoIdp(folder / "nanoidp", scopes=SCOPES) as provider,
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
                        introspection=IntrospectionConfig(
                            client_id=CLIENT_ID, client_secret_file=str(secret), when="always"
                        )
                        if introspects
                        else None,
                        allow_http_loopback=True,
                    ),
                ),
                advertise_offline_access=offline_access,
                allow_http_loopback=True,
            )
            assert config.problems() == []
            running = Signed(url, provider, [])

            def clock() -> float:
                return time.time() + running.ahead_s[0]

            connection = await asyncio.to_thread(load, str(bed.kubeconfig_file), environ={})
            clusters = Clusters(
                [ClusterSource("bed", connect=lambda: open_pool(connection, environ={}))],
                mode=MODE,
            )
            verifier = assemble(config, session, now=clock, monotonic=clock)
            app = _application(config, clusters, verifier, running.decisions)
            server = uvicorn.Server(
                uvicorn.Config(app, log_config=None, timeout_graceful_shutdown=1)
            )
            serving = asyncio.ensure_future(server.serve(sockets=[listener]))
            try:
                yield running
            finally:
                server.should_exit = True
                async with asyncio.timeout(10):
                    await serving
                await clusters.aclose()
                await verifier.aclose()


def _scopes_needed(caller: Caller | None, operation: str, tool: str) -> Iterable[str]:
    granted = caller.scopes if caller is not None else frozenset()
    return [LOGS] if tool == "get_logs" and LOGS not in granted else []


def _application(
    config: AuthConfig, clusters: Clusters, verifier: Verifier, decisions: list[Decision]
) -> App:
    urls = PublicUrls(config.public_urls)
    challenge = Challenge(urls, config.sign_in_scopes)

    async def all_is_well() -> tuple[()]:
        return ()

    def protect(app: App) -> App:
        return BearerAuth(app, verifier, challenge, admit=admission(MODE), audit=decisions.append)

    def document(url: PublicUrl) -> Mapping[str, Any]:
        return resource_metadata(
            url,
            issuers=tuple(issuer.issuer for issuer in config.issuers),
            scopes=config.sign_in_scopes,
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


def may_read(bed: Bed, namespace: str, person: str) -> None:
    """Let one person read a namespace, in which there is a ConfigMap ``prices``."""
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
