"""Readiness names the part that does not answer, not only that something does not."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from kube_mcp import service
from tests.support.issuer import FakeIssuer
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
