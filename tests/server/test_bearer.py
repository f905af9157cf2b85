"""What a good token opens, what the inside sees of it, and what a refused client reads."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from kube_mcp.server.asgi import Message, Scope
from kube_mcp.server.bearer import CALLER, BearerAuth
from kube_mcp.server.challenge import Challenge
from kube_mcp.server.public_urls import PublicUrls
from tests.support.asgi import call
from tests.support.issuer import CLIENT_ID, FakeIssuer
from tests.support.signin import Clock, SignIn, configured, trusting

NOW = 1_800_000_000.0
ALIAS = "https://k8s-mcp.example.com/mcp"
URLS = ("https://api.example.com/mcp/kubernetes", ALIAS)


@pytest.fixture
async def issuer() -> AsyncIterator[FakeIssuer]:
    async with FakeIssuer(now=NOW) as running:
        yield running


@pytest.fixture
async def signin(issuer: FakeIssuer) -> AsyncIterator[SignIn]:
    config = configured(
        trusting(issuer), public_urls=URLS, required_groups=("kubernetes-mcp-users",)
    )
    async with SignIn(config, Clock(NOW)) as running:
        yield running


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_the_inside_knows_the_caller_and_never_sees_the_token(
    signin: SignIn, issuer: FakeIssuer, scheme: str
) -> None:
    text = issuer.token()

    reply = await call(
        signin.app,
        headers=[("Authorization", f"{scheme} {text}"), ("Accept", "application/json")],
        state={"lifespan": "kept"},
    )

    assert (reply.status, reply.body) == (200, b"inside")
    [inner] = signin.inside.scopes
    assert inner["state"][CALLER].username == "0b3f7c9e-1f0e-4f0c-9c57-2f5d1f0f1a11"
    assert inner["state"]["lifespan"] == "kept"
    assert inner["headers"] == [(b"host", b"api.example.com"), (b"accept", b"application/json")]
    assert text not in repr(inner)
    assert text not in repr(signin.decisions)


async def test_callers_do_not_leak_into_the_state_of_other_requests(
    signin: SignIn, issuer: FakeIssuer
) -> None:
    shared: dict[str, object] = {}

    await call(signin.app, headers=[("Authorization", f"Bearer {issuer.token()}")], state=shared)

    assert shared == {}


async def test_headers_by_which_proxies_assert_a_user_are_dropped(
    signin: SignIn, issuer: FakeIssuer
) -> None:
    posing = [
        ("X-Forwarded-User", "admin"),
        ("X-Forwarded-Groups", "admins"),
        ("X-Forwarded-Email", "admin@example.com"),
        ("X-Remote-User", "admin"),
        ("X-Remote-Extra-Scopes", "all"),
        ("X_Remote_User", "admin"),
        ("X-authentik-username", "admin"),
        ("X-Auth-Request-User", "admin"),
        ("Remote-User", "admin"),
    ]

    await call(
        signin.app,
        headers=[
            ("Authorization", f"Bearer {issuer.token()}"),
            *posing,
            ("X-Forwarded-For", "203.0.113.9"),
        ],
    )

    [inner] = signin.inside.scopes
    assert [name for name, _ in inner["headers"]] == [b"host", b"x-forwarded-for"]


async def test_without_a_token_the_challenge_says_where_to_sign_in_and_blames_nobody(
    signin: SignIn,
) -> None:
    reply = await call(signin.app)

    assert reply.status == 401
    assert reply.header("WWW-Authenticate") == (
        'Bearer resource_metadata="https://api.example.com/.well-known/oauth-protected-resource'
        '/mcp/kubernetes", scope="openid profile email"'
    )
    assert reply.header("Cache-Control") == "no-store"


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE", "HEAD", "OPTIONS"])
async def test_every_method_needs_a_token(signin: SignIn, method: str) -> None:
    assert (await call(signin.app, method)).status == 401
    assert signin.inside.scopes == []


async def test_an_expired_token_is_called_so_because_clients_refresh_then(
    signin: SignIn, issuer: FakeIssuer
) -> None:
    text = issuer.token(exp=int(NOW) - 60)

    reply = await call(signin.app, headers=[("Authorization", f"Bearer {text}")])

    assert reply.header("WWW-Authenticate") == (
        'Bearer error="invalid_token", error_description="The access token expired",'
        ' resource_metadata="https://api.example.com/.well-known/oauth-protected-resource'
        '/mcp/kubernetes", scope="openid profile email"'
    )
    assert reply.json() == {
        "error": "invalid_token",
        "error_description": "The access token expired",
    }


async def test_a_client_is_not_told_what_this_server_expects(
    signin: SignIn, issuer: FakeIssuer
) -> None:
    reply = await call(
        signin.app, headers=[("Authorization", f"Bearer {issuer.token(azp='other')}")]
    )

    written = f"{reply.headers}{reply.body!r}"
    assert CLIENT_ID not in written
    assert issuer.issuer not in written
    assert "expected one of 'kubernetes-mcp-server'" in signin.decisions[0].sentence


async def test_a_missing_group_is_told_in_words_because_signing_in_again_is_no_help(
    signin: SignIn, issuer: FakeIssuer
) -> None:
    reply = await call(
        signin.app, headers=[("Authorization", f"Bearer {issuer.token(groups=['guests'])}")]
    )

    assert reply.status == 403
    assert reply.header("WWW-Authenticate") is None
    assert reply.json() == {
        "error": "access_denied",
        "error_description": "You are signed in, but not a member of a group that may use this"
        " server; ask whoever runs it",
    }
    assert signin.decisions[0].sentence == (
        "The caller is in none of the groups kubernetes-mcp-users;"
        " claim 'groups' names 1: 'guests'."
    )


async def test_the_audit_hook_hears_who_it_claims_to_be_and_from_where(
    signin: SignIn, issuer: FakeIssuer
) -> None:
    text = issuer.token(aud="grafana", azp="grafana")

    await call(signin.app, headers=[("Authorization", f"Bearer {text}")])

    [decision] = signin.decisions
    assert (decision.allowed, decision.code, decision.status) == (False, "wrong-audience", 401)
    assert decision.caller is None
    assert decision.claimed == {
        "iss": issuer.issuer,
        "azp": "grafana",
        "sub": "0b3f7c9e-1f0e-4f0c-9c57-2f5d1f0f1a11",
    }
    assert decision.client_address == "203.0.113.9"


@pytest.mark.parametrize(
    ("host", "metadata"),
    [
        ("api.example.com", f"{URLS[0][:23]}/.well-known/oauth-protected-resource/mcp/kubernetes"),
        (
            "API.example.com:443",
            "https://api.example.com/.well-known/oauth-protected-resource/mcp/kubernetes",
        ),
        (
            "k8s-mcp.example.com",
            "https://k8s-mcp.example.com/.well-known/oauth-protected-resource/mcp",
        ),
        (
            "evil.example.com",
            "https://api.example.com/.well-known/oauth-protected-resource/mcp/kubernetes",
        ),
        ("", "https://api.example.com/.well-known/oauth-protected-resource/mcp/kubernetes"),
    ],
)
async def test_the_host_header_only_chooses_among_the_configured_addresses(
    signin: SignIn, host: str, metadata: str
) -> None:
    forwarded = [
        ("X-Forwarded-Host", "evil.example.com"),
        ("X-Forwarded-Prefix", "/evil"),
        ("Forwarded", "host=evil.example.com"),
    ]

    reply = await call(signin.app, host=host, headers=forwarded)

    challenge = reply.header("WWW-Authenticate")
    assert challenge is not None
    assert f'resource_metadata="{metadata}"' in challenge
    assert "evil" not in challenge


async def test_a_step_up_names_every_scope_the_operation_needs() -> None:
    challenge = Challenge(PublicUrls(URLS))
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/",
        "headers": [(b"host", b"api.example.com")],
    }

    answer = challenge.insufficient_scope(scope, {"openid", "mcp:kubernetes:logs"})

    assert answer.status == 403
    assert dict(answer.headers)[b"www-authenticate"] == (
        b'Bearer error="insufficient_scope",'
        b' error_description="The access token lacks a scope this operation needs",'
        b' resource_metadata="https://api.example.com/.well-known/oauth-protected-resource'
        b'/mcp/kubernetes", scope="openid profile email mcp:kubernetes:logs"'
    )


async def test_start_and_stop_pass_through_and_web_sockets_do_not(signin: SignIn) -> None:
    seen: list[str] = []
    sent: list[Message] = []

    async def inside(scope: Scope, receive: object, send: object) -> None:
        seen.append(scope["type"])

    async def send(message: Message) -> None:
        sent.append(message)

    async def receive() -> Message:
        return {"type": "websocket.connect"}

    app = BearerAuth(inside, signin.verifier, Challenge(PublicUrls(URLS)))
    await app({"type": "lifespan"}, receive, send)
    await app({"type": "websocket", "headers": []}, receive, send)

    assert seen == ["lifespan"]
    assert sent == [{"type": "websocket.close", "code": 1008}]


async def test_every_refusal_waits_in_line_also_one_for_want_of_a_token(signin: SignIn) -> None:
    waited: list[str] = []

    class Line:
        async def before_refusing(self) -> None:
            waited.append("waited")

    door = BearerAuth(
        signin.inside,
        signin.verifier,
        Challenge(PublicUrls(signin.config.public_urls)),
        patience=Line(),  # type: ignore[arg-type]
    )
    assert (await call(door)).status == 401
    assert (await call(door, headers=[("Authorization", "Bearer made-up")])).status == 401

    assert len(waited) == 2
