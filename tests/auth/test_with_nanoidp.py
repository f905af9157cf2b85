"""Against a real provider that is not ours: nanoidp in its OAuth 2.1 profile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from kube_mcp.auth.caller import Caller
from kube_mcp.auth.config import IntrospectionConfig, TrustedIssuer
from kube_mcp.auth.denied import Denied
from tests.support.nanoidp import CLIENT_ID, CLIENT_SECRET, RESOURCE, NanoIdp
from tests.support.signin import Clock, SignIn, configured


@pytest.fixture(scope="module")
async def provider(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[NanoIdp]:
    async with NanoIdp(tmp_path_factory.mktemp("nanoidp")) as running:
        yield running


@pytest.fixture
def trusted(provider: NanoIdp) -> TrustedIssuer:
    return TrustedIssuer(
        issuer=provider.issuer,
        audience=(RESOURCE,),
        allowed_clients=(CLIENT_ID,),
        client_claims=("azp", "client_id"),
        allow_http_loopback=True,
    )


@pytest.fixture
async def signin(trusted: TrustedIssuer) -> AsyncIterator[SignIn]:
    async with SignIn(configured(trusted), Clock(time.time())) as running:
        yield running


def _code(outcome: Caller | Denied) -> str:
    return outcome.code if isinstance(outcome, Denied) else "ok"


async def test_whoever_signs_in_there_is_known_here(signin: SignIn, provider: NanoIdp) -> None:
    tokens = await provider.sign_in(signin.session, "alice")

    caller = await signin.verifier.verify(tokens["access_token"])

    assert isinstance(caller, Caller), caller
    assert caller.username == "alice"
    assert caller.groups == ("kubernetes-mcp-users", "shop")
    assert caller.client_id == CLIENT_ID
    assert {"openid", "profile", "email"} <= caller.scopes


async def test_its_id_token_does_not_open_this_server(
    signin: SignIn, provider: NanoIdp, trusted: TrustedIssuer
) -> None:
    tokens = await provider.sign_in(signin.session)
    lenient = replace(trusted, audience=(RESOURCE, CLIENT_ID))
    async with SignIn(configured(lenient), signin.clock) as other:
        outcome = await other.verifier.verify(tokens["id_token"])

    assert _code(outcome) == "id-token"


async def test_a_token_for_another_resource_is_refused(signin: SignIn, provider: NanoIdp) -> None:
    tokens = await provider.sign_in(signin.session, resource="https://api.example.com/mcp/grafana")

    assert _code(await signin.verifier.verify(tokens["access_token"])) == "wrong-audience"


async def test_a_refreshed_token_is_the_same_caller(signin: SignIn, provider: NanoIdp) -> None:
    first = await provider.sign_in(signin.session, scope="openid profile email offline_access")
    second = await provider.refresh(signin.session, first["refresh_token"])

    before = await signin.verifier.verify(first["access_token"])
    after = await signin.verifier.verify(second["access_token"])

    assert isinstance(before, Caller)
    assert isinstance(after, Caller)
    assert before.key == after.key
    assert before.token != after.token
    assert _code(await signin.verifier.verify(first["refresh_token"])) != "ok"


async def test_its_key_rotation_is_followed_without_a_restart(
    signin: SignIn, provider: NanoIdp
) -> None:
    old = (await provider.sign_in(signin.session))["access_token"]
    assert _code(await signin.verifier.verify(old)) == "ok"

    await provider.rotate(signin.session)
    signin.clock.pass_s(31)
    new = (await provider.sign_in(signin.session))["access_token"]

    assert _code(await signin.verifier.verify(new)) == "ok"
    assert _code(await signin.verifier.verify(old)) == "ok"


async def test_its_revocation_is_seen_by_introspection(
    signin: SignIn, provider: NanoIdp, trusted: TrustedIssuer, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    await asyncio.to_thread(secret.write_text, CLIENT_SECRET)
    introspection = IntrospectionConfig(
        client_id=CLIENT_ID, client_secret_file=str(secret), when="always"
    )
    text = (await provider.sign_in(signin.session))["access_token"]
    config = configured(replace(trusted, introspection=introspection))
    async with SignIn(config, signin.clock) as careful:
        before = await careful.verifier.verify(text)
        await provider.revoke(signin.session, text)
        signin.clock.pass_s(60)
        after = await careful.verifier.verify(text)

    assert _code(before) == "ok"
    assert _code(after) == "token-revoked"


async def test_its_refresh_token_is_no_access_token_even_where_it_is_asked(
    signin: SignIn, provider: NanoIdp, trusted: TrustedIssuer, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    await asyncio.to_thread(secret.write_text, CLIENT_SECRET)
    introspection = IntrospectionConfig(
        client_id=CLIENT_ID, client_secret_file=str(secret), when="only"
    )
    tokens = await provider.sign_in(signin.session, scope="openid profile email offline_access")
    config = configured(replace(trusted, introspection=introspection))
    async with SignIn(config, signin.clock) as asking:
        assert _code(await asking.verifier.verify(tokens["access_token"])) == "ok"
        assert _code(await asking.verifier.verify(tokens["refresh_token"])) == "wrong-token-type"
