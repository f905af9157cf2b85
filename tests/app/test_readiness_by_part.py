"""Readiness names the part that does not answer, not only that something does not."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from kube_mcp import service
from tests.support.issuer import CLIENT_ID, CLIENT_SECRET, FakeIssuer
from tests.support.raw_http import exchange
from tests.support.whole import whole


async def test_a_provider_that_keeps_silent_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "PART_TIMEOUT_S", 0.1)
    async with FakeIssuer() as issuer, whole(issuer, tmp_path, capsys) as server:
        issuer.silent = asyncio.Event()
        answer = await exchange(server.port, "GET", "/readyz")
        issuer.silent.set()

    assert answer.status == 503
    assert answer.json()["problems"] == [{"part": "identity provider", "code": "unreachable"}]


async def test_a_client_secret_that_is_not_there_yet_is_named_until_it_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "client-secret"
    asking = f"""
[auth.introspection]
enabled = true
client_id = "{CLIENT_ID}"
client_secret_file = "{file}"
"""
    async with FakeIssuer() as issuer, whole(issuer, tmp_path, capsys, asking) as server:
        before = await service.not_ready(server.service.parts, None)
        await asyncio.to_thread(file.write_text, CLIENT_SECRET)
        after = await service.not_ready(server.service.parts, None)

    assert [(each.part, each.code) for each in before] == [("client secret", "missing")]
    assert str(file) in before[0].sentence
    assert after == []
