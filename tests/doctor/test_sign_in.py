"""Sign-in: every way it can be broken says which, and what to do."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.issuer import FakeIssuer

Doctor = Callable[..., Awaitable[Any]]


@pytest.fixture
async def issuer() -> AsyncIterator[FakeIssuer]:
    async with FakeIssuer() as running:
        yield running


def settings(issuer: str, more: str = "") -> str:
    return f"""
[server]
public_urls = ["https://api.example.com/mcp/kubernetes"]
[auth]
allow_http_loopback = true
[[auth.issuers]]
issuer = "{issuer}"
audience = ["kubernetes-mcp-server"]
allowed_clients = ["kubernetes-mcp-server"]
{more}
"""


async def test_a_provider_that_is_well_is_named(issuer: FakeIssuer, doctor: Doctor) -> None:
    probe = (await doctor(settings(issuer.issuer)))["identity provider"]

    assert (probe.outcome, probe.detail) == (
        "ok", f"metadata and signing keys read: {issuer.issuer}",
    )  # fmt: skip


async def test_an_issuer_that_differs_by_its_slash_is_said(
    issuer: FakeIssuer, doctor: Doctor
) -> None:
    probe = (await doctor(settings(issuer.issuer.rstrip("/"))))["identity provider"]

    assert probe.failed
    assert "They differ by the trailing slash" in probe.detail


async def test_a_provider_without_a_signing_key_is_told_to_get_one(
    issuer: FakeIssuer, doctor: Doctor
) -> None:
    issuer.jwks = {}
    probe = (await doctor(settings(issuer.issuer)))["identity provider"]

    assert probe.failed
    assert "Give the provider an RSA or EC signing key." in probe.detail


async def test_an_application_that_does_not_exist_is_looked_for_by_its_issuer(
    issuer: FakeIssuer, doctor: Doctor
) -> None:
    wrong = issuer.issuer.replace("kubernetes-mcp", "kubernetes")
    probe = (await doctor(settings(wrong)))["identity provider"]

    assert "answered 404" in probe.detail
    assert "Compare the issuer with the provider's" in probe.detail


async def test_a_provider_that_is_down_is_said_with_the_reason(
    issuer: FakeIssuer, doctor: Doctor
) -> None:
    await issuer.stop()
    probe = (await doctor(settings(issuer.issuer)))["identity provider"]

    assert "connection refused. Check that something listens there" in probe.detail
    assert "notices by itself" in probe.next


@pytest.mark.parametrize(
    ("off_s", "outcome", "says"),
    [
        (0, "ok", "agrees"),
        (8, "ok", "agrees"),
        (-60, "warning", "s ahead of this one: tokens are refused as not valid yet"),
        (60, "warning", "s behind this one: tokens end sooner here than it says"),
    ],
)
async def test_a_providers_clock_is_held_against_this_one(
    issuer: FakeIssuer, doctor: Doctor, off_s: int, outcome: str, says: str
) -> None:
    report = await doctor(
        settings(issuer.issuer), now=lambda: datetime.now(UTC) + timedelta(seconds=off_s)
    )
    probe = report["identity provider's clock"]

    assert probe.outcome == outcome
    assert says in probe.detail


async def test_a_name_that_does_not_resolve_is_said(doctor: Doctor) -> None:
    found = settings("https://authentik.invalid/application/o/kubernetes-mcp/")
    probe = (await doctor(found))["identity provider"]

    assert "the name 'authentik.invalid' cannot be resolved" in probe.detail
    assert "NetworkPolicy" in probe.detail


async def test_a_public_address_that_does_not_resolve_is_said(
    issuer: FakeIssuer, doctor: Doctor
) -> None:
    found = settings(issuer.issuer).replace("api.example.com", "api.invalid")
    report = await doctor(found, outside=True)
    probe = report["public URL https://api.invalid/mcp/kubernetes"]

    assert probe.failed
    assert probe.detail == "does not answer from here: the name 'api.invalid' cannot be resolved"


EXCHANGE = """
[cluster]
identity = "token-exchange"
[token_exchange]
sts_client_id = "kubernetes-mcp-server"
sts_client_secret_file = "{file}"
sts_audience = "cluster"
"""
INTROSPECTION = """
introspection = true
[auth.introspection]
client_id = "kubernetes-mcp-server"
client_secret_file = "{file}"
"""


@pytest.mark.parametrize("needs", [EXCHANGE, INTROSPECTION], ids=["exchange", "introspection"])
async def test_a_client_secret_that_is_needed_must_be_there(
    issuer: FakeIssuer, doctor: Doctor, tmp_path: Path, needs: str
) -> None:
    file = tmp_path / "sts_client_secret"
    toml = settings(issuer.issuer, needs.format(file=file))
    missing = (await doctor(toml))["client secret"]
    file.write_text("secret\n")
    there = (await doctor(toml))["client secret"]

    assert missing.failed
    assert "cannot be read (No such file or directory)" in missing.detail
    assert "clientSecrets.existingSecret" in missing.next
    assert (there.outcome, there.detail) == ("ok", f"read from {file}")


async def test_no_client_secret_is_asked_for_where_none_is_needed(
    issuer: FakeIssuer, doctor: Doctor
) -> None:
    report = await doctor(settings(issuer.issuer))

    assert "client secret" not in {probe.name for probe in report.probes}


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ('[cluster]\nidentity = "token-exchange"', "token_exchange.sts_audience is empty"),
        (
            '[cluster]\nidentity = "impersonate"\n[impersonate]\nuser_prefix = ""',
            "impersonate.user_prefix is empty",
        ),
        (
            '[cluster]\nidentity = "impersonate"\n[impersonate]\ngroup_prefix = "system:"',
            "impersonate.group_prefix 'system:' begins with 'system:'",
        ),
        (
            '[cluster]\nidentity = "impersonate"\n[impersonate]\ngroups = ["system:masters"]',
            "impersonate.groups holds 'system:masters'",
        ),
    ],
)
async def test_an_identity_mode_that_cannot_work_is_a_fault_of_the_settings(
    issuer: FakeIssuer, doctor: Doctor, more: str, says: str
) -> None:
    report = await doctor(settings(issuer.issuer, more))

    assert report["settings"].failed
    assert says in report["settings"].detail
