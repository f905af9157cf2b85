"""An identity provider over real loopback HTTP, with real keys.

Shaped like authentik: an issuer with a path and a trailing slash, metadata that answers 404 at
both places where clients look first and 200 at the third, no `resource`, the client id as
audience. What a test wants otherwise it sets on the instance while it runs.
"""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections import Counter
from collections.abc import Mapping
from functools import cache
from types import TracebackType
from typing import Any
from urllib.parse import unquote_plus

from aiohttp import web
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

CLIENT_ID = "kubernetes-mcp-server"
CLIENT_SECRET = "a secret that stays in the tests"
APPLICATION = "/application/o/kubernetes-mcp/"


@cache
def rsa_key(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """A key made once a test run; another name, another key."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@cache
def ec_key(name: str, curve: str = "P-256") -> ec.EllipticCurvePrivateKey:
    """The same on a curve."""
    kinds: dict[str, ec.EllipticCurve] = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1()}
    return ec.generate_private_key(kinds[curve])


def base64url(data: bytes) -> str:
    """Without padding, as tokens have it."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def public_jwk(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey, **members: Any
) -> dict[str, Any]:
    """The public half as it stands in a key set."""
    if isinstance(key, ed25519.Ed25519PrivateKey):
        raw = base64url(key.public_key().public_bytes_raw())
        return {"kty": "OKP", "crv": "Ed25519", "x": raw, "use": "sig", **members}
    numbers: Any = key.public_key().public_numbers()
    if isinstance(key, rsa.RSAPrivateKey):
        found = {"kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e)}
    else:
        size = (key.key_size + 7) // 8
        found = {"kty": "EC", "crv": f"P-{key.key_size}"}
        found |= {name: _number(getattr(numbers, name), size) for name in ("x", "y")}
    return {**found, "use": "sig", **members}


def _number(value: int, size: int = 0) -> str:
    return base64url(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


def signature(signing_input: bytes, algorithm: str, key: Any) -> bytes:
    """A JWS signature made without the library under test, so that anything can be signed."""
    if algorithm == "none":
        return b""
    if algorithm.startswith("HS"):
        import hmac

        return hmac.digest(key, signing_input, f"sha{algorithm[2:]}")
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(signing_input)
    digest = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}[algorithm[2:]]
    if isinstance(key, rsa.RSAPrivateKey):
        if algorithm.startswith("PS"):
            salt = padding.PSS(padding.MGF1(digest), digest.digest_size)
            return key.sign(signing_input, salt, digest)
        return key.sign(signing_input, padding.PKCS1v15(), digest)
    size = (key.key_size + 7) // 8
    r, s = decode_dss_signature(key.sign(signing_input, ec.ECDSA(digest)))
    return r.to_bytes(size, "big") + s.to_bytes(size, "big")


def compact(header: str | bytes, payload: str | bytes, *, algorithm: str, key: Any) -> str:
    """A token from header and payload as text, so that they may be nonsense."""
    parts = [item.encode() if isinstance(item, str) else item for item in (header, payload)]
    head = ".".join(base64url(part) for part in parts)
    return f"{head}.{base64url(signature(head.encode('ascii'), algorithm, key))}"


class FakeIssuer:
    """``async with FakeIssuer() as issuer:`` and it listens.

    ``hits`` counts requests by path's last word. ``down`` makes every answer a 503; ``silent`` keeps
    every answer back until it is set; ``reached`` is set by the first request, ``asking`` counts requests that are being answered, and
    ``most_at_once`` how many there were at a time; `stop` and `start` close and reopen the port itself.
    """

    def __init__(self, *, trailing_slash: bool = True, now: float | None = None) -> None:
        self.trailing_slash = trailing_slash
        self.now = time.time() if now is None else now
        self.keys: dict[str, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey] = {
            "key-1": rsa_key("key-1")
        }
        self.hits: Counter[str] = Counter()
        self.down = False
        self.silent: asyncio.Event | None = None
        self.reached = asyncio.Event()
        self.asking = 0
        self.most_at_once = 0
        self.discovery_changes: dict[str, Any] = {}
        self.jwks: dict[str, Any] | None = None
        self.raw_answers: dict[str, web.Response] = {}
        self.introspected: dict[str, dict[str, Any]] = {}
        self.exchanges: list[dict[str, str]] = []
        self.exchange_answer: tuple[int, dict[str, Any]] | None = None
        self._port = 0
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> FakeIssuer:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        problem: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen; on the same port as before, if there was a before."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self._port, reuse_address=True)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Close the port: connections are refused from now on."""
        if self.silent is not None:
            self.silent.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def origin(self) -> str:
        """Scheme, host and port."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def issuer(self) -> str:
        """The issuer exactly as tokens and metadata name it."""
        path = APPLICATION if self.trailing_slash else APPLICATION.rstrip("/")
        return f"{self.origin}{path}"

    @property
    def jwks_uri(self) -> str:
        """Where the keys are."""
        return f"{self.origin}{APPLICATION}jwks/"

    def claims(self, **changes: Any) -> dict[str, Any]:
        """What an access token says; a claim changed to `...` is left out."""
        whole = {
            "iss": self.issuer,
            "sub": "0b3f7c9e-1f0e-4f0c-9c57-2f5d1f0f1a11",
            "aud": CLIENT_ID,
            "exp": int(self.now) + 3600,
            "iat": int(self.now),
            "auth_time": int(self.now) - 5,
            "acr": "goauthentik.io/providers/oauth2/default",
            "amr": ["pwd"],
            "sid": "5f1c",
            "jti": "b2e1",
            "email": "alice@example.com",
            "email_verified": False,
            "name": "Alice Example",
            "given_name": "Alice Example",
            "preferred_username": "alice",
            "nickname": "alice",
            "groups": ["kubernetes-mcp-users", "platform"],
            "azp": CLIENT_ID,
            "uid": "u-1",
            "scope": "openid profile email",
            **changes,
        }
        return {name: value for name, value in whole.items() if value is not ...}

    def token(
        self,
        claims: Mapping[str, Any] | None = None,
        *,
        header: Mapping[str, Any] | None = None,
        kid: str = "key-1",
        key: Any = None,
        **changes: Any,
    ) -> str:
        """A signed token. ``header`` adds to, or with `...` takes from, ``alg``, ``kid``, ``typ``."""
        signing = key if key is not None else self.keys[kid]
        algorithm = _algorithm_of(signing)
        head = {"alg": algorithm, "kid": kid, "typ": "JWT", **(header or {})}
        head = {name: value for name, value in head.items() if value is not ...}
        body = dict(claims) if claims is not None else self.claims(**changes)
        used = str(head.get("alg", algorithm))
        if used not in _KNOWN:
            used = algorithm
        return compact(json.dumps(head), json.dumps(body), algorithm=used, key=signing)

    def id_token(self) -> str:
        """An ID token as authentik makes it: the same, but without client, uid and scope."""
        return self.token(azp=..., uid=..., scope=...)

    def rotate(self, kid: str, *, keep: bool = False) -> None:
        """Sign with a new key; the old one disappears from the key set unless kept."""
        old = self.keys if keep else {}
        self.keys = {**old, kid: rsa_key(kid)}

    async def _handle(self, request: web.Request) -> web.Response:
        path = request.path
        word = path.rstrip("/").rpartition("/")[2]
        self.hits[word] += 1
        self.reached.set()
        self.asking += 1
        self.most_at_once = max(self.most_at_once, self.asking)
        try:
            if self.silent is not None:
                await self.silent.wait()
            return await self._served(request, word)
        finally:
            self.asking -= 1

    async def _served(self, request: web.Request, word: str) -> web.Response:
        path = request.path
        if self.down:
            return web.Response(status=503, text="down for maintenance")
        if word in self.raw_answers:
            return self.raw_answers[word]
        if path == f"{APPLICATION}.well-known/openid-configuration":
            return web.json_response(self._discovery())
        if path == f"{APPLICATION}jwks/":
            return web.json_response(self._jwks())
        if path == "/application/o/introspect/" and request.method == "POST":
            return await self._introspect(request)
        if path == "/application/o/token/" and request.method == "POST":
            return await self._exchange(request)
        return web.Response(status=404)

    def _discovery(self) -> dict[str, Any]:
        endpoints = f"{self.origin}/application/o"
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{endpoints}/authorize/",
            "token_endpoint": f"{endpoints}/token/",
            "introspection_endpoint": f"{endpoints}/introspect/",
            "jwks_uri": self.jwks_uri,
            "code_challenge_methods_supported": ["plain", "S256"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            **self.discovery_changes,
        }

    def _jwks(self) -> dict[str, Any]:
        if self.jwks is not None:
            return self.jwks
        return {
            "keys": [
                public_jwk(key, kid=kid, alg=_algorithm_of(key)) for kid, key in self.keys.items()
            ]
        }

    async def _introspect(self, request: web.Request) -> web.Response:
        form = await request.post()
        if not _is_client(request, form):
            return web.json_response({"error": "invalid_client"}, status=401)
        answer = self.introspected.get(str(form["token"]))
        return web.json_response({"active": True, **answer} if answer else {"active": False})

    async def _exchange(self, request: web.Request) -> web.Response:
        form = await request.post()
        if not _is_client(request, form):
            return web.json_response({"error": "invalid_client"}, status=401)
        self.exchanges.append({name: str(value) for name, value in form.items()})
        if self.exchange_answer is not None:
            status, document = self.exchange_answer
            return web.json_response(document, status=status)
        return web.json_response(
            {
                "access_token": f"cluster-token-{len(self.exchanges)}",
                "issued_token_type": "urn:ietf:params:oauth:token-type:access_token",
                "token_type": "Bearer",
                "expires_in": 300,
            }
        )


def _is_client(request: web.Request, form: Mapping[str, Any]) -> bool:
    given = request.headers.get("Authorization", "")
    if given.startswith("Basic "):
        name, _, secret = base64.b64decode(given[6:]).decode().partition(":")
        return (unquote_plus(name), unquote_plus(secret)) == (CLIENT_ID, CLIENT_SECRET)
    return (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)


_KNOWN = {"RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "EdDSA", "Ed25519", "HS256",
          "HS512", "none"}  # fmt: skip


def _algorithm_of(key: Any) -> str:
    if isinstance(key, rsa.RSAPrivateKey):
        return "RS256"
    if isinstance(key, ec.EllipticCurvePrivateKey):
        return "ES256" if key.key_size == 256 else "ES384"
    return "HS256"


def hmac_jwk(secret: str, **members: Any) -> dict[str, Any]:
    """A symmetric key as it must never stand in a key set, but might."""
    return {"kty": "oct", "k": base64url(secret.encode()), **members}
