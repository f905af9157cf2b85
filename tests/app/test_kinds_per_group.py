"""Kinds that a group is shown: allow-lists of several groups add up, and hold in every tool."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.issuer import FakeIssuer
from tests.support.whole import whole

GROUPS = """
[[policy.groups]]
group = "dev"
kinds_allow = ["pods", "namespaces"]
[[policy.groups]]
group = "net"
kinds_allow = ["services", "namespaces"]
"""


async def test_a_group_is_shown_the_kinds_it_is_allowed_and_no_other(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with FakeIssuer() as issuer, whole(issuer, tmp_path, capsys, GROUPS) as server:

        async def listed(kind: str, *groups: str) -> bool:
            token = issuer.token(groups=list(groups))
            text = await server.tool("list_resources", {"kind": kind}, token=token)
            refused = "does not show" in text and "policy.kinds_allow" in text
            assert refused or f"{kind} in all namespaces" in text, text
            return not refused

        shown = {
            (kind, groups): await listed(kind, *groups)
            for kind in ("pods", "services", "configmaps")
            for groups in (("dev",), ("net",), ("dev", "net"), ("others",))
        }
        token = issuer.token(groups=["dev"])
        found = await server.tool("search", {"text": "cart"}, token=token)
        diagnosed = await server.tool("diagnose", {}, token=token)

    assert [pair for pair, seen in shown.items() if not seen] == [
        ("pods", ("net",)),
        ("services", ("dev",)),
        ("configmaps", ("dev",)),
        ("configmaps", ("net",)),
        ("configmaps", ("dev", "net")),
    ]
    assert "Pod" in found
    assert "Deployment" not in found.split("Not read")[0]
    assert "shop" in diagnosed
