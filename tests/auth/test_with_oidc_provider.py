"""Against a second real provider: npm's oidc-provider, with marked, curved and opaque tokens."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import re
import secrets
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import aiohttp
import pytest

from kube_mcp.auth.caller import Caller
from kube_mcp.auth.config import IntrospectionConfig, TrustedIssuer
from kube_mcp.auth.denied import Denied
from tests.support.npm import modules, node
from tests.support.signin import Clock, SignIn, configured

pytestmark = pytest.mark.node

PACKAGE = "oidc-provider@9.13.3"
SCRIPT = Path(__file__).parent.parent / "support" / "oidc_provider" / "server.mjs"
CLIENT_ID = "kubernetes-mcp-server"
CLIENT_SECRET = "a-secret-of-the-tests"
REDIRECT_URI = "https://claude.ai/api/mcp/auth_callback"
RSA = "https://api.example.com/mcp/kubernetes"
CURVE = "https://k8s-mcp.example.com/mcp"
OPAQUE = "https://opaque.example.com/mcp"
TOKENS = {RSA: "RS256", CURVE: "ES256", OPAQUE: "opaque"}


class OidcProvider:
    """The provider as a process; `restarted_with` is how its keys change."""

    def __init__(self, folder: Path, installed: Path) -> None:
        self._folder = folder
        self._installed = installed
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = int(probe.getsockname()[1])
        self._process: asyncio.subprocess.Process | None = None

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    async def start(self, key: str = "key-1") -> None:
        settings = {
            "port": self._port,
            "client_id": CLIENT_ID,
            "client_secret": CLIENT_SECRET,
            "redirect_uri": REDIRECT_URI,
            "key": key,
            "tokens": TOKENS,
            "modules": str(self._installed),
            "folder": str(self._folder),
        }
        self._process = await asyncio.create_subprocess_exec(
            node(),
            str(SCRIPT),
            json.dumps(settings),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        assert self._process.stdout is not None
        async with asyncio.timeout(30):
            said = b""
            while b"listening" not in said:
                said = await self._process.stdout.readline()
                assert said, "the provider ended before it listened"

    async def stop(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()

    async def restarted_with(self, key: str) -> None:
        await self.stop()
        await self.start(key)

    async def sign_in(self, resource: str) -> dict[str, Any]:
        """Authorization code with PKCE: the person signs in and consents, the client redeems."""
        verifier = secrets.token_urlsafe(48)
        digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
        question = {
            "response_type": "code",
            "client_id": CLIENT_ID,
            "redirect_uri": REDIRECT_URI,
            "scope": "openid profile email offline_access",
            "prompt": "consent",
            "code_challenge": digest.rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            "resource": resource,
        }
        # Its cookies are for this host alone; the jar must keep them for an IP address.
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar) as browser:
            url = f"{self.issuer}/auth?{urlencode(question)}"
            for _ in range(12):
                async with browser.get(url, allow_redirects=False) as page:
                    text = await page.text()
                    location = page.headers.get("Location", "")
                if not location:
                    location = await self._fill_in(browser, url, text)
                url = urljoin(url, location)
                if url.startswith(REDIRECT_URI):
                    break
            code = parse_qs(urlsplit(url).query)["code"][0]
            return await self._token(
                browser,
                grant_type="authorization_code",
                code=code,
                redirect_uri=REDIRECT_URI,
                code_verifier=verifier,
                resource=resource,
            )

    async def refresh(self, refresh_token: str, resource: str) -> dict[str, Any]:
        async with aiohttp.ClientSession() as client:
            return await self._token(
                client,
                grant_type="refresh_token",
                refresh_token=refresh_token,
                resource=resource,
            )

    async def revoke(self, token: str) -> None:
        async with (
            aiohttp.ClientSession() as client,
            client.post(
                f"{self.issuer}/token/revocation", data={"token": token}, headers=_as_client()
            ) as answer,
        ):
            answer.raise_for_status()

    @staticmethod
    async def _fill_in(browser: aiohttp.ClientSession, url: str, page: str) -> str:
        action = re.search(r'action="([^"]+)"', page)
        prompt = re.search(r'name="prompt" value="([^"]+)"', page)
        assert action is not None, page
        assert prompt is not None, page
        form = {"prompt": prompt[1], "login": "alice", "password": "any"}
        async with browser.post(urljoin(url, action[1]), data=form, allow_redirects=False) as next_:
            return next_.headers["Location"]

    async def _token(self, client: aiohttp.ClientSession, **form: str) -> dict[str, Any]:
        async with client.post(f"{self.issuer}/token", data=form, headers=_as_client()) as answer:
            found: dict[str, Any] = await answer.json()
            assert answer.status == 200, found
            return found


def _as_client() -> dict[str, str]:
    pair = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}


@pytest.fixture(scope="module")
def installed() -> Path:
    return modules(PACKAGE)


@pytest.fixture
async def provider(installed: Path, tmp_path: Path) -> AsyncIterator[OidcProvider]:
    running = OidcProvider(tmp_path, installed)
    await running.start()
    yield running
    await running.stop()


def trusting(provider: OidcProvider, **changes: Any) -> TrustedIssuer:
    start = TrustedIssuer(
        issuer=provider.issuer,
        audience=(RSA, CURVE, OPAQUE),
        allowed_clients=(CLIENT_ID,),
        client_claims=("azp", "client_id"),
        require_at_jwt=True,
        allow_http_loopback=True,
    )
    return replace(start, **changes)


@asynccontextmanager
async def signed_in(trusted: TrustedIssuer) -> AsyncIterator[SignIn]:
    async with SignIn(configured(trusted), Clock(time.time())) as running:
        yield running


def _code(outcome: Caller | Denied) -> str:
    return outcome.code if isinstance(outcome, Denied) else "ok"


@pytest.mark.parametrize("resource", [RSA, CURVE])
async def test_its_marked_access_tokens_are_accepted_under_both_kinds_of_key(
    provider: OidcProvider, resource: str
) -> None:
    tokens = await provider.sign_in(resource)
    async with signed_in(trusting(provider)) as signin:
        caller = await signin.verifier.verify(tokens["access_token"])
        id_token = await signin.verifier.verify(tokens["id_token"])

    assert isinstance(caller, Caller), caller
    assert (caller.subject, caller.groups) == ("alice", ("kubernetes-mcp-users",))
    assert isinstance(id_token, Denied)


async def test_a_refreshed_token_is_the_same_caller(provider: OidcProvider) -> None:
    tokens = await provider.sign_in(RSA)
    again = await provider.refresh(tokens["refresh_token"], RSA)
    async with signed_in(trusting(provider)) as signin:
        first = await signin.verifier.verify(tokens["access_token"])
        second = await signin.verifier.verify(again["access_token"])

    assert isinstance(first, Caller)
    assert isinstance(second, Caller)
    assert first.key == second.key


async def test_new_keys_are_followed_and_old_ones_forgotten(provider: OidcProvider) -> None:
    old = (await provider.sign_in(RSA))["access_token"]
    async with signed_in(trusting(provider)) as signin:
        assert _code(await signin.verifier.verify(old)) == "ok"
        await provider.restarted_with("key-2")
        signin.clock.pass_s(61)
        new = (await provider.sign_in(RSA))["access_token"]

        assert _code(await signin.verifier.verify(new)) == "ok"
        assert _code(await signin.verifier.verify(old)) == "unknown-key"


async def test_its_opaque_tokens_are_introspected_and_their_revocation_seen(
    provider: OidcProvider, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    await asyncio.to_thread(secret.write_text, CLIENT_SECRET)
    introspection = IntrospectionConfig(client_id=CLIENT_ID, client_secret_file=str(secret))
    token = (await provider.sign_in(OPAQUE))["access_token"]
    async with signed_in(trusting(provider, introspection=introspection)) as signin:
        before = await signin.verifier.verify(token)
        await provider.revoke(token)
        signin.clock.pass_s(60)
        after = await signin.verifier.verify(token)

    assert isinstance(before, Caller), before
    assert before.subject == "alice"
    assert _code(after) == "token-revoked"
