"""The product as an operator configures it, in this process: every part, over the demo cluster."""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kube_mcp.service import HttpService, http_service
from kube_mcp.settings import load
from tests.support.issuer import CLIENT_ID, FakeIssuer
from tests.support.raw_http import Reply, exchange, legacy_call
from tests.support.serving import serving

PUBLIC_URL = "https://api.example.com/mcp/kubernetes"


@dataclass
class Whole:
    """A running server, and what it wrote."""

    port: int
    service: HttpService
    captured: pytest.CaptureFixture[str]
    written: str = ""

    async def ask(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        *,
        token: str = "",
        host: str = "api.example.com",
        headers: Sequence[tuple[str, str]] = (),
    ) -> Reply:
        """One message of the protocol, with a token where one is given."""
        call = legacy_call(method, dict(params or {}))
        lines = [*call["headers"], *headers]
        if token:
            lines.append(("Authorization", f"Bearer {token}"))
        return await exchange(
            self.port, "POST", "/mcp", headers=lines, body=call["body"], host=host
        )

    async def tool(self, name: str, arguments: Mapping[str, Any], *, token: str) -> str:
        """The text of one tool's answer."""
        params = {"name": name, "arguments": dict(arguments)}
        answer = (await self.ask("tools/call", params, token=token)).message()
        return str(answer["result"]["content"][0]["text"])

    def audit(self, kind: str) -> list[dict[str, Any]]:
        """The lines of one kind in the audit trail so far."""
        self.written += self.captured.readouterr().err
        lines = [line for line in self.written.splitlines() if line.startswith('{"audit"')]
        return [line for line in map(json.loads, lines) if line["audit"] == kind]

    def metrics(self) -> str:
        """The exposition."""
        return self.service.parts.metrics.page()[0].decode()


@asynccontextmanager
async def whole(
    issuer: FakeIssuer,
    folder: Path,
    captured: pytest.CaptureFixture[str],
    *more: str,
    server: str = "",
) -> AsyncIterator[Whole]:
    """Serve the demo to whoever signs in at ``issuer``.

    ``more`` are lines of TOML behind the issuer, ``server`` lines of its first table.
    """
    config = folder / "kube-mcp.toml"
    config.write_text(settings_text(issuer.issuer, *more, server=server))
    settings = load(file=os.fspath(config), environ={}, flags={"cluster.snapshot": "demo"})
    async with AsyncExitStack() as stack:
        service = await http_service(settings, stack)
        async with serving(service.shell, app=service.app) as listening:
            yield Whole(listening.port, service, captured)


def settings_text(issuer: str, *more: str, server: str = "", public_url: str = PUBLIC_URL) -> str:
    """A configuration with sign-in as an operator writes it."""
    return "\n".join([
        "[server]",
        server,
        f'public_urls = ["{public_url}"]',
        "[auth]",
        "allow_http_loopback = true",
        "[[auth.issuers]]",
        f'issuer = "{issuer}"',
        f'audience = ["{CLIENT_ID}"]',
        f'allowed_clients = ["{CLIENT_ID}"]',
        *more,
    ])  # fmt: skip
