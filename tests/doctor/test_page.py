"""What docs/deploy.md shows of doctor is what doctor prints."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from kube_mcp.auth.outside import Seen
from kube_mcp.doctor import Probe, report_text
from tests.support.api_server import FakeApiServer, listening
from tests.support.issuer import FakeIssuer

DEPLOY = Path(__file__).parents[2] / "docs/deploy.md"
URL = "https://api.example.com/mcp/kubernetes"
OUTSIDE: list[Seen] = [
    (f"public URL {URL}", "ok", "401 with a challenge that names the metadata", ""),
    (
        "metadata https://api.example.com/.well-known/oauth-protected-resource/mcp/kubernetes",
        "ok", "resource and issuer agree with the settings", "",
    ),
    (f"public URL {URL}/health", "ok", "200", ""),
]  # fmt: skip
#: What differs from one cluster to the next.
_VARIES = re.compile(r"\d+|https?://[\w.:-]+|v[\d.]+|\([^)]*\)|system:\S+")


def shape(line: str) -> str:
    return _VARIES.sub("~", line)


async def test_the_page_shows_every_line_in_its_order(
    doctor: Callable[..., Awaitable[Any]], tmp_path: Path
) -> None:
    fake = FakeApiServer(now=datetime.now(UTC))
    shown = DEPLOY.read_text().split("kube-mcp doctor --outside\n", 1)[1].split("```", 1)[0]
    async with FakeIssuer() as issuer, listening(fake) as url:
        kubeconfig = tmp_path / "kubeconfig"
        kubeconfig.write_text(
            yaml.safe_dump(
                {
                    "current-context": "lab",
                    "clusters": [{"name": "lab", "cluster": {"server": url}}],
                    "users": [{"name": "me", "user": {}}],
                    "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": "me"}}],
                }
            )
        )
        toml = f"""
[server]
public_urls = ["{URL}"]
[auth]
allow_http_loopback = true
[[auth.issuers]]
issuer = "{issuer.issuer}"
audience = ["x"]
allowed_clients = ["x"]
"""
        report = await doctor(toml, kubeconfig=kubeconfig)
    names = [
        re.sub(r"https?://\S+", "~", probe.name)
        for probe in (*report.probes[:-1], *(Probe(*each) for each in OUTSIDE))
    ]
    lines = shown.splitlines()

    assert [
        re.sub(r"https?://\S+?(?=: )", "~", line)[6:].split(": ")[0] for line in lines[:-1]
    ] == names
    assert all(line.startswith("ok    ") for line in lines[:-1])
    assert lines[-1] == report_text([Probe(name, "ok", "") for name in names]).splitlines()[-1]
    said = {shape(line) for line in report_text(report.probes).splitlines()}
    for line in lines:
        if re.match(r"ok    (settings|clock|API server|discovery|identity provider)", line):
            assert shape(line) in said, line
