"""What a good token becomes, whatever kind of provider it comes from."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from kube_mcp.auth.caller import Caller
from kube_mcp.auth.claims import ClaimNames
from kube_mcp.auth.denied import Denied
from kube_mcp.auth.verifier import Verifier
from tests.support.issuer import CLIENT_ID, FakeIssuer, ec_key, hmac_jwk, public_jwk, rsa_key
from tests.support.signin import PUBLIC_URL, Clock, SignIn, configured, trusting


async def test_a_token_becomes_the_caller_it_speaks_for(signin: SignIn, issuer: FakeIssuer) -> None:
    text = issuer.token()

    caller = await signin.verifier.verify(text)

    assert isinstance(caller, Caller)
    assert caller.issuer == issuer.issuer
    assert caller.subject == caller.username == "0b3f7c9e-1f0e-4f0c-9c57-2f5d1f0f1a11"
    assert caller.groups == ("kubernetes-mcp-users", "platform")
    assert caller.scopes == {"openid", "profile", "email"}
    assert (caller.client_id, caller.session_id) == (CLIENT_ID, "5f1c")
    assert caller.expires_at == issuer.now + 3600
    assert caller.token.reveal() == text
    assert caller.key == (issuer.issuer, caller.subject)


async def test_a_caller_never_shows_the_token(signin: SignIn, issuer: FakeIssuer) -> None:
    text = issuer.token()

    caller = await signin.verifier.verify(text)

    assert isinstance(caller, Caller)
    for written in (repr(caller), str(caller.token), f"{caller.token:>40}", f"{caller}"):
        assert text not in written
        assert text[-40:] not in written
    assert "<masked:" in repr(caller)


async def test_the_metadata_is_found_at_the_third_place_as_authentik_serves_it(
    signin: SignIn, issuer: FakeIssuer
) -> None:
    assert isinstance(await signin.verifier.verify(issuer.token()), Caller)
    assert issuer.hits["openid-configuration"] == 1
    assert issuer.hits["jwks"] == 1


@pytest.mark.parametrize("curve", ["P-256", "P-384"])
async def test_elliptic_curves_are_accepted(signin: SignIn, issuer: FakeIssuer, curve: str) -> None:
    issuer.keys["curved"] = ec_key("curved", curve)

    assert isinstance(await signin.verifier.verify(issuer.token(kid="curved")), Caller)


@pytest.mark.parametrize("named", ["EdDSA", "Ed25519"])
@pytest.mark.parametrize("signed_as", ["EdDSA", "Ed25519"])
async def test_edwards_curves_are_accepted_under_both_their_names_where_they_are_configured(
    issuer: FakeIssuer, clock: Clock, named: str, signed_as: str
) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    issuer.jwks = {"keys": [public_jwk(key, kid="ed", alg=named)]}
    text = issuer.token(key=key, kid="ed", header={"alg": signed_as})

    async with SignIn(configured(trusting(issuer)), clock) as signin:
        assert isinstance(await signin.verifier.verify(text), Denied)
    allowed = trusting(issuer, algorithms=("EdDSA", "Ed25519"))
    async with SignIn(configured(allowed), clock) as signin:
        assert isinstance(await signin.verifier.verify(text), Caller)


@pytest.mark.parametrize("kind", ["at+jwt", "application/at+jwt", "AT+JWT", "JWT", ...])
async def test_the_types_of_access_tokens_are_accepted(
    signin: SignIn, issuer: FakeIssuer, kind: object
) -> None:
    assert isinstance(await signin.verifier.verify(issuer.token(header={"typ": kind})), Caller)


async def test_an_issuer_that_marks_access_tokens_may_require_the_mark(
    issuer: FakeIssuer, clock: Clock
) -> None:
    config = configured(trusting(issuer, require_at_jwt=True))
    async with SignIn(config, clock) as signin:
        marked = await signin.verifier.verify(issuer.token(header={"typ": "at+jwt"}))
        plain = await signin.verifier.verify(issuer.token())

    assert isinstance(marked, Caller)
    assert isinstance(plain, Denied)
    assert plain.code == "wrong-token-type"


@pytest.mark.parametrize("audience", [CLIENT_ID, PUBLIC_URL, ["grafana", PUBLIC_URL]])
async def test_any_of_the_configured_audiences_will_do(
    signin: SignIn, issuer: FakeIssuer, audience: object
) -> None:
    assert isinstance(await signin.verifier.verify(issuer.token(aud=audience)), Caller)


async def test_the_client_may_stand_in_another_claim_where_that_is_configured(
    issuer: FakeIssuer, clock: Clock
) -> None:
    config = configured(trusting(issuer, client_claims=("azp", "client_id")))
    async with SignIn(config, clock) as signin:
        caller = await signin.verifier.verify(issuer.token(azp=..., client_id=CLIENT_ID))

    assert isinstance(caller, Caller)
    assert caller.client_id == CLIENT_ID


async def test_claims_may_have_other_names_and_lie_deeper(issuer: FakeIssuer, clock: Clock) -> None:
    names = ClaimNames(username="preferred_username", groups="realm_access.roles", scopes=("scp",))
    text = issuer.token(
        groups=..., scope=..., scp=["openid", "email"], realm_access={"roles": ["viewer"]}
    )
    async with SignIn(configured(trusting(issuer, claims=names)), clock) as signin:
        caller = await signin.verifier.verify(text)

    assert isinstance(caller, Caller)
    assert (caller.username, caller.groups) == ("alice", ("viewer",))
    assert caller.scopes == {"openid", "email"}


async def test_a_configured_user_name_that_is_missing_is_refused(
    issuer: FakeIssuer, clock: Clock
) -> None:
    config = configured(trusting(issuer, claims=ClaimNames(username="preferred_username")))
    async with SignIn(config, clock) as signin:
        denied = await signin.verifier.verify(issuer.token(preferred_username=...))

    assert isinstance(denied, Denied)
    assert denied.code == "missing-preferred-username"


async def test_one_group_given_as_a_text_counts_as_one(signin: SignIn, issuer: FakeIssuer) -> None:
    caller = await signin.verifier.verify(issuer.token(groups="platform"))

    assert isinstance(caller, Caller)
    assert caller.groups == ("platform",)


async def test_one_of_several_required_groups_is_enough(issuer: FakeIssuer, clock: Clock) -> None:
    config = configured(trusting(issuer), required_groups=("admins", "platform"))
    async with SignIn(config, clock) as signin:
        assert isinstance(await signin.verifier.verify(issuer.token()), Caller)


async def test_two_issuers_are_told_apart_by_their_tokens(issuer: FakeIssuer, clock: Clock) -> None:
    async with FakeIssuer(trailing_slash=False, now=clock.now) as other:
        other.keys = {"key-9": rsa_key("key-9")}
        public = trusting(other, audience=("cli",), allowed_clients=("cli",))
        async with SignIn(configured(trusting(issuer), public), clock) as signin:
            first = await signin.verifier.verify(issuer.token())
            second = await signin.verifier.verify(other.token(kid="key-9", aud="cli", azp="cli"))
            crossed = await signin.verifier.verify(other.token(kid="key-9"))
            posing = await signin.verifier.verify(
                issuer.token(iss=other.issuer, aud="cli", azp="cli")
            )

    assert isinstance(first, Caller)
    assert isinstance(second, Caller)
    assert (first.issuer, second.issuer) == (issuer.issuer, other.issuer)
    assert isinstance(crossed, Denied)
    assert crossed.code == "wrong-audience"
    assert isinstance(posing, Denied)
    assert posing.code == "unknown-key"


async def test_a_refusal_says_what_was_expected_and_what_came(
    signin: SignIn, issuer: FakeIssuer
) -> None:
    denied = await signin.verifier.verify(issuer.token(iss=issuer.issuer.rstrip("/")))

    assert isinstance(denied, Denied)
    assert denied.sentence == (
        f"The token's issuer is '{issuer.issuer.rstrip('/')}', expected '{issuer.issuer}'."
        " They differ by the trailing slash."
    )
    assert denied.claimed["azp"] == CLIENT_ID


async def test_an_hmac_token_is_explained_by_the_missing_signing_key(
    signin: SignIn, issuer: FakeIssuer
) -> None:
    denied = await signin.verifier.verify(issuer.token(key=b"the client secret"))

    assert isinstance(denied, Denied)
    assert "without a signing key" in denied.sentence


async def test_what_a_crafted_token_claims_is_escaped_and_short(
    signin: SignIn, issuer: FakeIssuer
) -> None:
    denied = await signin.verifier.verify(issuer.token(iss="evil\r\nlevel=info " + "x" * 9000))

    assert isinstance(denied, Denied)
    assert "\n" not in denied.sentence + denied.claimed["iss"]
    assert len(denied.claimed["iss"]) < 200
    assert len(denied.sentence) < 400


async def test_leeway_covers_clocks_that_differ_a_little(
    signin: SignIn, issuer: FakeIssuer, clock: Clock
) -> None:
    now = int(clock.now)

    assert isinstance(await signin.verifier.verify(issuer.token(exp=now - 9)), Caller)
    assert isinstance(await signin.verifier.verify(issuer.token(iat=now + 9)), Caller)
    assert isinstance(await signin.verifier.verify(issuer.token(nbf=now + 9)), Caller)


async def test_a_remembered_token_expires_all_the_same(
    signin: SignIn, issuer: FakeIssuer, clock: Clock
) -> None:
    text = issuer.token(exp=int(clock.now) + 30)
    assert isinstance(await signin.verifier.verify(text), Caller)

    clock.pass_s(41)
    denied = await signin.verifier.verify(text)

    assert isinstance(denied, Denied)
    assert denied.code == "token-expired"


async def test_a_known_token_is_not_verified_again(signin: SignIn, issuer: FakeIssuer) -> None:
    text = issuer.token()
    first = await signin.verifier.verify(text)

    assert await signin.verifier.verify(text) is first


async def test_a_token_is_forgotten_after_a_minute_so_that_a_removed_key_counts(
    signin: SignIn, issuer: FakeIssuer, clock: Clock
) -> None:
    text = issuer.token()
    assert isinstance(await signin.verifier.verify(text), Caller)

    issuer.rotate("key-2")
    clock.pass_s(601)
    await signin.verifier.problems()
    denied = await signin.verifier.verify(text)

    assert isinstance(denied, Denied)
    assert denied.code == "unknown-key"


async def test_no_more_tokens_are_remembered_than_allowed(issuer: FakeIssuer, clock: Clock) -> None:
    config = configured(trusting(issuer), token_cache_entries=2)
    texts = [issuer.token(jti=str(number)) for number in range(3)]
    async with SignIn(config, clock) as signin:
        callers = [await signin.verifier.verify(text) for text in texts]
        again = [await signin.verifier.verify(text) for text in reversed(texts)]

    assert again[0] is callers[2]
    assert again[1] is callers[1]
    assert again[2] is not callers[0]
    assert again[2] == callers[0]


async def test_a_key_of_another_kind_under_the_same_id_is_not_mixed_up(
    signin: SignIn, issuer: FakeIssuer
) -> None:
    issuer.jwks = {
        "keys": [
            hmac_jwk("a-secret-of-32-characters-or-more", kid="key-1", alg="HS256"),
            public_jwk(ec_key("other"), kid="key-1"),
            public_jwk(rsa_key("decoy"), kid="key-1"),
            public_jwk(issuer.keys["key-1"], kid="key-1"),
        ]
    }

    assert isinstance(await signin.verifier.verify(issuer.token()), Caller)


async def test_a_token_without_a_key_id_needs_a_set_with_one_key(
    signin: SignIn, issuer: FakeIssuer, clock: Clock
) -> None:
    text = issuer.token(header={"kid": ...})
    assert isinstance(await signin.verifier.verify(text), Caller)

    issuer.rotate("key-2", keep=True)
    clock.pass_s(601)
    await signin.verifier.problems()
    denied = await signin.verifier.verify(text)

    assert isinstance(denied, Denied)
    assert denied.code == "unknown-key"


async def test_each_issuer_has_its_own_algorithms(issuer: FakeIssuer, clock: Clock) -> None:
    async with FakeIssuer(trailing_slash=False, now=clock.now) as other:
        config = configured(
            trusting(issuer, algorithms=("ES256",)), trusting(other, algorithms=("RS256",))
        )
        async with SignIn(config, clock) as signin:
            denied = await signin.verifier.verify(issuer.token())

    assert isinstance(denied, Denied)
    assert denied.code == "algorithm-not-allowed"
    assert denied.sentence.endswith("expected one of ES256 for this issuer.")


async def test_whatever_goes_wrong_inside_lets_nobody_in(issuer: FakeIssuer, clock: Clock) -> None:
    def broken_clock() -> float:
        raise RuntimeError("the clock is gone")

    async with SignIn(configured(trusting(issuer)), clock) as signin:
        verifier = Verifier(signin.verifier.issuers, now=broken_clock)
        denied = await verifier.verify(issuer.token())

    assert isinstance(denied, Denied)
    assert (denied.code, denied.status) == ("malformed-token", 401)
    assert denied.sentence == "Reading the token failed with RuntimeError."
