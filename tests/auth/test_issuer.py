"""The discovery document is believed only where it speaks for the issuer, byte for byte."""

from __future__ import annotations

import asyncio

import pytest

from kube_mcp.auth.denied import Denied
from kube_mcp.auth.issuer import IssuerMetadata, metadata_urls, parse_metadata
from kube_mcp.auth.provider import ProviderClient, open_session
from kube_mcp.errors import IdentityProviderError, ProviderUnreachable
from tests.support.issuer import FakeIssuer
from tests.support.signin import SignIn


def test_the_places_of_the_document_for_an_issuer_with_a_path() -> None:
    assert metadata_urls("https://sso.example.com/application/o/mcp/") == (
        "https://sso.example.com/application/o/mcp/.well-known/openid-configuration",
        "https://sso.example.com/.well-known/oauth-authorization-server/application/o/mcp",
    )
    assert metadata_urls("https://sso.example.com") == (
        "https://sso.example.com/.well-known/openid-configuration",
        "https://sso.example.com/.well-known/oauth-authorization-server",
    )


def test_a_document_that_differs_by_a_slash_is_refused_with_that_hint() -> None:
    with pytest.raises(IdentityProviderError) as caught:
        parse_metadata(
            {"issuer": "https://sso.example.com/o/mcp"}, issuer="https://sso.example.com/o/mcp/"
        )

    assert "differ by the trailing slash" in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "http://sso.example.com/jwks",
        "file:///etc/passwd",
        "https://user:secret@sso.example.com/jwks",
        "//sso.example.com/jwks",
        "http://127.0.0.1/jwks",
        "https://",
        7,
    ],
)
def test_an_endpoint_that_must_not_be_asked_is_refused(url: object) -> None:
    issuer = "https://sso.example.com/"

    with pytest.raises(IdentityProviderError) as caught:
        parse_metadata({"issuer": issuer, "jwks_uri": url}, issuer=issuer)

    assert "jwks_uri" in str(caught.value)
    assert "secret" not in str(caught.value)


async def test_a_document_of_somebody_else_leaves_the_server_without_keys(
    signin: SignIn, issuer: FakeIssuer
) -> None:
    issuer.discovery_changes["issuer"] = "https://evil.example.com/"

    denied = await signin.verifier.verify(issuer.token())

    assert isinstance(denied, Denied)
    assert (denied.code, denied.status) == ("keys-unavailable", 503)
    assert "speaks for issuer 'https://evil.example.com/'" in denied.sentence
    assert issuer.hits["jwks"] == 0


async def test_the_document_is_kept_and_handed_out_stale_while_the_provider_is_down(
    signin: SignIn, issuer: FakeIssuer
) -> None:
    metadata = signin.verifier.issuers[0].metadata
    first = await metadata.get()
    issuer.down = True
    signin.clock.pass_s(3601)

    assert await metadata.get() is first
    assert first.raw["code_challenge_methods_supported"] == ["plain", "S256"]


async def test_while_the_provider_is_down_it_is_asked_again_only_after_a_pause(
    signin: SignIn, issuer: FakeIssuer
) -> None:
    metadata = signin.verifier.issuers[0].metadata
    issuer.down = True
    for _ in range(3):
        with pytest.raises(IdentityProviderError, match="answered 503"):
            await metadata.get()
    assert sum(issuer.hits.values()) == 2

    issuer.down = False
    signin.clock.pass_s(2)

    assert (await metadata.get()).issuer == issuer.issuer


async def test_a_host_that_does_not_answer_is_not_asked_at_its_other_place_as_well() -> None:
    lines = []

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines.append(await reader.readline())
        writer.close()

    async with (
        await asyncio.start_server(hang_up, "127.0.0.1", 0) as server,
        open_session() as session,
    ):
        port = server.sockets[0].getsockname()[1]
        metadata = IssuerMetadata(
            f"http://127.0.0.1:{port}/application/o/kubernetes-mcp/",
            ProviderClient(session, allow_http_loopback=True),
            monotonic=lambda: 0.0,
            allow_http_loopback=True,
        )
        with pytest.raises(ProviderUnreachable, match="cannot be reached"):
            await metadata.get()
        await metadata.aclose()

    [asked] = set(lines)  # the client tries a connection that broke a second time
    assert b"/.well-known/openid-configuration" in asked
