"""The Python SDK's own OAuth client signs in, knowing only the MCP address, and reads a cluster.

Everything is real: nanoidp as the provider, uvicorn, the SDK on both sides, the API server.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from testbed.bed import Bed
from tests.support.person import Person
from tests.support.python_client import signed_in
from tests.support.signed_server import LOGS, Signed, may_read, signed_server


@pytest.fixture
async def running(bed: Bed, tmp_path: Path) -> AsyncIterator[Signed]:
    async with signed_server(bed, tmp_path) as server:
        yield server


def _text(result: Any) -> str:
    [content] = result.content
    return str(content.text)


async def test_two_people_sign_in_and_each_reads_what_their_own_rbac_allows(
    running: Signed, bed: Bed, namespace: str
) -> None:
    await asyncio.to_thread(may_read, bed, namespace, "nano:alice")
    alice, bob = Person("alice", running.provider), Person("bob", running.provider)

    async with signed_in(running.url, alice) as (hers, _), signed_in(running.url, bob) as (his, _):
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
    running: Signed,
) -> None:
    alice = Person("alice", running.provider)

    async with signed_in(running.url, alice) as (client, oauth):
        await client.call_tool("list_configmaps", {"namespace": "default"})
        oauth.context.token_expiry_time = 1.0  # an hour has passed, as far as the client knows
        await client.call_tool("list_configmaps", {"namespace": "default"})

    assert len(alice.sign_ins) == 1
    assert len(alice.tokens) == 2
    first, last = running.callers[0], running.callers[-1]
    assert first.token != last.token
    assert first.key == last.key


async def test_a_tool_that_needs_more_makes_the_client_step_up_once(
    running: Signed,
) -> None:
    alice = Person("alice", running.provider)

    async with signed_in(running.url, alice) as (client, _):
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
