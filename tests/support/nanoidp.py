"""A real identity provider, not ours: nanoidp as a process on loopback, driven without a browser."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import secrets
import socket
import sys
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp

CLIENT_ID = "kubernetes-mcp-server"
CLIENT_SECRET = "a-secret-of-the-tests"
REDIRECT_URI = "http://127.0.0.1:3118/callback"
RESOURCE = "https://api.example.com/mcp/kubernetes"

#: name, password, groups; mallory's group is one that Kubernetes keeps for itself
USERS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("alice", "alice-password", ("kubernetes-mcp-users", "shop")),
    ("bob", "bob-password", ()),
    ("mallory", "mallory-password", ("shop", "system:masters")),
)


class NanoIdp:
    """``async with NanoIdp(folder) as provider:`` and it answers.

    ``redirect_uris`` are those of the one confidential client, ``scopes`` those anybody may ask for.
    """

    def __init__(
        self,
        folder: Path,
        *,
        redirect_uris: tuple[str, ...] = (REDIRECT_URI,),
        scopes: tuple[str, ...] = ("openid", "profile", "email", "offline_access"),
    ) -> None:
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self._port = int(probe.getsockname()[1])
        self._settings = {
            "config_version": 1,
            "server": {"host": "127.0.0.1", "port": self._port},
            "oauth": {
                "issuer": self.issuer,
                "audience": "nobody",
                "token_expiry_minutes": 60,
                "scopes_supported": list(scopes),
                "clients": [
                    {
                        "client_id": CLIENT_ID,
                        "client_secret": CLIENT_SECRET,
                        "redirect_uris": list(redirect_uris),
                    }
                ],
            },
            "authority_prefixes": {"groups": ""},
        }
        self._users = {
            "config_version": 1,
            "users": {
                name: {
                    "password": password,
                    "email": f"{name}@example.com",
                    "roles": ["USER"],
                    "groups": list(groups),
                    "tenant": "default",
                }
                for name, password, groups in USERS
            },
        }

    @property
    def issuer(self) -> str:
        """As tokens name it."""
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> NanoIdp:
        await asyncio.to_thread(self._write)
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "nanoidp",
            "--config",
            str(self._folder),
            "--profile",
            "oauth21",
            cwd=self._folder,  # it keeps its keys where it is started
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        await self._until_it_answers()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()

    async def sign_in(
        self,
        session: aiohttp.ClientSession,
        name: str = "alice",
        *,
        scope: str = "openid profile email",
        resource: str = RESOURCE,
    ) -> dict[str, Any]:
        """Authorization code with PKCE, as a client and the person at its browser do it together."""
        verifier = secrets.token_urlsafe(48)
        digest = hashlib.sha256(verifier.encode()).digest()
        question = {
            "response_type": "code",
            "client_id": CLIENT_ID,
            "redirect_uri": REDIRECT_URI,
            "scope": scope,
            "state": secrets.token_urlsafe(8),
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "code_challenge_method": "S256",
            "resource": resource,
        }
        location = await self.approve(
            session, f"{self.issuer}/authorize?{urlencode(question)}", name=name
        )
        code = parse_qs(urlsplit(location).query)["code"][0]
        return await self._token(
            session,
            grant_type="authorization_code",
            code=code,
            redirect_uri=REDIRECT_URI,
            code_verifier=verifier,
            resource=resource,
        )

    async def approve(
        self, session: aiohttp.ClientSession, authorize_url: str, *, name: str = "alice"
    ) -> str:
        """Fill in the sign-in page; where the browser is sent next."""
        password = next(word for user, word, _ in USERS if user == name)
        async with session.get(authorize_url, allow_redirects=False) as page:
            if page.status in (302, 303):
                return page.headers["Location"]
        form = {"username": name, "password": password}
        async with session.post(authorize_url, data=form, allow_redirects=False) as answer:
            if "Location" not in answer.headers:
                raise AssertionError(f"{answer.status}: {await answer.text()}")
            return answer.headers["Location"]

    async def refresh(self, session: aiohttp.ClientSession, refresh_token: str) -> dict[str, Any]:
        """New tokens for old."""
        return await self._token(session, grant_type="refresh_token", refresh_token=refresh_token)

    async def rotate(self, session: aiohttp.ClientSession) -> None:
        """Sign with another key from now on."""
        async with session.post(f"{self.issuer}/api/keys/rotate") as answer:
            answer.raise_for_status()

    async def revoke(self, session: aiohttp.ClientSession, token: str) -> None:
        """Take a token back."""
        async with session.post(
            f"{self.issuer}/revoke", data={"token": token}, headers=_as_client()
        ) as answer:
            answer.raise_for_status()

    async def _token(self, session: aiohttp.ClientSession, **form: str) -> dict[str, Any]:
        async with session.post(f"{self.issuer}/token", data=form, headers=_as_client()) as answer:
            found: dict[str, Any] = await answer.json()
            if answer.status != 200:
                raise AssertionError(f"{answer.status}: {found}")
            return found

    def _write(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        # JSON is YAML as well.
        (self._folder / "settings.yaml").write_text(json.dumps(self._settings))
        (self._folder / "users.yaml").write_text(json.dumps(self._users))

    async def _until_it_answers(self) -> None:
        async with asyncio.timeout(30), aiohttp.ClientSession() as session:
            while True:
                try:
                    async with session.get(f"{self.issuer}/.well-known/jwks.json") as answer:
                        if answer.status == 200:
                            return
                except aiohttp.ClientError:
                    if self._process is not None and self._process.returncode is not None:
                        raise
                await asyncio.sleep(0.05)


def _as_client() -> dict[str, str]:
    pair = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
    return {"Authorization": f"Basic {pair}"}
