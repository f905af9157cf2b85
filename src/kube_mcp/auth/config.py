"""What an operator sets about sign-in, checked as a whole before anything is started."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from kube_mcp.auth.claims import ClaimNames
from kube_mcp.auth.provider import url_problem

#: Signatures with a public key only. An HMAC would make everyone who can verify able to sign.
ASYMMETRIC_ALGORITHMS = frozenset(
    {
        "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512",
        "Ed25519", "EdDSA",
    }
)  # fmt: skip
DEFAULT_ALGORITHMS = ("RS256", "ES256", "ES384")
#: Clocks that differ by more than this are a fault to repair, not one to tolerate.
MAX_LEEWAY_S = 30

_SCOPE_TOKEN = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+")
_ORIGIN = re.compile(r"https?://[^/?#@\s]+", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class IntrospectionConfig:
    """Ask the provider about each token (RFC 7662): sees revocation, understands opaque tokens.

    ``url`` is empty to take it from the discovery document. ``when`` is ``opaque`` (only for
    tokens that are not JWTs), ``always`` (on top of the signature as well) or ``only`` (no JWT is
    validated here). ``audience_optional`` accepts answers that name no audience at all, for
    providers that answer only for tokens made out to the asking client.
    """

    client_id: str
    client_secret_file: str
    url: str = ""
    client_auth: str = "basic"
    when: str = "opaque"
    cache_s: float = 60.0
    audience_optional: bool = False

    def problems(self, *, allow_http_loopback: bool) -> Iterator[str]:
        """What contradicts itself, one sentence each."""
        where = "auth.introspection"
        if not self.client_id:
            yield f"{where}.client_id is empty; expected the client that may ask."
        if not self.client_secret_file:
            yield f"{where}.client_secret_file is empty; expected the path of a file."
        if self.client_auth not in ("basic", "post"):
            yield f"{where}.client_auth is {self.client_auth!r}; expected 'basic' or 'post'."
        if self.when not in ("opaque", "always", "only"):
            yield f"{where}.when is {self.when!r}; expected 'opaque', 'always' or 'only'."
        if not 0 < self.cache_s <= 60:
            yield (
                f"{where}.cache_s is {self.cache_s:g}; expected more than 0 and at most 60,"
                " because a revoked token stays valid that long."
            )
        if self.url and (problem := url_problem(self.url, allow_http_loopback=allow_http_loopback)):
            yield f"{where}.url: {problem}."


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedIssuer:
    """One provider application whose tokens are accepted.

    ``issuer`` is compared byte for byte, trailing slash included. ``audience`` lists what ``aud``
    may name: this server's public URL, or the client ids of providers that cannot put it there.
    ``client_claims`` are tried in order for the client that asked for the token.
    ``jwks_uri`` is empty to take it from the discovery document. ``allow_http_loopback`` is for
    tests and development: plain http to this machine only.
    """

    issuer: str
    audience: tuple[str, ...]
    allowed_clients: tuple[str, ...]
    jwks_uri: str = ""
    ca_file: str = ""
    algorithms: tuple[str, ...] = DEFAULT_ALGORITHMS
    require_at_jwt: bool = False
    client_claims: tuple[str, ...] = ("azp",)
    claims: ClaimNames = field(default_factory=ClaimNames)
    introspection: IntrospectionConfig | None = None
    allow_http_loopback: bool = False

    def problems(self, where: str) -> Iterator[str]:
        """What contradicts itself, one sentence each."""
        if problem := url_problem(self.issuer, allow_http_loopback=self.allow_http_loopback):
            yield f"{where}: issuer: {problem}."
        elif urlsplit(self.issuer).query:
            yield f"{where}: issuer {self.issuer!r} has a query; an issuer is a plain URL."
        if self.jwks_uri and (
            problem := url_problem(self.jwks_uri, allow_http_loopback=self.allow_http_loopback)
        ):
            yield f"{where}: jwks_uri: {problem}."
        if not [name for name in self.audience if name.strip()]:
            yield (
                f"{where}: audience is empty, so a token made out to anybody would open this"
                " server; set the public URL, or the client id where the provider puts that in aud."
            )
        elif "" in self.audience:
            yield f"{where}: audience holds an empty entry."
        if not self.allowed_clients:
            yield f"{where}: allowed_clients is empty; list the client ids that may call."
        elif "" in self.allowed_clients:
            yield f"{where}: allowed_clients holds an empty entry."
        if not self.client_claims:
            yield f"{where}: client_claims is empty; expected 'azp', or 'azp' and 'client_id'."
        if not self.algorithms:
            yield f"auth.algorithms is empty; the default is {', '.join(DEFAULT_ALGORITHMS)}."
        for name in self.algorithms:
            if name not in ASYMMETRIC_ALGORITHMS:
                yield (
                    f"auth.algorithms holds {name!r}, which is not one of"
                    f" {', '.join(sorted(ASYMMETRIC_ALGORITHMS))}."
                    " Shared-secret and unsigned tokens are never accepted."
                )
        yield from self.claims.problems(where)
        if self.introspection is not None:
            yield from self.introspection.problems(allow_http_loopback=self.allow_http_loopback)


@dataclass(frozen=True, slots=True, kw_only=True)
class CorsConfig:
    """Which browser pages may call. Empty is off: right where the proxy answers for CORS."""

    allowed_origins: tuple[str, ...] = ()

    def problems(self) -> Iterator[str]:
        """What cannot work, one sentence each."""
        for origin in self.allowed_origins:
            if origin != "*" and not _ORIGIN.fullmatch(origin):
                yield (
                    f"server.allowed_origins: {origin!r} is not an origin;"
                    " expected scheme, host and port alone, such as 'http://localhost:6274'."
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthConfig:
    """Sign-in as a whole.

    ``public_urls`` are the addresses clients type, the first being the main one; every absolute
    URL this server hands out is built from them. ``required_scopes`` must all be in a token, one
    of ``required_groups`` must be. ``challenge_scopes`` is what a client is told to ask for.
    """

    public_urls: tuple[str, ...]
    issuers: tuple[TrustedIssuer, ...]
    required_scopes: tuple[str, ...] = ("openid",)
    required_groups: tuple[str, ...] = ()
    challenge_scopes: tuple[str, ...] = ("openid", "profile", "email")
    advertise_offline_access: bool = False
    relay_authorization_server: bool = False
    resource_name: str = "Kubernetes"
    resource_documentation: str = ""
    leeway_s: int = 10
    max_token_bytes: int = 16 * 1024
    token_cache_s: float = 60.0
    token_cache_entries: int = 4096
    cors: CorsConfig = field(default_factory=CorsConfig)
    allow_http_loopback: bool = False

    @property
    def sign_in_scopes(self) -> tuple[str, ...]:
        """What clients are told to ask for, in the challenge and in the metadata alike.

        ``offline_access`` stands in both where it is switched on: a client that reads scopes in
        the challenge does not look for more in the metadata.
        """
        scopes = tuple(scope for scope in self.challenge_scopes if scope != "offline_access")
        return (*scopes, "offline_access") if self.advertise_offline_access else scopes

    def problems(self) -> list[str]:
        """Everything that keeps this from being started, one sentence each; empty where all is well.

        Settings are called by the names they have in the configuration file.
        """
        return list(dict.fromkeys(self._problems()))

    def _problems(self) -> Iterator[str]:
        if not self.public_urls:
            yield (
                "server.public_urls is empty; expected the URLs that clients type, path included."
            )
        for url in self.public_urls:
            problem = public_url_problem(url, allow_http_loopback=self.allow_http_loopback)
            if problem:
                yield problem
        for url in sorted({url for url in self.public_urls if self.public_urls.count(url) > 1}):
            yield f"server.public_urls: {url!r} stands twice."
        if not self.issuers:
            yield (
                "auth.issuers is empty; expected the issuer URL exactly as the provider writes it,"
                " trailing slash included."
            )
        seen: set[str] = set()
        for number, issuer in enumerate(self.issuers, 1):
            where = f"auth.issuers, entry {number}"
            if issuer.issuer:
                where += f" ({issuer.issuer})"
            yield from issuer.problems(where)
            if issuer.issuer in seen:
                yield f"{where} stands twice; put its audiences and clients into one entry."
            seen.add(issuer.issuer)
        for setting, scopes in (
            ("auth.required_scopes", self.required_scopes),
            ("auth.scopes_supported", self.challenge_scopes),
        ):
            for scope in scopes:
                if not _SCOPE_TOKEN.fullmatch(scope):
                    yield (
                        f"{setting} holds {scope!r}; a scope is one word without blanks or quotes."
                    )
        if missing := [s for s in self.required_scopes if s not in self.challenge_scopes]:
            yield (
                f"auth.required_scopes asks for {', '.join(missing)}, which auth.scopes_supported"
                " does not name: clients would sign in without it and be refused."
            )
        if "" in self.required_groups:
            yield "auth.required_groups holds an empty entry."
        if not 0 <= self.leeway_s <= MAX_LEEWAY_S:
            yield f"auth.leeway_s is {self.leeway_s}; expected 0 to {MAX_LEEWAY_S}."
        if not 512 <= self.max_token_bytes <= 64 * 1024:
            yield f"max_token_bytes is {self.max_token_bytes}; expected 512 to 65536."
        if not 0 <= self.token_cache_s <= 300:
            yield (
                f"token_cache_s is {self.token_cache_s:g}; expected 0 to 300, because a removed"
                " key goes unnoticed that long."
            )
        if self.token_cache_entries < 1:
            yield f"token_cache_entries is {self.token_cache_entries}; expected at least 1."
        yield from self.cors.problems()


def public_url_problem(url: str, *, allow_http_loopback: bool = False) -> str:
    """Why ``url`` cannot be the address that clients type, or an empty string."""
    name = "server.public_urls"
    if problem := url_problem(url, allow_http_loopback=allow_http_loopback):
        return f"{name}: {problem}."
    parts = urlsplit(url)
    if parts.query:
        return f"{name}: {url!r} has a query; clients compare the URL as typed."
    if url.endswith("/"):
        return f"{name}: {url!r} ends with a slash; clients drop it and then compare strings."
    if parts.netloc != parts.netloc.lower():
        return f"{name}: {url!r} has capitals in the host; write it in lower case."
    if re.search(r"//|/\.{1,2}(/|$)|[%\s]", parts.path):
        return f"{name}: {url!r} has a path that a proxy could rewrite; use plain segments."
    return ""
