"""A flood of forged tokens beside a valid caller: what it costs them, and the identity provider.

Run alone with ``python -m benchmarks.forged``; ``make bench`` runs it too. It needs no cluster: the
demo is served, and a fake provider with real keys signs.
"""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from benchmarks.client import McpClient
from benchmarks.processes import free_port, started
from tests.support.issuer import FakeIssuer

#: Forged key ids in all; a quarter of a million would say no more.
FORGED = 10_000

#: Attackers with a connection each.
ATTACKERS = 64


@dataclass(frozen=True)
class Flood:
    """Medians of the valid caller's calls, and how often the key set was fetched."""

    quiet_ms: float
    flooded_ms: float
    forged_per_s: float
    key_set_fetches: int
    seconds: float

    @property
    def slower(self) -> float:
        """How many times as long a valid call takes in the flood."""
        return self.flooded_ms / self.quiet_ms


async def flood() -> Flood:
    """Measure a valid caller alone, then in the middle of the flood."""
    async with FakeIssuer() as issuer:
        issuer.now = time.time()
        port = free_port()
        with tempfile.TemporaryDirectory(prefix="kube-mcp-bench-") as work:
            config = Path(work) / "config.toml"
            config.write_text(_config(port, issuer.issuer))
            with started(
                "kube-mcp",
                [sys.executable, "-m", "kube_mcp", "serve", "--config", str(config),
                 "--snapshot", "demo", "--port", str(port)],
                port=port, path="/mcp", environ=dict(os.environ), log=Path(work) / "log",
            ) as server:  # fmt: skip
                return await _measure(server.url, issuer)


async def _measure(url: str, issuer: FakeIssuer) -> Flood:
    valid = issuer.token(exp=int(time.time()) + 3600, iat=int(time.time()) - 1)
    # The signature of a token whose key nobody knows is never looked at.
    forged = issuer.token(header={"kid": "forged"})
    headers = {"Authorization": f"Bearer {valid}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        caller = McpClient(session, url)
        await caller.initialize()
        quiet = [await _one(caller) for _ in range(100)]
        before = issuer.hits["jwks"]
        # In a process of their own: what they cost the client is not what they cost the server.
        attackers = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "benchmarks.forged", url, forged, stdout=asyncio.subprocess.PIPE
        )
        assert attackers.stdout is not None
        await attackers.stdout.readline()  # they are about to begin
        begun = time.perf_counter()
        flooded = []
        while attackers.returncode is None:
            flooded.append(await _one(caller))
        seconds = time.perf_counter() - begun
        if attackers.returncode:
            raise RuntimeError("the attackers did not get through")
    return Flood(
        statistics.median(quiet), statistics.median(flooded), FORGED / seconds,
        issuer.hits["jwks"] - before, seconds,
    )  # fmt: skip


async def attack(url: str, token: str) -> None:
    """Every forged token once, by a few clients that never wait longer than for the answer."""
    head, _, rest = token.partition(".")
    left = iter(range(FORGED))
    tokens = [f"{_renamed(head, number)}.{rest}" for number in range(FORGED)]
    print("ready", flush=True)

    async def one() -> None:
        async with aiohttp.ClientSession() as attacker:
            for number in left:
                given = {"Authorization": f"Bearer {tokens[number]}"}
                async with attacker.post(url, data=b"{}", headers=given) as answer:
                    await answer.read()
                    if answer.status != 401:
                        raise RuntimeError(f"a forged token was answered {answer.status}")

    await asyncio.gather(*(one() for _ in range(ATTACKERS)))


async def _one(caller: McpClient) -> float:
    begun = time.perf_counter()
    await caller.call("api_resources", {"search": "pod"})
    return (time.perf_counter() - begun) * 1000


def _renamed(head: str, number: int) -> str:
    """The header with a key id never seen before."""
    import base64
    import json

    decoded = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    decoded["kid"] = f"forged-{number}"
    return base64.urlsafe_b64encode(json.dumps(decoded).encode()).decode().rstrip("=")


def _config(port: int, issuer: str) -> str:
    return f"""
[server]
public_urls = ["http://127.0.0.1:{port}/mcp"]
[auth]
allow_http_loopback = true
[[auth.issuers]]
issuer = "{issuer}"
audience = ["kubernetes-mcp-server"]
allowed_clients = ["kubernetes-mcp-server"]
[limits]
calls_per_minute = 1000000
burst = 100000
[log]
level = "error"
audit = false
"""


def lines(flood: Flood) -> list[str]:
    """The figures as text."""
    return [
        f"{FORGED:,} forged key ids in {flood.seconds:.1f} s ({flood.forged_per_s:,.0f} a second)",
        f"  a valid caller: {flood.quiet_ms:.1f} ms alone, {flood.flooded_ms:.1f} ms in the flood "
        f"({flood.slower:.2f}x)",
        f"  the key set was fetched {flood.key_set_fetches} times",
    ]


if __name__ == "__main__":
    if len(sys.argv) > 1:
        asyncio.run(attack(*sys.argv[1:3]))
        sys.exit(0)
    print("\n".join(lines(asyncio.run(flood()))))
