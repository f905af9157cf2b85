"""Somebody at a client: what the MCP SDK's own OAuth client asks of its owner."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import parse_qs, urlsplit

import aiohttp
from mcp.client.auth import AuthorizationCodeResult
from mcp.shared.auth import OAuthClientInformationFull, OAuthToken

from kube_mcp.auth.provider import open_session
from tests.support.nanoidp import CLIENT_ID, CLIENT_SECRET, REDIRECT_URI


class SignInPage(Protocol):
    """What a provider shows to a browser."""

    async def approve(
        self, session: aiohttp.ClientSession, authorize_url: str, *, name: str = "alice"
    ) -> str:
        """Fill in the page; where the browser is sent next."""
        ...


@dataclass
class Person:
    """Somebody at a client: an OAuth client's memory, and a browser that fills in the form."""

    name: str
    provider: SignInPage
    sign_ins: list[str] = field(default_factory=list)
    tokens: list[OAuthToken] = field(default_factory=list)
    _went_to: str = ""

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens[-1] if self.tokens else None

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens.append(tokens)

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return OAuthClientInformationFull.model_validate(
            {
                "client_id": CLIENT_ID,
                "client_secret": CLIENT_SECRET,
                "redirect_uris": [REDIRECT_URI],
                "token_endpoint_auth_method": "client_secret_basic",
            }
        )

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        raise AssertionError("the client id was given; nothing is to be registered")

    async def open_browser(self, url: str) -> None:
        asked = parse_qs(urlsplit(url).query)
        assert asked["code_challenge_method"] == ["S256"]
        self.sign_ins.append(asked["scope"][0])
        async with open_session() as browser:
            self._went_to = await self.provider.approve(browser, url, name=self.name)

    async def come_back(self) -> AuthorizationCodeResult:
        answer = parse_qs(urlsplit(self._went_to).query)
        return AuthorizationCodeResult(code=answer["code"][0], state=answer["state"][0])
