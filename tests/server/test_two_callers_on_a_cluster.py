"""Two people at one server: whatever is asked and however warm it is, each sees only their own.

The whole product as a process, with sign-in at nanoidp and constrained impersonation on a real API
server. Every name and text of one person's namespace holds a word that the other must never read.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import httpx2
import mcp_types as types
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from testbed.bed import Bed
from tests.support.nanoidp import CLIENT_ID, NanoIdp

pytestmark = pytest.mark.timeout(180)

ACCOUNT = "two-callers"
#: person, their namespace, the word in everything there
ALICE = ("alice", "two-alice", "raspberry")
BOB = ("bob", "two-bob", "blueberry")
PEOPLE = (ALICE, BOB)

OBJECTS = """
apiVersion: v1
kind: Pod
metadata: {name: WORD-pod, labels: {app: WORD}}
spec:
  nodeName: node-1
  containers: [{name: app, image: registry.example.com/WORD:1}]
status:
  phase: Running
  containerStatuses:
    - name: app
      image: registry.example.com/WORD:1
      imageID: ""
      ready: false
      restartCount: 7
      containerID: containerd://0123456789abcdef
      state: {waiting: {reason: CrashLoopBackOff, message: back-off WORD}}
      lastState:
        terminated:
          {exitCode: 1, reason: Error, containerID: containerd://0123456789abcdee,
           startedAt: "${now-2m}", finishedAt: "${now-1m}"}
---
apiVersion: v1
kind: Pod
metadata: {name: WORD-logging}
spec:
  nodeName: node-1
  containers: [{name: app, image: registry.example.com/WORD:1}]
status:
  phase: Running
  containerStatuses:
    - {name: app, image: "registry.example.com/WORD:1", imageID: "", ready: true, restartCount: 0,
       containerID: "containerd://0123456789abcdec", state: {running: {startedAt: "${now-5m}"}}}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: WORD-config}
data: {fruit: WORD}
---
apiVersion: v1
kind: Event
metadata: {name: WORD-event}
involvedObject: {apiVersion: v1, kind: Pod, name: WORD-pod, namespace: "${namespace}"}
reason: BackOff
message: Back-off restarting WORD
type: Warning
count: 3
firstTimestamp: "${now-2m}"
lastTimestamp: "${now-1m}"
"""


def _account(namespace: str) -> list[dict[str, Any]]:
    """The server's account, with what the chart gives it on Kubernetes 1.36 and later."""
    read = [f"impersonate-on:user-info:{verb}" for verb in ("get", "list", "watch")]
    act = ["impersonate:user-info"]
    group = "authentication.k8s.io"
    rules: list[dict[str, Any]] = [
        {"apiGroups": [group], "resources": ["users"], "verbs": act},
        {
            "apiGroups": [group],
            "resources": ["groups"],
            "resourceNames": ["two:shop"],
            "verbs": act,
        },
        {
            "apiGroups": [group],
            "resources": [
                "uids",
                "userextras/mcp.kube-mcp.dev/client",
                "userextras/mcp.kube-mcp.dev/session",
            ],
            "verbs": act,
        },
        {"apiGroups": ["*"], "resources": ["*"], "verbs": read},
        {
            "apiGroups": ["authorization.k8s.io", group],
            "resources": [
                "selfsubjectaccessreviews",
                "selfsubjectrulesreviews",
                "selfsubjectreviews",
            ],
            "verbs": ["impersonate-on:user-info:create"],
        },
        {"nonResourceURLs": ["*"], "verbs": ["impersonate-on:user-info:get"]},
    ]
    rbac = "rbac.authorization.k8s.io"
    return [
        {
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": ACCOUNT, "namespace": namespace},
        },
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "ClusterRole",
            "metadata": {"name": ACCOUNT},
            "rules": rules,
        },
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": ACCOUNT},
            "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": ACCOUNT},
            "subjects": [{"kind": "ServiceAccount", "name": ACCOUNT, "namespace": namespace}],
        },
    ]


def _prepare(bed: Bed) -> Path:
    """Two namespaces, what is in them, and who may look; the server's kubeconfig."""
    for person, namespace, word in PEOPLE:
        bed.create_namespace(namespace)
        bed.apply(OBJECTS.replace("WORD", word), namespace=namespace)
        bed.kubelet.put(
            namespace,
            {
                "logs": [
                    {
                        "pod": "*",
                        "container": "app",
                        "lines": [f"{word} line {n}" for n in range(5)],
                    }
                ]
            },
        )
        bed.apply(
            [
                {
                    "apiVersion": "rbac.authorization.k8s.io/v1",
                    "kind": "RoleBinding",
                    "metadata": {"name": "viewer", "namespace": namespace},
                    "roleRef": {
                        "apiGroup": "rbac.authorization.k8s.io",
                        "kind": "ClusterRole",
                        "name": "view",
                    },
                    "subjects": [
                        {
                            "kind": "User",
                            "name": f"two:{person}",
                            "apiGroup": "rbac.authorization.k8s.io",
                        }
                    ],
                }
            ],
            namespace=namespace,
        )
    own = bed.create_namespace("two-own")
    bed.apply(_account(own))
    return bed.kubeconfig(user=ACCOUNT, token=bed.token(own, ACCOUNT))


