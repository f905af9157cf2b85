"""The whole way in at a provider shaped like authentik: authorization code with PKCE, and refresh.

What is not shaped like other providers: an issuer with a path and a trailing slash, endpoints that
belong to the host, discovery that answers 404 at the two places where clients look first, no
registration, no ``resource``, the client id as audience, and a refresh token only for
``offline_access``.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import aiohttp
from aiohttp import web

from tests.support.issuer import CLIENT_ID, FakeIssuer


@dataclass(frozen=True)
class _Asked:
    name: str
    scope: str
    challenge: str
    redirect_uri: str


class Authentik(FakeIssuer):
    """Everybody who comes signs in; ``asked`` holds every path, in order, with its status."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[str, int]] = []
        self._codes: dict[str, _Asked] = {}
        self._refresh: dict[str, _Asked] = {}

    async def approve(
        self, session: aiohttp.ClientSession, authorize_url: str, *, name: str = "alice"
    ) -> str:
        """Fill in the sign-in page; where the browser is sent next."""
        form = {"username": name}
        async with session.post(authorize_url, data=form, allow_redirects=False) as answer:
            return answer.headers["Location"]

    def _discovery(self) -> dict[str, Any]:
        return {
            **super()._discovery(),
            "response_types_supported": ["code", "id_token", "id_token token", "code token"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        }

    async def _handle(self, request: web.Request) -> web.Response:
        answer = await self._answer(request)
        self.asked.append((request.path, answer.status))
        return answer

    async def _answer(self, request: web.Request) -> web.Response:
        if request.path == "/application/o/authorize/" and request.method == "POST":
            return await self._authorize(request)
        if request.path == "/application/o/token/" and request.method == "POST":
            form = await request.post()
            if form.get("grant_type") in ("authorization_code", "refresh_token"):
                return self._tokens({name: str(value) for name, value in form.items()})
        return await super()._handle(request)

    async def _authorize(self, request: web.Request) -> web.Response:
        query, form = request.query, await request.post()
        if query.get("client_id") != CLIENT_ID or query.get("code_challenge_method") != "S256":
            return web.Response(status=400, text="client id, or PKCE")
        code = secrets.token_urlsafe()
        self._codes[code] = _Asked(
            str(form["username"]), query["scope"], query["code_challenge"], query["redirect_uri"]
        )
        back = urlencode({"code": code, "state": query.get("state", "")})
        return web.Response(status=302, headers={"Location": f"{query['redirect_uri']}?{back}"})

    def _tokens(self, form: dict[str, str]) -> web.Response:
        if form["grant_type"] == "authorization_code":
            asked = self._codes.pop(form["code"], None)
            proof = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            challenge = base64.urlsafe_b64encode(proof).decode().rstrip("=")
            if asked is None or asked.challenge != challenge:
                return web.json_response({"error": "invalid_grant"}, status=400)
        else:
            asked = self._refresh.pop(form["refresh_token"], None)
            if asked is None:
                return web.json_response({"error": "invalid_grant"}, status=400)
        now = int(time.time())
        made: dict[str, Any] = {"sub": f"hashed-{asked.name}", "preferred_username": asked.name,
                "scope": asked.scope, "iat": now, "exp": now + 3600,
                "jti": secrets.token_hex(8)}  # fmt: skip
        answer: dict[str, Any] = {
            "access_token": self.token(**made),
            "id_token": self.token(**{**made, "azp": ..., "uid": ..., "scope": ...}),
            "token_type": "Bearer",
            "scope": asked.scope,
            "expires_in": 3600,
        }
        if "offline_access" in asked.scope.split():
            answer["refresh_token"] = secrets.token_urlsafe()
            self._refresh[answer["refresh_token"]] = asked
        return web.json_response(answer)
