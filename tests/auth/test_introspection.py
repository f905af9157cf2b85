"""Opaque tokens, and revocation seen by asking the provider."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from kube_mcp.auth.caller import Caller
from kube_mcp.auth.config import AuthConfig, IntrospectionConfig
from kube_mcp.auth.denied import Denied
from tests.support.issuer import CLIENT_ID, CLIENT_SECRET, FakeIssuer
from tests.support.signin import Clock, SignIn, configured, trusting

OPAQUE = "mF_9.B5f-4.1JqM2"


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    path = tmp_path / "client-secret"
    path.write_text(f"{CLIENT_SECRET}\n")
    return path


def asking(
    issuer: FakeIssuer, secret_file: Path, when: str = "opaque", **more: object
) -> AuthConfig:
    introspection = IntrospectionConfig(
        client_id=CLIENT_ID, client_secret_file=str(secret_file), when=when, **more
    )
    return configured(trusting(issuer, introspection=introspection))


@pytest.mark.parametrize("client_auth", ["basic", "post"])
async def test_an_opaque_token_becomes_a_caller(
    issuer: FakeIssuer, clock: Clock, secret_file: Path, client_auth: str
) -> None:
    issuer.introspected[OPAQUE] = issuer.claims()
    config = asking(issuer, secret_file, client_auth=client_auth)
    async with SignIn(config, clock) as signin:
        caller = await signin.verifier.verify(OPAQUE)

    assert isinstance(caller, Caller)
    assert caller.groups == ("kubernetes-mcp-users", "platform")
    assert issuer.hits["jwks"] == 0


async def test_an_unknown_opaque_token_is_asked_about_once(
    issuer: FakeIssuer, clock: Clock, secret_file: Path
) -> None:
    async with SignIn(asking(issuer, secret_file), clock) as signin:
        outcomes = await asyncio.gather(*(signin.verifier.verify("made-up") for _ in range(20)))
        again = await signin.verifier.verify("made-up")

    for outcome in (*outcomes, again):
        assert isinstance(outcome, Denied)
        assert (outcome.code, outcome.status) == ("token-revoked", 401)
    assert issuer.hits["introspect"] == 1


async def test_a_revoked_token_is_refused_within_a_minute(
    issuer: FakeIssuer, clock: Clock, secret_file: Path
) -> None:
    text = issuer.token()
    issuer.introspected[text] = issuer.claims()
    async with SignIn(asking(issuer, secret_file, "always"), clock) as signin:
        before = await signin.verifier.verify(text)
        del issuer.introspected[text]
        remembered = await signin.verifier.verify(text)
        clock.pass_s(60)
        after = await signin.verifier.verify(text)

    assert isinstance(before, Caller)
    assert isinstance(remembered, Caller)
    assert isinstance(after, Denied)
    assert after.code == "token-revoked"
    assert after.for_client == "The access token is no longer active"


@pytest.mark.parametrize("when", ["always", "only", "opaque"])
async def test_a_revocation_is_seen_as_soon_as_the_operator_wants_it_to_be(
    issuer: FakeIssuer, clock: Clock, secret_file: Path, when: str
) -> None:
    text = OPAQUE if when == "opaque" else issuer.token()
    issuer.introspected[text] = issuer.claims()
    async with SignIn(asking(issuer, secret_file, when, cache_s=2.0), clock) as signin:
        before = await signin.verifier.verify(text)
        del issuer.introspected[text]
        clock.pass_s(2)
        after = await signin.verifier.verify(text)

    assert isinstance(before, Caller)
    assert isinstance(after, Denied)
    assert after.code == "token-revoked"


async def test_an_old_answer_is_not_kept_for_another_minute(
    issuer: FakeIssuer, clock: Clock, secret_file: Path
) -> None:
    text, other = issuer.token(), issuer.token(sub="another")
    issuer.introspected |= {text: issuer.claims(), other: issuer.claims(sub="another")}
    config = replace(asking(issuer, secret_file, "always"), token_cache_entries=1)
    async with SignIn(config, clock) as signin:
        await signin.verifier.verify(text)
        clock.pass_s(59)
        await signin.verifier.verify(other)  # the first one is forgotten over it
        del issuer.introspected[text]
        assert isinstance(await signin.verifier.verify(text), Caller)
        clock.pass_s(1)
        after = await signin.verifier.verify(text)

    assert isinstance(after, Denied)
    assert after.code == "token-revoked"


async def test_on_top_of_a_signature_the_signature_still_counts(
    issuer: FakeIssuer, clock: Clock, secret_file: Path
) -> None:
    text = issuer.token(aud="grafana")
    issuer.introspected[text] = issuer.claims()
    async with SignIn(asking(issuer, secret_file, "always"), clock) as signin:
        denied = await signin.verifier.verify(text)

    assert isinstance(denied, Denied)
    assert denied.code == "wrong-audience"
    assert issuer.hits["introspect"] == 0


async def test_alone_it_needs_no_keys_even_for_a_jwt(
    issuer: FakeIssuer, clock: Clock, secret_file: Path
) -> None:
    text = issuer.token()
    issuer.introspected[text] = issuer.claims()
    async with SignIn(asking(issuer, secret_file, "only"), clock) as signin:
        assert isinstance(await signin.verifier.verify(text), Caller)
        assert await signin.verifier.problems() == []

    assert issuer.hits["jwks"] == 0


async def test_alone_it_is_not_ready_before_the_provider_says_where_to_ask(
    issuer: FakeIssuer, clock: Clock, secret_file: Path
) -> None:
    issuer.down = True
    async with SignIn(asking(issuer, secret_file, "only"), clock) as signin:
        [problem] = await signin.verifier.problems()
        issuer.down = False
        clock.pass_s(5)
        assert await signin.verifier.problems() == []

    assert "answered 503" in problem
    assert issuer.hits["jwks"] == 0


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"aud": "grafana"}, "wrong-audience"),
        ({"aud": ...}, "wrong-audience"),
        ({"iss": "https://evil.example.com/"}, "wrong-issuer"),
        ({"azp": "other"}, "client-not-allowed"),
        ({"azp": ..., "client_id": "other"}, "client-not-allowed"),
        ({"azp": ...}, "missing-azp"),
        ({"scope": ...}, "missing-scope-claim"),
        ({"scope": "email"}, "missing-scope"),
        ({"sub": ...}, "missing-sub"),
        ({"exp": 1}, "token-expired"),
        ({"exp": "1"}, "bad-time"),
        ({"token_use": "refresh"}, "wrong-token-type"),
        ({"token_use": "id"}, "id-token"),
    ],
)
async def test_what_the_provider_says_is_checked_like_a_token(
    issuer: FakeIssuer,
    clock: Clock,
    secret_file: Path,
    changes: dict[str, object],
    code: str,
) -> None:
    issuer.introspected[OPAQUE] = issuer.claims(**changes)
    async with SignIn(asking(issuer, secret_file), clock) as signin:
        denied = await signin.verifier.verify(OPAQUE)

    assert isinstance(denied, Denied)
    assert denied.code == code


@pytest.mark.parametrize("mark", ["at_hash", "c_hash"])
async def test_a_refresh_token_that_the_provider_calls_active_is_refused(
    issuer: FakeIssuer, clock: Clock, secret_file: Path, mark: str
) -> None:
    """authentik introspects refresh tokens as well, with everything that an access token has."""
    issuer.introspected[OPAQUE] = issuer.claims(**{mark: "x"})
    async with SignIn(asking(issuer, secret_file), clock) as signin:
        denied = await signin.verifier.verify(OPAQUE)

    assert isinstance(denied, Denied)
    assert denied.code == "wrong-token-type"


@pytest.mark.parametrize("claims", [{"token_use": "refresh"}, {"typ": "Offline"}, {"typ": "ID"}])
async def test_a_jwt_that_says_itself_to_be_another_kind_is_refused_though_active(
    issuer: FakeIssuer, clock: Clock, secret_file: Path, claims: dict[str, str]
) -> None:
    text = issuer.token(**claims)
    issuer.introspected[text] = issuer.claims()
    async with SignIn(asking(issuer, secret_file, "only"), clock) as signin:
        denied = await signin.verifier.verify(text)

    assert isinstance(denied, Denied)
    assert denied.code in ("wrong-token-type", "id-token")


async def test_an_answer_without_audience_will_do_where_that_is_configured(
    issuer: FakeIssuer, clock: Clock, secret_file: Path
) -> None:
    issuer.introspected[OPAQUE] = issuer.claims(aud=..., azp=..., client_id=CLIENT_ID)
    config = asking(issuer, secret_file, audience_optional=True)
    async with SignIn(config, clock) as signin:
        assert isinstance(await signin.verifier.verify(OPAQUE), Caller)


async def test_an_active_that_is_only_true_like_is_not_active(
    issuer: FakeIssuer, clock: Clock, secret_file: Path
) -> None:
    issuer.introspected[OPAQUE] = issuer.claims(active="true")
    async with SignIn(asking(issuer, secret_file), clock) as signin:
        denied = await signin.verifier.verify(OPAQUE)

    assert isinstance(denied, Denied)
    assert denied.code == "token-revoked"


async def test_a_provider_that_is_down_is_503_and_not_remembered(
    issuer: FakeIssuer, clock: Clock, secret_file: Path
) -> None:
    issuer.introspected[OPAQUE] = issuer.claims()
    issuer.down = True
    async with SignIn(asking(issuer, secret_file), clock) as signin:
        denied = await signin.verifier.verify(OPAQUE)
        issuer.down = False
        clock.pass_s(5)
        later = await signin.verifier.verify(OPAQUE)

    assert isinstance(denied, Denied)
    assert (denied.code, denied.status, denied.retry_after_s) == (
        "introspection-unavailable",
        503,
        5,
    )
    assert isinstance(later, Caller)


async def test_a_rotated_secret_is_read_without_a_restart(
    issuer: FakeIssuer, clock: Clock, secret_file: Path
) -> None:
    issuer.introspected[OPAQUE] = issuer.claims()
    await asyncio.to_thread(secret_file.write_text, "the old one")
    async with SignIn(asking(issuer, secret_file), clock) as signin:
        denied = await signin.verifier.verify(OPAQUE)
        await asyncio.to_thread(secret_file.write_text, CLIENT_SECRET)
        later = await signin.verifier.verify(OPAQUE)

    assert isinstance(denied, Denied)
    assert "answered 401 to client 'kubernetes-mcp-server'" in denied.sentence
    assert "the old one" not in denied.sentence
    assert isinstance(later, Caller)


async def test_a_missing_secret_file_is_said_by_name(
    issuer: FakeIssuer, clock: Clock, tmp_path: Path
) -> None:
    async with SignIn(asking(issuer, tmp_path / "absent"), clock) as signin:
        denied = await signin.verifier.verify(OPAQUE)

    assert isinstance(denied, Denied)
    assert denied.status == 503
    assert "absent' cannot be read" in denied.sentence


async def test_made_up_tokens_wait_in_line_and_let_a_good_one_through(
    issuer: FakeIssuer, clock: Clock, secret_file: Path
) -> None:
    issuer.introspected[OPAQUE] = issuer.claims()
    issuer.silent = asyncio.Event()
    config = asking(issuer, secret_file)
    async with SignIn(config, clock) as signin:
        made_up = [
            asyncio.ensure_future(signin.verifier.verify(f"made-up-{number}"))
            for number in range(200)
        ]
        good = asyncio.ensure_future(signin.verifier.verify(OPAQUE))
        await issuer.reached.wait()
        issuer.silent.set()
        async with asyncio.timeout(10):
            caller = await good
            outcomes = await asyncio.gather(*made_up)

    assert isinstance(caller, Caller)
    assert {each.code for each in outcomes if isinstance(each, Denied)} == {"token-revoked"}
    assert issuer.most_at_once <= 16


async def test_more_than_can_wait_are_sent_away(
    issuer: FakeIssuer, clock: Clock, secret_file: Path
) -> None:
    issuer.silent = asyncio.Event()
    async with SignIn(asking(issuer, secret_file), clock) as signin:
        asked = [
            asyncio.ensure_future(signin.verifier.verify(f"made-up-{number}"))
            for number in range(600)
        ]
        done, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED, timeout=5)
        issuer.silent.set()
        async with asyncio.timeout(20):
            outcomes = await asyncio.gather(*asked)

    sent_away = [each for each in outcomes if isinstance(each, Denied) and each.status == 503]
    assert done
    assert len(sent_away) == 600 - 512
    assert "512 tokens wait" in sent_away[0].sentence


async def test_the_subject_must_be_the_same_in_token_and_answer(
    issuer: FakeIssuer, clock: Clock, secret_file: Path
) -> None:
    text = issuer.token()
    issuer.introspected[text] = issuer.claims(sub="somebody-else")
    async with SignIn(asking(issuer, secret_file, "always"), clock) as signin:
        denied = await signin.verifier.verify(text)

    assert isinstance(denied, Denied)
    assert denied.code == "bad-claim"


async def test_one_issuer_may_be_introspected_beside_one_whose_tokens_are_read(
    issuer: FakeIssuer, clock: Clock, secret_file: Path
) -> None:
    introspection = IntrospectionConfig(
        client_id=CLIENT_ID, client_secret_file=str(secret_file), when="only"
    )
    async with FakeIssuer(trailing_slash=False, now=clock.now) as other:
        config = configured(trusting(issuer, introspection=introspection), trusting(other))
        asked, read = issuer.token(), other.token()
        issuer.introspected[asked] = issuer.claims()
        async with SignIn(config, clock) as signin:
            first = await signin.verifier.verify(asked)
            second = await signin.verifier.verify(read)

        assert isinstance(first, Caller)
        assert isinstance(second, Caller)
        assert (issuer.hits["introspect"], issuer.hits["jwks"]) == (1, 0)
        assert (other.hits["introspect"], other.hits["jwks"]) == (0, 1)


async def test_a_provider_without_an_introspection_endpoint_is_said(
    issuer: FakeIssuer, clock: Clock, secret_file: Path
) -> None:
    issuer.discovery_changes["introspection_endpoint"] = None
    async with SignIn(asking(issuer, secret_file), clock) as signin:
        denied = await signin.verifier.verify(OPAQUE)

    assert isinstance(denied, Denied)
    assert "names no introspection_endpoint" in denied.sentence
