"""The SDKs' own OAuth clients find their way into the whole product, knowing only its address.

The provider is shaped like authentik, the product is a process of its own over the demo cluster.
"""

from __future__ import annotations

import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.authentik import Authentik
from tests.support.issuer import APPLICATION
from tests.support.person import Person
from tests.support.python_client import signed_in
from tests.support.served import Served, served
from tests.support.typescript_client import PACKAGES, typescript
from tests.support.whole import settings_text

pytestmark = pytest.mark.timeout(120)

GRANTS = """
[[policy.grants]]
toolsets = ["logs"]
scopes = ["mcp:kubernetes:logs"]
[[policy.grants]]
toolsets = ["core"]
scopes = ["mcp:kubernetes:core"]
"""
SIGN_IN = "openid profile email"
LOGS = {"name": "web-0", "namespace": "shop"}


@dataclass
class Product:
    """The running server and the provider it trusts."""

    url: str
    provider: Authentik
    served: Served


@asynccontextmanager
async def product(folder: Path, *more: str) -> AsyncIterator[Product]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    url = f"http://127.0.0.1:{port}/mcp"
    async with Authentik() as provider:
        config = folder / "kube-mcp.toml"
        text = settings_text(provider.issuer, *more, public_url=url)
        config.write_text(text)
        arguments = ("--config", str(config), "--snapshot", "demo", "--port", str(port))
        with served(*arguments) as running:
            yield Product(url, provider, running)


def _text(result: Any) -> str:
    return str(result.content[0].text)


async def test_the_python_sdk_signs_in_and_refreshes(tmp_path: Path) -> None:
    async with product(tmp_path) as at:
        alice = Person("alice", at.provider)
        async with signed_in(at.url, alice) as (client, oauth):
            first = await client.call_tool("cluster_overview", {})
            oauth.context.token_expiry_time = 1.0  # an hour has passed, as far as it knows
            second = await client.call_tool("cluster_overview", {})

    assert "shop" in _text(first)
    assert "shop" in _text(second)
    assert len(alice.tokens) == 2
    # It asks for offline_access by itself, because the provider offers it.
    assert alice.sign_ins == [f"{SIGN_IN} offline_access"]
    discovery = [each for each in at.provider.asked if ".well-known" in each[0]]
    document = f"{APPLICATION}.well-known/openid-configuration"
    assert [status for _, status in discovery[:3]] == [404, 404, 200]
    assert discovery[2][0] == document
    assert {line["caller"]["subject"] for line in at.served.audit if line["audit"] == "call"} == {
        "hashed-alice"
    }


async def test_the_python_sdk_keeps_what_it_was_granted_when_it_steps_up(tmp_path: Path) -> None:
    async with product(tmp_path, GRANTS) as at:
        alice = Person("alice", at.provider)
        async with signed_in(at.url, alice) as (client, _):
            await client.call_tool("cluster_overview", {})
            await client.call_tool("get_logs", LOGS)
            await client.call_tool("cluster_overview", {})

    assert [set(asked.split()) - {"offline_access"} for asked in alice.sign_ins] == [
        set(SIGN_IN.split()),
        {*SIGN_IN.split(), "mcp:kubernetes:core"},
        {*SIGN_IN.split(), "mcp:kubernetes:core", "mcp:kubernetes:logs"},
    ]


@pytest.mark.node
@pytest.mark.parametrize("package", PACKAGES)
async def test_a_typescript_sdk_signs_in(tmp_path: Path, package: str) -> None:
    async with (
        product(tmp_path) as at,
        typescript(package, at.url) as client,
    ):
        answer = await client.call("cluster_overview")

    assert "shop" in answer["text"]
    assert len(answer["signIns"]) == 1
    refused = [line["code"] for line in at.served.audit if line["audit"] == "refused"]
    assert set(refused) == {"no-token"}, json.dumps(refused)
