"""What a web page may read of the whole server: the way to sign in always, calls where it is listed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.issuer import FakeIssuer
from tests.support.raw_http import exchange
from tests.support.whole import whole

INSPECTOR = "http://localhost:6274"
ELSEWHERE = "https://page.example.com"
METADATA = "/.well-known/oauth-protected-resource/mcp/kubernetes"
PREFLIGHT = (
    ("Access-Control-Request-Method", "GET"),
    ("Access-Control-Request-Headers", "mcp-protocol-version"),
)


@pytest.mark.parametrize("listed", ["", f'allowed_origins = ["{INSPECTOR}"]'])
@pytest.mark.parametrize("origin", [INSPECTOR, ELSEWHERE])
async def test_any_page_may_read_where_to_sign_in(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], listed: str, origin: str
) -> None:
    async with (
        FakeIssuer() as issuer,
        whole(issuer, tmp_path, capsys, server=listed) as server,
    ):
        page = [("Origin", origin)]
        asked = await exchange(
            server.port, "OPTIONS", METADATA, headers=[*page, *PREFLIGHT], host="api.example.com"
        )
        read = await exchange(server.port, "GET", METADATA, headers=page, host="api.example.com")

    for answer in (asked, read):
        assert answer.status in (200, 204)
        assert answer.headers["access-control-allow-origin"] == "*"


async def test_a_page_that_is_not_listed_cannot_call(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = f'allowed_origins = ["{INSPECTOR}"]'
    async with (
        FakeIssuer() as issuer,
        whole(issuer, tmp_path, capsys, server=listed) as server,
    ):
        own = await server.ask("tools/list", headers=[("Origin", INSPECTOR)])
        other = await server.ask("tools/list", headers=[("Origin", ELSEWHERE)])

    assert (own.status, own.headers["access-control-allow-origin"]) == (401, INSPECTOR)
    assert "WWW-Authenticate" in own.headers["access-control-expose-headers"]
    assert other.status == 403
    assert "access-control-allow-origin" not in other.headers
