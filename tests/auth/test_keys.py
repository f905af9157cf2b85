"""Keys: rotation, forged key ids, and a provider that is down."""

from __future__ import annotations

import asyncio
import uuid

import pytest
from aiohttp import web

from kube_mcp.auth.caller import Caller
from kube_mcp.auth.denied import Denied
from kube_mcp.auth.keys import COOL_DOWN_EMPTY_S, SigningKeys, parse_keys
from kube_mcp.errors import IdentityProviderError, ProviderUnreachable
from tests.support.asgi import call
from tests.support.issuer import FakeIssuer, ec_key, hmac_jwk, public_jwk, rsa_key
from tests.support.signin import Clock, SignIn, configured, trusting


def _code(outcome: Caller | Denied) -> str:
    return outcome.code if isinstance(outcome, Denied) else "ok"


async def test_ten_thousand_forged_key_ids_cause_one_fetch_a_cool_down(
    signin: SignIn, issuer: FakeIssuer, clock: Clock
) -> None:
    good = issuer.token()
    assert _code(await signin.verifier.verify(good)) == "ok"
    assert issuer.hits["jwks"] == 1
    clock.pass_s(31)

    forged = [issuer.token(header={"kid": str(uuid.uuid4())}) for _ in range(100)]
    for _ in range(100):
        outcomes = await asyncio.gather(*(signin.verifier.verify(text) for text in forged))
        assert {_code(outcome) for outcome in outcomes} == {"unknown-key"}

    assert issuer.hits["jwks"] == 2
    clock.pass_s(31)
    await asyncio.gather(*(signin.verifier.verify(text) for text in forged))
    assert issuer.hits["jwks"] == 3
    assert _code(await signin.verifier.verify(good)) == "ok"


async def test_a_new_key_is_used_without_a_restart(
    signin: SignIn, issuer: FakeIssuer, clock: Clock
) -> None:
    assert _code(await signin.verifier.verify(issuer.token())) == "ok"

    issuer.rotate("key-2", keep=True)
    clock.pass_s(31)

    assert _code(await signin.verifier.verify(issuer.token(kid="key-2"))) == "ok"
    assert _code(await signin.verifier.verify(issuer.token(kid="key-1", jti="2"))) == "ok"
    assert issuer.hits["jwks"] == 2


async def test_a_key_taken_away_stops_working_once_the_set_is_refreshed(
    signin: SignIn, issuer: FakeIssuer, clock: Clock
) -> None:
    assert _code(await signin.verifier.verify(issuer.token())) == "ok"

    issuer.rotate("key-2")
    clock.pass_s(601)
    assert await signin.verifier.problems() == []

    with_old_key = issuer.token(key=rsa_key("key-1"), kid="key-1")
    assert _code(await signin.verifier.verify(with_old_key)) == "unknown-key"
    assert _code(await signin.verifier.verify(issuer.token(kid="key-2"))) == "ok"


async def test_old_keys_are_refreshed_in_the_background(
    signin: SignIn, issuer: FakeIssuer, clock: Clock
) -> None:
    await signin.verifier.verify(issuer.token())

    clock.pass_s(601)
    assert _code(await signin.verifier.verify(issuer.token(jti="2", iat=int(clock.now)))) == "ok"
    # The fetch goes on beside us; a probe waits for the one under way and starts no other.
    await signin.verifier.problems()

    assert issuer.hits["jwks"] == 2


async def test_known_keys_go_on_working_for_a_day_while_the_provider_is_down(
    signin: SignIn, issuer: FakeIssuer, clock: Clock
) -> None:
    await signin.verifier.verify(issuer.token())
    await issuer.stop()

    clock.pass_s(23 * 3600)
    young = issuer.claims(iat=int(clock.now), exp=int(clock.now) + 600)
    assert _code(await signin.verifier.verify(issuer.token(young))) == "ok"
    assert await signin.verifier.problems() == []

    clock.pass_s(3600)
    later = issuer.claims(iat=int(clock.now), exp=int(clock.now) + 600)
    denied = await signin.verifier.verify(issuer.token(later))
    assert isinstance(denied, Denied)
    assert (denied.code, denied.status) == ("keys-unavailable", 503)
    assert "24 h old" in denied.sentence