@dataclass(frozen=True)
class Server:
    """The product, running, and the provider it trusts."""

    url: str
    provider: NanoIdp
    log: Path

    async def token(self, person: str) -> str:
        """An access token of that person for this server."""
        async with aiohttp.ClientSession() as session:
            tokens = await self.provider.sign_in(session, person, resource=self.url)
        return str(tokens["access_token"])

    async def logged(self, audit: str) -> list[dict[str, Any]]:
        """The lines of one kind in the server's own audit log."""
        text = await asyncio.to_thread(self.log.read_text)
        lines = [json.loads(line) for line in text.splitlines()]
        return [line for line in lines if line.get("audit") == audit]

    @asynccontextmanager
    async def as_(self, person: str) -> AsyncIterator[Client]:
        """A client with that person's token."""
        headers = {"Authorization": f"Bearer {await self.token(person)}"}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=60) as http,
            Client(streamable_http_client(self.url, http_client=http)) as client,
        ):
            yield client


@pytest.fixture(scope="module")
async def server(bed: Bed, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    folder = tmp_path_factory.mktemp("two-callers")
    kubeconfig = await asyncio.to_thread(_prepare, bed)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    url = f"http://127.0.0.1:{port}/mcp"
    async with NanoIdp(folder / "nanoidp") as provider:
        config = folder / "kube-mcp.toml"
        text = _settings(url, port, provider.issuer, kubeconfig)
        await asyncio.to_thread(config.write_text, text)
        log = await asyncio.to_thread((folder / "server.log").open, "wb")
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "kube_mcp", "serve", "--config", str(config),
            env={"PATH": os.environ["PATH"], "HOME": str(folder)},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=log,
        )  # fmt: skip
        try:
            await _until_ready(f"http://127.0.0.1:{port}/readyz")
            yield Server(url, provider, folder / "server.log")
        finally:
            process.terminate()
            await process.wait()
            log.close()


def _settings(url: str, port: int, issuer: str, kubeconfig: Path) -> str:
    return f"""
[server]
port = {port}
public_urls = [{json.dumps(url)}]
[cluster]
kubeconfig = {json.dumps(str(kubeconfig))}
identity = "impersonate"
[impersonate]
user_prefix = "two:"
group_prefix = "two:"
groups = ["shop"]
[limits]
calls_per_minute = 60000
burst = 1000
[auth]
allow_http_loopback = true
[[auth.issuers]]
issuer = {json.dumps(issuer)}
audience = [{json.dumps(url)}]
allowed_clients = [{json.dumps(CLIENT_ID)}]
client_claims = ["azp", "client_id"]
"""


async def _until_ready(url: str) -> None:
    async with asyncio.timeout(60), aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(url) as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)


async def _told(client: Client, tool: str, arguments: dict[str, Any]) -> str:
    result = await client.call_tool(tool, arguments)
    return "\n".join(part.text for part in result.content if isinstance(part, types.TextContent))


def _questions(namespace: str, word: str) -> list[tuple[str, dict[str, Any]]]:
    """Everything that can be asked about one namespace; each answer would hold its word."""
    where = {"namespace": namespace}
    return [
        ("list_resources", {"kind": "pods", **where}),
        ("list_resources", {"kind": "configmaps", **where}),
        ("list_resources", {"kind": "pods", "count_by": "label:app", **where}),
        ("get_resource", {"kind": "pod", "name": f"{word}-pod", **where}),
        ("get_resource", {"kind": "configmap", "name": f"{word}-config", "view": "yaml", **where}),
        ("get_logs", {"name": f"{word}-logging", **where}),
        ("get_events", where),
        ("search", {"text": word[:6], **where}),
        ("diagnose", where),
    ]


#: The same without a namespace: nobody here may look at all of them.
EVERYWHERE: list[tuple[str, dict[str, Any]]] = [
    ("list_resources", {"kind": "pods"}),
    ("list_resources", {"kind": "configmaps"}),
    ("list_resources", {"kind": "pods", "count_by": "namespace"}),
    ("get_events", {}),
    ("search", {"text": "berry"}),
    ("diagnose", {}),
    ("cluster_overview", {}),
    ("top", {}),
]


