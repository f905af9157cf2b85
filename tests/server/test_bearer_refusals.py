"""The negative matrix: crafted requests, each refused with its status and reason code.

Every request goes through the real middleware against a provider on real loopback HTTP, and
none may reach the application inside.
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest

from kube_mcp.access.admission import admission
from kube_mcp.access.modes.impersonate import ImpersonateConfig, ImpersonateMode
from tests.support.asgi import call
from tests.support.issuer import (
    CLIENT_SECRET,
    FakeIssuer,
    base64url,
    compact,
    ec_key,
    public_jwk,
    rsa_key,
)
from tests.support.signin import Clock, SignIn, configured, trusting

Header = tuple[str, str]


@dataclass(frozen=True)
class Crafted:
    """One request: either a token, or whole headers."""

    token: str = ""
    headers: tuple[Header, ...] = ()
    query: str = ""
    body: bytes = b"{}"

    def lines(self) -> Iterable[Header]:
        if self.token:
            yield ("Authorization", f"Bearer {self.token}")
        yield from self.headers

    def secrets(self) -> list[str]:
        """What must never be written down: the token or its beginning, and its signature."""
        given = [self.token, self.token.rpartition(".")[2]]
        for name, value in self.headers:
            if name == "Authorization":
                given += [word[:12] for word in value.split() if len(word) > 12]
        return [part for part in given if len(part) >= 12]


@dataclass(frozen=True)
class Case:
    name: str
    make: Callable[[FakeIssuer], Crafted]
    status: int
    code: str
    config: dict[str, Any] = field(default_factory=dict)
    trust: dict[str, Any] = field(default_factory=dict)


def token(name: str, status: int, code: str, **changes: Any) -> Case:
    """A token that differs from a good one by the claims named."""
    return Case(name, lambda issuer: Crafted(issuer.token(**changes)), status, code)


def header(name: str, status: int, code: str, **changes: Any) -> Case:
    """A token that differs from a good one by the header fields named."""
    return Case(name, lambda issuer: Crafted(issuer.token(header=changes)), status, code)


def raw(name: str, status: int, code: str, head: str, body: str | None = None) -> Case:
    """A token from texts, signed with the good key; ``{…}`` stands for the good claims."""

    def make(issuer: FakeIssuer) -> Crafted:
        good = json.dumps(issuer.claims())
        text = good if body is None else body.replace("{…}", good[1:-1])
        return Crafted(compact(head, text, algorithm="RS256", key=issuer.keys["key-1"]))

    return Case(name, make, status, code)


def request(name: str, status: int, code: str, make: Callable[[str], Crafted]) -> Case:
    """A request built around a token that is good in itself."""
    return Case(name, lambda issuer: make(issuer.token()), status, code)


def _signed_with_public_key(issuer: FakeIssuer) -> Crafted:
    from cryptography.hazmat.primitives import serialization

    pem = (
        issuer.keys["key-1"]
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return Crafted(issuer.token(key=pem))


def _jwk_in_header(issuer: FakeIssuer) -> Crafted:
    mine = rsa_key("attacker")
    return Crafted(issuer.token(key=mine, header={"jwk": public_jwk(mine, kid="key-1")}))


def _swapped_payload(issuer: FakeIssuer) -> Crafted:
    head, _, sign = issuer.token().split(".")
    body = base64url(json.dumps(issuer.claims(groups=["admins"])).encode())
    return Crafted(f"{head}.{body}.{sign}")


def _without_signature(issuer: FakeIssuer) -> Crafted:
    head, body, _ = issuer.token().split(".")
    return Crafted(f"{head}.{body}.")


def _encrypted(issuer: FakeIssuer) -> Crafted:
    head = base64url(b'{"alg":"RSA-OAEP","enc":"A256GCM"}')
    return Crafted(f"{head}.{base64url(b'key')}.{base64url(b'iv')}.{base64url(b'text')}.dGFn")


def _deep(issuer: FakeIssuer) -> Crafted:
    head = '{"alg":"RS256","kid":"key-1"}'
    body = '{"a":' + "[" * 5000
    return Crafted(compact(head, body, algorithm="RS256", key=issuer.keys["key-1"]))


HEAD = '{"alg":"RS256","kid":"key-1","typ":"JWT"}'
NOW = int(time.time())

CASES = [
    # Who issued it, and to whom
    Case(
        "issuer without the trailing slash",
        lambda issuer: Crafted(issuer.token(iss=issuer.issuer.rstrip("/"))),
        401,
        "wrong-issuer",
    ),
    Case(
        "issuer with a second slash",
        lambda issuer: Crafted(issuer.token(iss=f"{issuer.issuer}/")),
        401,
        "wrong-issuer",
    ),
    Case(
        "issuer in capitals",
        lambda issuer: Crafted(issuer.token(iss=issuer.issuer.replace("http:", "HTTP:"))),
        401,
        "wrong-issuer",
    ),
    token("another issuer", 401, "wrong-issuer", iss="https://evil.example.com/"),
    token("no issuer", 401, "wrong-issuer", iss=...),
    token("a list of issuers", 401, "wrong-issuer", iss=["https://evil.example.com/"]),
    token("another audience", 401, "wrong-audience", aud="grafana"),
    token("no audience", 401, "wrong-audience", aud=...),
    token("an empty audience", 401, "wrong-audience", aud=""),
    token("an empty list of audiences", 401, "wrong-audience", aud=[]),
    token(
        "an audience that only starts alike", 401, "wrong-audience", aud="kubernetes-mcp-server-2"
    ),
    token("an audience in capitals", 401, "wrong-audience", aud="KUBERNETES-MCP-SERVER"),
    token("an audience that is an object", 401, "wrong-audience", aud={"kubernetes-mcp-server": 1}),
    token(
        "audiences that are not all text", 401, "wrong-audience", aud=["kubernetes-mcp-server", 1]
    ),
    token(
        "another application's token, signed by the same key",
        401,
        "wrong-audience",
        aud="grafana",
        azp="grafana",
    ),
    token("a client that is not allowed", 401, "client-not-allowed", azp="some-other-client"),
    token("a client name that is not text", 401, "bad-claim", azp=["kubernetes-mcp-server"]),
    token("no client", 401, "missing-azp", azp=...),
    token(
        "client_id where only azp counts",
        401,
        "missing-azp",
        azp=...,
        client_id="kubernetes-mcp-server",
    ),
    # What kind of token
    Case("an ID token", lambda issuer: Crafted(issuer.id_token()), 401, "id-token"),
    token("an ID token with a token hash", 401, "id-token", at_hash="x"),
    token("an ID token that says so", 401, "id-token", token_use="id"),
    token("an ID token as Keycloak marks it", 401, "id-token", typ="ID"),
    token("a refresh token", 401, "wrong-token-type", typ="Refresh"),
    token("an offline token", 401, "wrong-token-type", typ="Offline"),
    token(
        "a logout token by its events",
        401,
        "logout-token",
        events={"http://schemas.openid.net/event/backchannel-logout": {}},
    ),
    header("a logout token by its type", 401, "logout-token", typ="logout+jwt"),
    header("a proof of possession", 401, "wrong-token-type", typ="dpop+jwt"),
    header("a type that is not text", 401, "bad-header", typ=1),
    Case(
        "a plain JWT where at+jwt is required",
        lambda issuer: Crafted(issuer.token()),
        401,
        "wrong-token-type",
        trust={"require_at_jwt": True},
    ),
    Case("an encrypted token", _encrypted, 401, "encrypted-token"),
    # How it is signed
    Case(
        "alg none",
        lambda issuer: Crafted(issuer.token(header={"alg": "none"})),
        401,
        "unsigned-token",
    ),
    Case(
        "alg none with a signature",
        lambda issuer: Crafted(issuer.token(header={"alg": "none"}) + "AAAA"),
        401,
        "algorithm-not-allowed",
    ),
    Case(
        "alg None in other capitals",
        lambda issuer: Crafted(issuer.token(header={"alg": "nOnE"})),
        401,
        "algorithm-not-allowed",
    ),
    Case(
        "HS256 signed with the client secret",
        lambda issuer: Crafted(issuer.token(key=CLIENT_SECRET.encode())),
        401,
        "algorithm-not-allowed",
    ),
    Case("HS256 signed with the public key", _signed_with_public_key, 401, "algorithm-not-allowed"),
    header("an algorithm that is allowed nowhere", 401, "algorithm-not-allowed", alg="RS512"),
    header("no algorithm", 401, "algorithm-not-allowed", alg=...),
    header("a list of algorithms", 401, "algorithm-not-allowed", alg=["RS256"]),
    Case(
        "the right key under the wrong algorithm",
        lambda issuer: Crafted(issuer.token(header={"alg": "ES256"}, key=ec_key("attacker"))),
        401,
        "unknown-key",
    ),
    Case(
        "another key under a known key id",
        lambda issuer: Crafted(issuer.token(key=rsa_key("attacker"))),
        401,
        "bad-signature",
    ),
    header("an unknown key id", 401, "unknown-key", kid="key-2"),
    header("a key id that is not text", 401, "bad-header", kid=7),
    header("an empty key id", 401, "bad-header", kid=""),
    header("a key id as long as a book", 401, "bad-header", kid="k" * 300),
    header("a key id that is a path", 401, "unknown-key", kid="../../../../dev/null"),
    Case("a key brought along in the header", _jwk_in_header, 401, "bad-signature"),
    Case(
        "a key set named in the header",
        lambda issuer: Crafted(
            issuer.token(key=rsa_key("attacker"), header={"jku": "https://evil.example.com/jwks"})
        ),
        401,
        "bad-signature",
    ),
    Case("a payload exchanged under the signature", _swapped_payload, 401, "bad-signature"),
    Case("no signature", _without_signature, 401, "unsigned-token"),
    header("crit", 401, "crit-header", crit=["exp"]),
    header("an empty crit", 401, "crit-header", crit=[]),
    header("b64", 401, "b64-header", b64=False),
    header("b64 made critical", 401, "crit-header", crit=["b64"], b64=False),
    # When
    token("expired", 401, "token-expired", exp=NOW - 11),
    token("expired an hour ago", 401, "token-expired", exp=NOW - 3600),
    token("exp as a string", 401, "bad-time", exp=str(NOW + 3600)),
    token("exp as a fraction", 401, "bad-time", exp=NOW + 3600.5),
    token("exp as true", 401, "bad-time", exp=True),
    token("exp as null", 401, "bad-time", exp=None),
    token("exp below zero", 401, "bad-time", exp=-1),
    token("exp beyond all years", 401, "bad-time", exp=10**18),
    token("no exp", 401, "missing-exp", exp=...),
    token("no iat", 401, "missing-iat", iat=...),
    token("issued in the future", 401, "issued-in-future", iat=NOW + 60),
    token("iat as a string", 401, "bad-time", iat=str(NOW)),
    token("not valid yet", 401, "not-yet-valid", nbf=NOW + 60),
    token("nbf as a list", 401, "bad-time", nbf=[NOW]),
    raw("exp as NaN", 401, "malformed-token", HEAD, '{{…}, "exp2": NaN}'),
    raw("exp as Infinity", 401, "malformed-token", HEAD, '{{…}, "exp2": Infinity}'),
    Case(
        "exp as 1e400",
        lambda issuer: Crafted(
            compact(
                HEAD,
                json.dumps(issuer.claims(exp=111)).replace("111,", "1e400,"),
                algorithm="RS256",
                key=issuer.keys["key-1"],
            )
        ),
        401,
        "bad-time",
    ),
    # What it grants
    token("no scope", 401, "missing-scope-claim", scope=...),
    token("a scope that is not text", 401, "bad-claim", scope=7),
    token("an empty scope", 403, "missing-scope", scope=""),
    token("without a required scope", 403, "missing-scope", scope="profile email"),
    token("a scope that only starts alike", 403, "missing-scope", scope="openid2"),
    Case(
        "in none of the required groups",
        lambda issuer: Crafted(issuer.token(groups=["guests"])),
        403,
        "missing-group",
        config={"required_groups": ("kubernetes-mcp-users",)},
    ),
    Case(
        "without any group where one is required",
        lambda issuer: Crafted(issuer.token(groups=...)),
        403,
        "missing-group",
        config={"required_groups": ("kubernetes-mcp-users",)},
    ),
    token("groups that are an object", 401, "bad-claim", groups={"admins": True}),
    token("a group that is a number", 401, "bad-claim", groups=["platform", 5]),
    token("a group without a name", 401, "bad-claim", groups=[""]),
    token(
        "more groups than anybody has", 403, "too-many-groups", groups=[f"g{n}" for n in range(600)]
    ),
    # Names
    token("no subject", 401, "missing-sub", sub=...),
    token("an empty subject", 401, "bad-claim", sub=""),
    token("a subject that is a number", 401, "bad-claim", sub=42),
    token("a line end in the subject", 401, "unsafe-name", sub="alice\r\nImpersonate-Group: x"),
    token("a null byte in the subject", 401, "unsafe-name", sub="alice\x00"),
    token("a line end in a group", 401, "unsafe-name", groups=["a\nb"]),
    token("a blank before a group", 401, "unsafe-name", groups=[" system:masters"]),
    token("a right-to-left override in the subject", 401, "unsafe-name", sub="alice\u202e"),
    token("a zero-width space in a group", 401, "unsafe-name", groups=["adm\u200bins"]),
    token("a subject as long as a page", 401, "bad-claim", sub="a" * 300),
    token("group system:masters", 403, "reserved-group", groups=["system:masters"]),
    token("group SYSTEM:masters", 403, "reserved-group", groups=["platform", "SYSTEM:masters"]),
    token("subject system:admin", 403, "reserved-name", sub="system:admin"),
    token(
        "subject of a service account",
        403,
        "reserved-name",
        sub="system:serviceaccount:kube-system:x",
    ),
    # How it is written
    Case(
        "a token of 20 kB",
        lambda issuer: Crafted(issuer.token(padding="x" * 20_000)),
        401,
        "token-too-large",
    ),
    raw("the key id twice", 401, "malformed-token", '{"alg":"RS256","kid":"key-1","kid":"key-1"}'),
    raw(
        "the algorithm twice", 401, "malformed-token", '{"alg":"none","alg":"RS256","kid":"key-1"}'
    ),
    raw("the subject twice", 401, "malformed-token", HEAD, '{{…}, "sub": "somebody else"}'),
    raw("a key twice, deep inside", 401, "malformed-token", HEAD, '{{…}, "x": {"a": 1, "a": 2}}'),
    raw("a payload that is a list", 401, "malformed-token", HEAD, "[]"),
    raw("a payload that is no JSON", 401, "malformed-token", HEAD, "{'iss': 1}"),
    raw("a header that is no JSON", 401, "malformed-token", "alg=RS256"),
    raw("two JSON values in the payload", 401, "malformed-token", HEAD, "{{…}} {}"),
    Case(
        "a payload that is not UTF-8",
        lambda issuer: Crafted(
            compact(HEAD, b'{"iss":"\xff\xfe"}', algorithm="RS256", key=issuer.keys["key-1"])
        ),
        401,
        "malformed-token",
    ),
    Case("nesting five thousand deep", _deep, 401, "malformed-token"),
    request("padding in the token", 401, "malformed-token", lambda good: Crafted(f"{good}==")),
    request(
        "plain base64 in the token", 401, "malformed-token", lambda good: Crafted(good[:-2] + "+/")
    ),
    request("a fourth part", 401, "malformed-token", lambda good: Crafted(f"{good}.{good}")),
    request("an opaque token", 401, "malformed-token", lambda _: Crafted("mF_9.B5f-4.1JqM2")),
    request("one word", 401, "malformed-token", lambda _: Crafted("secret")),
    # How it is sent
    request("no token", 401, "no-token", lambda _: Crafted()),
    request(
        "two Authorization headers",
        400,
        "multiple-credentials",
        lambda good: Crafted(good, (("Authorization", f"Bearer {good}"),)),
    ),
    request(
        "a good token and a basic one",
        400,
        "multiple-credentials",
        lambda good: Crafted(good, (("Authorization", "Basic YTpi"),)),
    ),
    request(
        "two tokens in one header",
        400,
        "malformed-header",
        lambda good: Crafted(headers=(("Authorization", f"Bearer {good}, Bearer {good}"),)),
    ),
    request(
        "another scheme",
        401,
        "unsupported-scheme",
        lambda good: Crafted(headers=(("Authorization", f"Token {good}"),)),
    ),
    request(
        "an opaque token without a scheme",
        401,
        "unsupported-scheme",
        lambda _: Crafted(headers=(("Authorization", "mF_9-B5f-4-1JqM2-a-secret"),)),
    ),
    request(
        "two words of which neither is a scheme",
        401,
        "unsupported-scheme",
        lambda good: Crafted(headers=(("Authorization", f"hunter2hunter2hunter2 {good}"),)),
    ),
    request(
        "a tab behind the scheme",
        401,
        "unsupported-scheme",
        lambda good: Crafted(headers=(("Authorization", f"Bearer\t{good}"),)),
    ),
    request(
        "basic credentials",
        401,
        "unsupported-scheme",
        lambda _: Crafted(headers=(("Authorization", "Basic YWRtaW46YWRtaW4="),)),
    ),
    request(
        "a scheme without a token",
        401,
        "no-token",
        lambda _: Crafted(headers=(("Authorization", "Bearer "),)),
    ),
    request(
        "the token in the URL",
        400,
        "token-in-query",
        lambda good: Crafted(query=f"access_token={good}"),
    ),
    request(
        "the token in the URL and in the header",
        400,
        "token-in-query",
        lambda good: Crafted(good, query=f"a=b&access%5Ftoken={good}"),
    ),
    request(
        "the token in a form",
        400,
        "token-in-form",
        lambda good: Crafted(
            headers=(("Content-Type", "application/x-www-form-urlencoded"),),
            body=f"access_token={good}".encode(),
        ),
    ),
    request(
        "the token in a cookie",
        401,
        "no-token",
        lambda good: Crafted(headers=(("Cookie", f"access_token={good}"),)),
    ),
    request(
        "Impersonate-User beside a good token",
        400,
        "impersonation-header",
        lambda good: Crafted(good, (("Impersonate-User", "system:admin"),)),
    ),
    request(
        "Impersonate-Group beside a good token",
        400,
        "impersonation-header",
        lambda good: Crafted(good, (("impersonate-group", "system:masters"),)),
    ),
    request(
        "Impersonate_User with an underscore",
        400,
        "impersonation-header",
        lambda good: Crafted(good, (("Impersonate_User", "system:admin"),)),
    ),
    request(
        "Impersonate-Extra beside a good token",
        400,
        "impersonation-header",
        lambda good: Crafted(good, (("Impersonate-Extra-Scopes", "x"),)),
    ),
    request(
        "a user asserted by a proxy, without a token",
        401,
        "no-token",
        lambda _: Crafted(headers=(("X-Forwarded-User", "alice"), ("X-Remote-User", "alice"))),
    ),
]


@pytest.fixture
async def issuer() -> AsyncIterator[FakeIssuer]:
    async with FakeIssuer(now=NOW) as running:
        yield running


def test_the_matrix_is_large_and_its_cases_have_different_names() -> None:
    assert len(CASES) >= 60
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_a_crafted_request_is_refused_and_goes_no_further(
    case: Case, issuer: FakeIssuer
) -> None:
    mode = ImpersonateMode(
        ImpersonateConfig(username_prefix="authentik:", groups_prefix="authentik:")
    )
    config = configured(trusting(issuer, **case.trust), **case.config)
    crafted = case.make(issuer)
    async with SignIn(config, Clock(NOW), admit=admission(mode)) as signin:
        reply = await call(
            signin.app, headers=crafted.lines(), query=crafted.query, body=crafted.body
        )

    assert (signin.code, reply.status) == (case.code, case.status)
    assert signin.inside.scopes == []
    assert len(signin.decisions) == 1
    assert not signin.decisions[0].allowed
    assert signin.decisions[0].sentence
    _says_what_the_specification_asks(reply, case)
    written = f"{signin.decisions[0]!r}{reply.body!r}{reply.headers!r}"
    for secret in crafted.secrets():
        assert secret not in written


def _says_what_the_specification_asks(reply: Any, case: Case) -> None:
    challenge = reply.header("WWW-Authenticate")
    metadata = (
        'resource_metadata="https://api.example.com/.well-known/oauth-protected-resource'
        '/mcp/kubernetes"'
    )
    if case.status == 401:
        assert challenge.startswith("Bearer ")
        assert metadata in challenge
        assert 'scope="openid profile email"' in challenge
        came = case.code not in ("no-token", "unsupported-scheme")
        assert ('error="invalid_token"' in challenge) is came
    elif case.status == 400:
        assert 'error="invalid_request"' in challenge
    elif case.code == "missing-scope":
        assert 'error="insufficient_scope"' in challenge
        assert 'scope="openid profile email"' in challenge
        assert metadata in challenge
    else:
        assert challenge is None
        assert reply.json()["error"] == "access_denied"
    assert len(reply.body) < 400


async def test_the_good_token_that_the_matrix_varies_is_let_in(issuer: FakeIssuer) -> None:
    mode = ImpersonateMode(
        ImpersonateConfig(username_prefix="authentik:", groups_prefix="authentik:")
    )
    async with SignIn(configured(trusting(issuer)), Clock(NOW), admit=admission(mode)) as signin:
        reply = await call(signin.app, headers=[("Authorization", f"Bearer {issuer.token()}")])

    assert (reply.status, reply.body) == (200, b"inside")
    assert signin.decisions[0].allowed
    assert signin.decisions[0].caller.username == "0b3f7c9e-1f0e-4f0c-9c57-2f5d1f0f1a11"