async def test_the_server_starts_while_the_provider_is_down_and_recovers_by_itself(
    signin: SignIn, issuer: FakeIssuer, clock: Clock
) -> None:
    await issuer.stop()
    good = [("Authorization", f"Bearer {issuer.token()}")]

    refused = await call(signin.app, headers=good)
    assert refused.status == 503
    assert refused.header("Retry-After") == "5"
    assert refused.header("WWW-Authenticate") is None
    [problem] = await signin.verifier.problems()
    assert issuer.issuer in problem
    assert "cannot be reached" in problem

    await issuer.start()
    assert (await call(signin.app, headers=good)).status == 503  # not before the pause is over
    clock.pass_s(5)
    assert (await call(signin.app, headers=good)).status == 200
    assert await signin.verifier.problems() == []
    assert [decision.code for decision in signin.decisions] == [
        "keys-unavailable",
        "keys-unavailable",
        "ok",
    ]


async def test_readiness_itself_brings_the_keys_back(
    signin: SignIn, issuer: FakeIssuer, clock: Clock
) -> None:
    issuer.down = True
    assert await signin.verifier.problems() != []

    issuer.down = False
    clock.pass_s(5)

    assert await signin.verifier.problems() == []


async def test_a_provider_that_does_not_answer_is_named_after_a_moment(
    signin: SignIn, issuer: FakeIssuer
) -> None:
    issuer.silent = asyncio.Event()

    problems = await signin.verifier.problems(wait_s=0.05)

    assert problems == [f"{issuer.issuer}: No answer within 0.05 s."]


async def test_an_attempt_as_long_as_the_pause_is_followed_by_a_pause_all_the_same(
    clock: Clock,
) -> None:
    attempts = []

    async def fetch() -> dict[str, object]:
        attempts.append(clock.now)
        clock.pass_s(COOL_DOWN_EMPTY_S)
        raise ProviderUnreachable("No answer.")

    keys = SigningKeys(fetch, monotonic=clock)
    for _ in range(3):
        with pytest.raises(IdentityProviderError, match=r"No answer\."):
            await keys.matching("key-1", "RS256")
    assert len(attempts) == 1
    assert keys.retry_after_s == COOL_DOWN_EMPTY_S

    clock.pass_s(COOL_DOWN_EMPTY_S)
    with pytest.raises(IdentityProviderError):
        await keys.matching("key-1", "RS256")
    assert len(attempts) == 2


async def test_a_crowd_at_start_causes_one_fetch(signin: SignIn, issuer: FakeIssuer) -> None:
    texts = [issuer.token(jti=str(number)) for number in range(50)]

    outcomes = await asyncio.gather(*(signin.verifier.verify(text) for text in texts))

    assert {_code(outcome) for outcome in outcomes} == {"ok"}
    assert (issuer.hits["openid-configuration"], issuer.hits["jwks"]) == (1, 1)


async def test_the_log_says_once_when_keys_cannot_be_had_and_when_they_can_again(
    signin: SignIn, issuer: FakeIssuer, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="kube_mcp")
    issuer.down = True
    for _ in range(3):
        await signin.verifier.problems()
        clock.pass_s(5)
    issuer.down = False
    await signin.verifier.problems()

    [down, up] = [record.getMessage() for record in caplog.records]
    assert down.startswith("Signing keys could not be refreshed, none are known: ")
    assert "answered 503" in down
    assert up == "Signing keys are up to date again: 1 usable."


async def test_requests_do_not_hammer_a_provider_that_is_down(
    signin: SignIn, issuer: FakeIssuer
) -> None:
    issuer.down = True

    for number in range(50):
        assert _code(await signin.verifier.verify(issuer.token(jti=str(number)))) == (
            "keys-unavailable"
        )

    # One attempt: the document at its two places.
    assert sum(issuer.hits.values()) == 2