async def test_each_tool_shows_its_caller_their_own_and_the_other_nothing(server: Server) -> None:
    async with server.as_("alice") as alice, server.as_("bob") as bob:
        clients = {"alice": alice, "bob": bob}
        # Three rounds, so that whatever is kept is warm from both before it is asked again.
        for _ in range(3):
            for person, namespace, word in PEOPLE:
                other = clients["bob" if person == "alice" else "alice"]
                for tool, arguments in _questions(namespace, word):
                    own = await _told(clients[person], tool, arguments)
                    theirs = await _told(other, tool, arguments)

                    assert word in own, f"{tool} {arguments} told {person}: {own}"
                    hidden = theirs.replace(namespace, "").replace(str(arguments.get("name")), "")
                    assert word not in hidden, f"{tool} {arguments} told the other: {theirs}"


async def test_questions_about_everything_tell_nothing_of_anybody_else(server: Server) -> None:
    async with server.as_("alice") as alice, server.as_("bob") as bob:
        for _ in range(2):
            for client, (_, namespace, word) in ((alice, BOB), (bob, ALICE)):
                for tool, arguments in EVERYWHERE:
                    told = await _told(client, tool, arguments)
                    assert word not in told, f"{tool} {arguments}: {told}"
                    assert namespace not in told, f"{tool} {arguments}: {told}"


async def test_resources_and_completions_are_the_callers_own(server: Server) -> None:
    async with server.as_("alice") as alice, server.as_("bob") as bob:
        templates = await alice.list_resource_templates()
        [template] = [t for t in templates.resource_templates if "{namespace}" in t.uri_template]

        def uri(namespace: str, name: str) -> str:
            filled = template.uri_template
            for part, value in (("namespace", namespace), ("kind", "configmap"), ("name", name)):
                filled = filled.replace(f"{{{part}}}", value)
            return filled

        for client, (_, namespace, word), (_, hidden, secret) in (
            (alice, ALICE, BOB),
            (bob, BOB, ALICE),
        ):
            own = await client.read_resource(uri(namespace, f"{word}-config"))
            assert word in str(own.contents)
            with pytest.raises(Exception, match=r"may not|[Nn]ot allowed") as refused:
                await client.read_resource(uri(hidden, f"{secret}-config"))
            assert f"fruit: {secret}" not in str(refused.value)

            reference = types.ResourceTemplateReference(uri=template.uri_template)
            for typed in ("", secret[:3]):
                completed = await client.complete(
                    ref=reference,
                    argument={"name": "name", "value": typed},
                    context_arguments={"namespace": hidden, "kind": "configmap"},
                )
                assert not [value for value in completed.completion.values if secret in value]


async def _refused(server: Server, token: str) -> tuple[int, str, dict[str, Any]]:
    """Status and body for a call with this token, and what the audit log says of it."""
    before = len(await server.logged("refused"))
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    async with (
        aiohttp.ClientSession() as session,
        session.post(server.url, json=call, headers={"Authorization": f"Bearer {token}"}) as answer,
    ):
        status, body = answer.status, await answer.text()
    [line] = (await server.logged("refused"))[before:]
    return status, body, line


async def test_a_group_that_kubernetes_keeps_for_itself_is_refused_at_the_door(
    server: Server, bed: Bed
) -> None:
    token = await server.token("mallory")

    status, body, line = await _refused(server, token)

    assert status == 403
    assert json.loads(body)["error"] == "access_denied"
    assert (line["code"], line["claimed"]["sub"]) == ("reserved-group", "mallory")
    assert await asyncio.to_thread(bed.audit.requests, "two:mallory") == []


async def test_a_forged_token_is_in_the_audit_log_with_its_reason_and_without_itself(
    server: Server,
) -> None:
    good = await server.token("alice")
    head, payload, signature = good.split(".")

    status, _, line = await _refused(server, f"{head}.{payload}.{signature[::-1]}")

    assert (status, line["code"], line["claimed"]["sub"]) == (401, "bad-signature", "alice")
    log = await asyncio.to_thread(server.log.read_text)
    for secret in (good, signature, signature[::-1], payload):
        assert secret not in log


async def test_the_audit_log_of_the_api_server_names_both_and_holds_no_write(
    server: Server, bed: Bed
) -> None:
    async with server.as_("alice") as alice:
        await _told(alice, "list_resources", {"kind": "pods", "namespace": ALICE[1]})

    for person, namespace, _ in PEOPLE:
        user = f"two:{person}"
        events = await asyncio.to_thread(bed.audit.requests, user)
        assert [e for e in events if (e.get("objectRef") or {}).get("namespace") == namespace]
        assert {e["user"]["username"] for e in events} == {
            f"system:serviceaccount:two-own:{ACCOUNT}"
        }
        assert await asyncio.to_thread(bed.audit.non_reads, user) == []
        # Our own log and the API server's tell of the same person.
        calls = [line for line in await server.logged("call") if line.get("identity") == user]
        assert {line["caller"]["subject"] for line in calls} == {person}
