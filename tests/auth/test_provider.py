"""Talking to the provider: what is trusted, and what a failure says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from kube_mcp.auth.provider import ProviderClient, is_loopback, open_session, url_problem
from kube_mcp.auth.secret_file import SecretFile
from kube_mcp.errors import CredentialsError, IdentityProviderError
from kube_mcp.sources import provider_proxy
from tests.support.certificates import Authority, server_context


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
async def tls_url(authority: Authority, tmp_path: Path) -> AsyncIterator[str]:
    """A provider whose certificate comes from a company's own authority."""
    pair = authority.issue("sso", hosts=("localhost", "127.0.0.1"))
    context = await asyncio.to_thread(server_context, pair, tmp_path)

    async def answer(request: web.Request) -> web.Response:
        if request.path == "/slow":
            await asyncio.Event().wait()
        if request.path == "/broken":
            return web.Response(text="<html>")
        return web.json_response({"path": request.path})

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    yield f"https://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


async def test_a_companys_own_authority_is_trusted_where_its_bundle_is_named(
    tls_url: str, authority: Authority, tmp_path: Path
) -> None:
    bundle = tmp_path / "ca.pem"
    await asyncio.to_thread(bundle.write_text, authority.pem)
    async with open_session() as session:
        client = ProviderClient(session, ca_file=str(bundle))

        assert await client.get_object(f"{tls_url}/jwks") == {"path": "/jwks"}
        assert await client.get_object(f"{tls_url}/again") == {"path": "/again"}


async def test_an_authority_nobody_named_is_not_trusted(tls_url: str) -> None:
    async with open_session() as session:
        with pytest.raises(
            IdentityProviderError, match=r"cannot be reached .*not trusted here\. Set ca_file"
        ):
            await ProviderClient(session).get_object(f"{tls_url}/jwks")


@pytest.mark.parametrize(
    ("content", "said"), [(None, "No such file"), ("not a certificate", "cannot be read")]
)
async def test_a_bundle_that_cannot_be_used_is_said_by_its_path(
    tls_url: str, tmp_path: Path, content: str | None, said: str
) -> None:
    bundle = tmp_path / "ca.pem"
    if content is not None:
        await asyncio.to_thread(bundle.write_text, content)
    async with open_session() as session:
        with pytest.raises(IdentityProviderError, match=said) as caught:
            await ProviderClient(session, ca_file=str(bundle)).get_object(f"{tls_url}/jwks")

    assert str(bundle) in str(caught.value)


async def test_a_bundle_that_was_exchanged_is_read_again_after_the_first_failure(
    tls_url: str, authority: Authority, tmp_path: Path
) -> None:
    bundle = tmp_path / "ca.pem"
    await asyncio.to_thread(bundle.write_text, Authority("the old one").pem)
    async with open_session() as session:
        client = ProviderClient(session, ca_file=str(bundle))
        with pytest.raises(IdentityProviderError, match="cannot be reached"):
            await client.get_object(f"{tls_url}/jwks")
        await asyncio.to_thread(bundle.write_text, authority.pem)

        assert await client.get_object(f"{tls_url}/jwks") == {"path": "/jwks"}


async def test_a_provider_that_says_nothing_is_given_up_on(
    tls_url: str, authority: Authority, tmp_path: Path
) -> None:
    bundle = tmp_path / "ca.pem"
    await asyncio.to_thread(bundle.write_text, authority.pem)
    async with open_session() as session:
        client = ProviderClient(session, ca_file=str(bundle), timeout_s=0.2)
        with pytest.raises(IdentityProviderError, match=r"within 0\.2 s"):
            await client.get_object(f"{tls_url}/slow")


async def test_plain_http_is_never_asked_unless_it_is_this_machine() -> None:
    async with open_session() as session:
        for client, url in (
            (ProviderClient(session), "http://127.0.0.1:1/jwks"),
            (ProviderClient(session, allow_http_loopback=True), "http://10.0.0.1/jwks"),
        ):
            with pytest.raises(IdentityProviderError, match=r"was not asked: .* is not https"):
                await client.get_object(url)


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost.evil.example.com", False),
        ("10.0.0.1", False),
        ("0.0.0.0", False),
        ("", False),
    ],
)
def test_what_counts_as_this_machine(host: str, local: bool) -> None:
    assert is_loopback(host) is local


@pytest.mark.parametrize(
    "url",
    [
        "https://[::1",
        "https://sso.example.com:99999/",
        "https://sso.example.com:0/",
        "ftp://sso.example.com/",
        "sso.example.com",
        "https://sso.example.com/#x",
    ],
)
def test_a_broken_url_is_a_problem_and_not_a_crash(url: str) -> None:
    assert url_problem(url)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"\xff\xfe", "is not UTF-8"),
        (b"x" * 70_000, "too large to be a secret"),
    ],
)
async def test_a_secret_file_that_holds_no_secret_is_said(
    tmp_path: Path, content: bytes, said: str
) -> None:
    path = tmp_path / "secret"
    await asyncio.to_thread(path.write_bytes, content)

    with pytest.raises(CredentialsError, match=said):
        await SecretFile(str(path)).read()


async def test_a_secret_keeps_its_inner_and_edge_blanks_but_not_the_line_end(
    tmp_path: Path,
) -> None:
    path = tmp_path / "secret"
    await asyncio.to_thread(path.write_bytes, b" pass word \r\n")
    secret = SecretFile(str(path))

    assert await secret.read() == " pass word "
    assert "pass word" not in repr(secret)


async def test_a_proxy_on_the_way_is_asked_for_the_providers_url() -> None:
    asked = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append((await reader.readline()).decode().split()[1])
        await reader.readuntil(b"\r\n\r\n")
        body = b'{"keys":[]}'
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
        await writer.drain()
        writer.close()

    async with (
        await asyncio.start_server(proxy, "127.0.0.1", 0) as server,
        open_session() as session,
    ):
        at = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        client = ProviderClient(session, allow_http_loopback=True, proxy_for=lambda url: at)
        found = await client.get_object("http://127.0.0.2:1/jwks")

    assert found == {"keys": []}
    assert asked == ["http://127.0.0.2:1/jwks"]


def test_the_environment_names_the_proxy_as_for_every_other_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.com:3128")
    monkeypatch.setenv("NO_PROXY", ".internal.example.com")

    assert provider_proxy("https://login.example.com/jwks") == "http://proxy.example.com:3128"
    assert provider_proxy("https://sso.internal.example.com/jwks") == ""
    monkeypatch.setenv("HTTPS_PROXY", "socks5://proxy.example.com:1080")
    with pytest.raises(IdentityProviderError, match="SOCKS proxy"):
        provider_proxy("https://login.example.com/jwks")