async def test_an_empty_key_set_is_said_and_then_recovered_from(
    signin: SignIn, issuer: FakeIssuer, clock: Clock
) -> None:
    issuer.jwks = {}

    denied = await signin.verifier.verify(issuer.token())
    assert isinstance(denied, Denied)
    assert denied.code == "keys-unavailable"
    assert "holds no usable signing key" in denied.sentence

    issuer.jwks = None
    clock.pass_s(5)
    assert _code(await signin.verifier.verify(issuer.token())) == "ok"


async def test_a_key_set_address_can_be_set_by_hand(issuer: FakeIssuer, clock: Clock) -> None:
    config = configured(trusting(issuer, jwks_uri=issuer.jwks_uri))
    async with SignIn(config, clock) as signin:
        assert _code(await signin.verifier.verify(issuer.token())) == "ok"

    assert issuer.hits["openid-configuration"] == 0


async def test_a_redirect_to_the_keys_is_not_followed(signin: SignIn, issuer: FakeIssuer) -> None:
    issuer.raw_answers["jwks"] = web.Response(status=302, headers={"Location": "/elsewhere"})

    denied = await signin.verifier.verify(issuer.token())

    assert isinstance(denied, Denied)
    assert denied.code == "keys-unavailable"
    assert "Redirects are not followed" in denied.sentence
    assert issuer.hits["elsewhere"] == 0


async def test_a_key_set_without_end_is_cut_off(signin: SignIn, issuer: FakeIssuer) -> None:
    issuer.raw_answers["jwks"] = web.Response(body=b" " * 300_000)

    denied = await signin.verifier.verify(issuer.token())

    assert isinstance(denied, Denied)
    assert "more than 256 kB" in denied.sentence


async def test_a_key_set_that_is_no_json_is_said(signin: SignIn, issuer: FakeIssuer) -> None:
    issuer.raw_answers["jwks"] = web.Response(text="<html>sign in</html>")

    denied = await signin.verifier.verify(issuer.token())

    assert isinstance(denied, Denied)
    assert "did not answer with a JSON object" in denied.sentence


def test_only_strong_public_keys_for_signatures_are_taken_from_a_set() -> None:
    good = public_jwk(rsa_key("key-1"), kid="good")
    weak = public_jwk(rsa_key("weak", bits=1024), kid="weak")
    private = {**good, "kid": "private", "d": "AQAB"}
    found = parse_keys(
        {
            "keys": [
                good,
                weak,
                hmac_jwk("a-secret-of-32-characters-or-more", kid="oct"),
                {**good, "kid": "enc", "use": "enc"},
                {**good, "kid": "ops", "key_ops": ["encrypt"]},
                {**good, "kid": "other-alg", "alg": "RSA-OAEP"},
                {**good, "kid": 7},
                {"kty": "RSA", "kid": "broken", "n": "!", "e": "AQAB"},
                {"kty": "post-quantum", "kid": "new"},
                public_jwk(ec_key("c"), kid="curve", alg="ES384"),
                public_jwk(ec_key("c"), kid="ec"),
                private,
                "nonsense",
            ]
        }
    )

    assert [key.kid for key in found] == ["good", "ec", "private"]
    assert not any(key.key.is_private for key in found)
    assert found[1].algorithms == {"ES256"}


def test_an_object_without_keys_is_an_empty_set() -> None:
    assert parse_keys({}) == ()


def test_keys_that_are_no_list_are_a_fault_of_the_provider() -> None:
    with pytest.raises(IdentityProviderError, match="is not a list"):
        parse_keys({"keys": {"kid": "x"}})


@pytest.mark.parametrize("number", [None, 7, "\u00e9", "AAAAA", ""])
def test_a_key_without_a_readable_number_is_skipped(number: object) -> None:
    assert parse_keys({"keys": [{"kty": "RSA", "kid": "x", "n": number, "e": "AQAB"}]}) == ()


async def test_a_discovery_document_without_keys_is_said(
    signin: SignIn, issuer: FakeIssuer
) -> None:
    issuer.discovery_changes["jwks_uri"] = None

    denied = await signin.verifier.verify(issuer.token())

    assert isinstance(denied, Denied)
    assert "names no jwks_uri. Set jwks_uri for this issuer." in denied.sentence
