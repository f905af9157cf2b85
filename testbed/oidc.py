"""An OIDC issuer that the API server trusts, with the keys in the test's hands."""

from __future__ import annotations

import base64
import json
import ssl
import threading
import time
import uuid
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from testbed.files import TrustedIssuer
from testbed.pki import Authority

#: What tokens for this bed's API server are made out to.
AUDIENCE = "kubernetes"


class Issuer:
    """Serves discovery and keys over TLS on a free loopback port, and mints tokens.

    ``rotate`` makes a new signing key and keeps serving the old one; ``forget_old_keys`` ends that.
    """

    def __init__(
        self, authority: Authority, *, path: str = "/", name: str = "issuer", port: int = 0
    ) -> None:
        self._authority = authority
        self._keys: list[tuple[str, rsa.RSAPrivateKey]] = []
        self.rotate()
        self._path = path
        pair = authority.server(name, hosts=["127.0.0.1", "localhost"])
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(pair.cert, pair.key)
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            timeout = 10  # a client that says nothing does not keep its thread

            def setup(self) -> None:
                # The handshake belongs to this connection's thread, not to the accepting one.
                self.request = tls.wrap_socket(self.request, server_side=True)
                super().setup()

            def finish(self) -> None:
                super().finish()
                self.request.close()

            def do_GET(self) -> None:
                issuer._answer(self)

            def log_message(self, *args: Any) -> None:
                return

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            block_on_close = False

            def handle_error(self, request: Any, client_address: Any) -> None:
                return  # a client that breaks off is no news

        self._server = Server(("127.0.0.1", port), Handler)
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """The ``iss`` of its tokens, trailing slash included where the path ends with one."""
        return f"https://127.0.0.1:{self._server.server_address[1]}{self._path}"

    @property
    def ca_pem(self) -> str:
        """The authority that signed its serving certificate."""
        return self._authority.pem.decode()

    @property
    def ca_file(self) -> str:
        return str(self._authority.file)

    def trusted(self, *, audiences: Sequence[str] = (AUDIENCE,), **options: Any) -> TrustedIssuer:
        """This issuer as the API server's configuration names it."""
        return TrustedIssuer(self.url, self.ca_pem, tuple(audiences), **options)

    def token(
        self,
        sub: str,
        groups: Sequence[str] = (),
        aud: str | Sequence[str] = AUDIENCE,
        *,
        expires_s: int = 600,
        headers: dict[str, Any] | None = None,
        **claims: Any,
    ) -> str:
        """An RS256 JWT. ``claims`` add to or replace the usual ones; None leaves one out."""
        now = int(time.time())
        key_id, key = self._keys[-1]
        payload: dict[str, Any] = {
            "iss": self.url,
            "sub": sub,
            "aud": aud if isinstance(aud, str) else list(aud),
            "iat": now,
            "nbf": now - 5,
            "exp": now + expires_s,
            "jti": uuid.uuid4().hex,
        }
        if groups:
            payload["groups"] = list(groups)
        payload.update(claims)
        payload = {name: value for name, value in payload.items() if value is not None}
        header = {"alg": "RS256", "typ": "JWT", "kid": key_id, **(headers or {})}
        signed = f"{_segment(header)}.{_segment(payload)}"
        signature = key.sign(signed.encode(), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{_base64url(signature)}"

    def rotate(self) -> None:
        """A new key signs from now on; the old ones stay published."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._keys.append((uuid.uuid4().hex[:16], key))

    def forget_old_keys(self) -> None:
        """Publishes only the key that signs now."""
        del self._keys[:-1]

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        root = self._path.rstrip("/")
        body: dict[str, Any] | None = None
        if handler.path == f"{root}/.well-known/openid-configuration":
            body = {
                "issuer": self.url,
                "jwks_uri": f"{self.url.rstrip('/')}/jwks",
                "authorization_endpoint": f"{self.url.rstrip('/')}/authorize",
                "token_endpoint": f"{self.url.rstrip('/')}/token",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
            }
        elif handler.path == f"{root}/jwks":
            body = {"keys": [_jwk(key_id, key) for key_id, key in self._keys]}
        data = json.dumps(body if body is not None else {"error": "not found"}).encode()
        handler.send_response(200 if body is not None else 404)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)


def _jwk(key_id: str, key: rsa.RSAPrivateKey) -> dict[str, str]:
    numbers = key.public_key().public_numbers()
    return {
        "kty": "RSA",
        "use": "sig",
        "alg": "RS256",
        "kid": key_id,
        "n": _base64url(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8)),
        "e": _base64url(numbers.e.to_bytes(3)),
    }


def _segment(value: dict[str, Any]) -> str:
    return _base64url(json.dumps(value, separators=(",", ":")).encode())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
