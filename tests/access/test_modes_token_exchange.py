"""A caller's token is exchanged once, kept until it expires, and never longer than its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from kube_mcp.access.admission import admission
from kube_mcp.access.modes.token_exchange import TokenExchangeConfig, TokenExchangeMode
from kube_mcp.auth.caller import BearerToken, Caller
from kube_mcp.auth.provider import ProviderClient, open_session
from kube_mcp.errors import CredentialsError, IdentityProviderError, NotAllowed
from kube_mcp.kube.identity import identity_headers
from tests.support.issuer import CLIENT_ID, CLIENT_SECRET, FakeIssuer
from tests.support.signin import Clock

NOW = 1_800_000_000.0


def caller(token: str = "caller-token", *, expires_at: float = NOW + 3600) -> Caller:
    return Caller(
        issuer="https://sso.example.com/",
        subject="s-1",
        username="alice",
        groups=(),
        scopes=frozenset({"openid"}),
        client_id=CLIENT_ID,
        session_id="",
        expires_at=expires_at,
        token=BearerToken(token),
    )


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
async def issuer() -> AsyncIterator[FakeIssuer]:
    async with FakeIssuer(now=NOW) as running:
        yield running


@pytest.fixture
def config(tmp_path: Path) -> TokenExchangeConfig:
    secret = tmp_path / "sts-client-secret"
    secret.write_text(CLIENT_SECRET)
    found = TokenExchangeConfig(
        sts_client_id=CLIENT_ID,
        sts_client_secret_file=str(secret),
        sts_audience="kubernetes",
        sts_scope="openid groups",
        allow_http_loopback=True,
    )
    assert found.problems() == []
    return found


@pytest.fixture
async def mode(
    issuer: FakeIssuer, config: TokenExchangeConfig, clock: Clock
) -> AsyncIterator[TokenExchangeMode]:
    async with open_session() as session:
        client = ProviderClient(session, allow_http_loopback=True)

        async def endpoint(_: str) -> str:
            return f"{issuer.origin}/application/o/token/"

        running = TokenExchangeMode(config, client, endpoint, now=clock)
        yield running
        await running.aclose()


async def test_the_exchange_speaks_rfc_8693(mode: TokenExchangeMode, issuer: FakeIssuer) -> None:
    identity = await mode.identity(caller())

    assert identity_headers(identity) == (("Authorization", "Bearer cluster-token-1"),)
    assert identity.username == "alice"
    assert issuer.exchanges == [
        {
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "subject_token": "caller-token",
            "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
            "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
            "audience": "kubernetes",
            "scope": "openid groups",
        }
    ]


async def test_calls_at_the_same_time_share_one_exchange(
    mode: TokenExchangeMode, issuer: FakeIssuer
) -> None:
    identities = await asyncio.gather(*(mode.identity(caller()) for _ in range(20)))
    later = await mode.identity(caller())

    assert {identity.bearer for identity in (*identities, later)} == {"cluster-token-1"}
    assert len(issuer.exchanges) == 1


async def test_two_callers_never_share_a_token(mode: TokenExchangeMode) -> None:
    one, two = await asyncio.gather(
        mode.identity(caller("token-of-alice")), mode.identity(caller("token-of-bob"))
    )

    assert one.bearer != two.bearer
    assert one.key != two.key


async def test_a_token_is_renewed_before_it_expires(
    mode: TokenExchangeMode, issuer: FakeIssuer, clock: Clock
) -> None:
    await mode.identity(caller())
    clock.pass_s(269)
    assert (await mode.identity(caller())).bearer == "cluster-token-1"

    clock.pass_s(1)

    assert (await mode.identity(caller())).bearer == "cluster-token-2"


async def test_a_token_is_not_kept_longer_than_the_one_it_came_from(
    mode: TokenExchangeMode, issuer: FakeIssuer, clock: Clock
) -> None:
    short = caller(expires_at=NOW + 60)
    await mode.identity(short)
    clock.pass_s(60)

    await mode.identity(short)

    assert len(issuer.exchanges) == 2


async def test_a_refusal_is_the_callers_and_not_kept(
    mode: TokenExchangeMode, issuer: FakeIssuer
) -> None:
    issuer.exchange_answer = (400, {"error": "invalid_grant", "error_description": "secret words"})

    with pytest.raises(NotAllowed) as caught:
        await mode.identity(caller())
    denied = await admission(mode)(caller())
    issuer.exchange_answer = None

    assert caught.value.code == "exchange-refused"
    assert "'invalid_grant'" in str(caught.value)
    assert "secret words" not in str(caught.value)
    assert denied is not None
    assert (denied.code, denied.status) == ("exchange-refused", 403)
    assert (await mode.identity(caller())).bearer.startswith("cluster-token")


async def test_our_own_credentials_being_refused_is_not_the_callers_fault(
    mode: TokenExchangeMode, issuer: FakeIssuer, config: TokenExchangeConfig
) -> None:
    await asyncio.to_thread(Path(config.sts_client_secret_file).write_text, "wrong")

    with pytest.raises(IdentityProviderError, match="does not accept client"):
        await mode.identity(caller())
    denied = await admission(mode)(caller())

    assert denied is not None
    assert denied.status == 503


async def test_a_missing_secret_is_said_by_its_path(
    mode: TokenExchangeMode, config: TokenExchangeConfig
) -> None:
    await asyncio.to_thread(Path(config.sts_client_secret_file).unlink)

    with pytest.raises(CredentialsError, match="sts-client-secret' cannot be read"):
        await mode.identity(caller())


async def test_an_answer_without_a_token_is_an_error_of_the_provider(
    mode: TokenExchangeMode, issuer: FakeIssuer
) -> None:
    issuer.exchange_answer = (200, {"token_type": "Bearer"})

    with pytest.raises(IdentityProviderError, match="no access_token"):
        await mode.identity(caller())


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"access_token": "a\nImpersonate-User: b"}, "cannot be sent in a header"),
        ({"access_token": "a b"}, "cannot be sent in a header"),
        ({"access_token": "a" * 20_000}, "of 20000 characters"),
        ({"access_token": "a", "token_type": "DPoP"}, "of type 'DPoP', expected Bearer"),
        ({"access_token": "a", "token_type": 1}, "of type 1, expected Bearer"),
    ],
)
async def test_a_token_that_cannot_be_sent_to_the_cluster_is_an_error_of_the_provider(
    mode: TokenExchangeMode, issuer: FakeIssuer, answer: dict[str, object], said: str
) -> None:
    issuer.exchange_answer = (200, answer)

    with pytest.raises(IdentityProviderError, match=said):
        await mode.identity(caller())
    denied = await admission(mode)(caller())

    assert denied is not None
    assert denied.status == 503


@pytest.mark.parametrize("kind", ["Bearer", "bearer", "N_A"])
async def test_a_token_of_any_kind_that_is_sent_as_a_bearer_is_taken(
    mode: TokenExchangeMode, issuer: FakeIssuer, kind: str
) -> None:
    issuer.exchange_answer = (200, {"access_token": "a", "token_type": kind})

    assert (await mode.identity(caller())).bearer == "a"


@pytest.mark.parametrize(
    "error", ["unauthorized_client", "unsupported_grant_type", "invalid_scope", "invalid_client"]
)
async def test_a_mistake_in_our_own_question_is_not_the_callers_fault(
    mode: TokenExchangeMode, issuer: FakeIssuer, error: str
) -> None:
    issuer.exchange_answer = (400, {"error": error})

    denied = await admission(mode)(caller())

    assert denied is not None
    assert (denied.code, denied.status) == ("exchange-unavailable", 503)
    assert error in denied.sentence


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sts_client_id": ""}, "token_exchange.sts_client_id is empty"),
        ({"sts_client_secret_file": ""}, "token_exchange.sts_client_secret_file is empty"),
        ({"sts_audience": ""}, "token_exchange.sts_audience is empty"),
        ({"token_url": "http://sso.example.com/token"}, "is not https"),
        ({"client_auth": "jwt"}, "'basic' or 'post'"),
        ({"requested_token_type": "jwt"}, "requested_token_type"),
    ],
)
def test_what_is_missing_is_said_before_the_start(
    config: TokenExchangeConfig, changes: dict[str, object], said: str
) -> None:
    [problem] = replace(config, **changes).problems()  # type: ignore[arg-type]

    assert said in problem
