"""Token in, `Caller` out, or one coded reason why not."""

from __future__ import annotations

import asyncio
import math
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError

from kube_mcp.auth.caller import BearerToken, Caller
from kube_mcp.auth.claims import read_groups, read_name, read_optional_name, read_scopes
from kube_mcp.auth.config import TrustedIssuer
from kube_mcp.auth.denied import Denied, Refusal, refuse, shown
from kube_mcp.auth.introspection import Answer, Introspection
from kube_mcp.auth.issuer import IssuerMetadata
from kube_mcp.auth.keys import SigningKeys, unknown_key_sentence
from kube_mcp.auth.times import check_times
from kube_mcp.auth.token import ParsedToken, looks_opaque, parse_token, readable_claims
from kube_mcp.errors import CredentialsError, IdentityProviderError

_ACCESS_TOKEN_TYPES = frozenset({"at+jwt", "jwt"})
#: Values by which providers mark in the payload what is no access token.
_OTHER_TOKEN_USES = frozenset({"id", "id_token", "logout", "offline", "refresh", "refresh_token"})


@dataclass(frozen=True, slots=True)
class IssuerParts:
    """One trusted issuer with what answers for it. ``introspection`` may be absent."""

    trusted: TrustedIssuer
    metadata: IssuerMetadata
    keys: SigningKeys
    introspection: Introspection | None = None

    @property
    def introspects(self) -> str:
        """``never``, or when the provider is asked: ``opaque``, ``always``, ``only``."""
        return "never" if self.introspection is None else self.introspection.config.when


@dataclass(frozen=True, slots=True)
class _Known:
    caller: Caller
    until: float


@dataclass(frozen=True, slots=True)
class _Verified:
    """``fresh_s`` is how long the word of the provider holds, where it was asked."""

    caller: Caller
    fresh_s: float = math.inf


class Verifier:
    """Verifies access tokens of the trusted issuers.

    A verified token is remembered by its SHA-256 until it expires, ``cache_s`` at most and no longer
    than the provider's word where it was asked, so that a busy caller costs a hash and a look-up. ``now`` gives seconds since the epoch.
    ``required_scopes`` must all be granted; the caller must be in one of ``required_groups``.
    """

    def __init__(
        self,
        issuers: Sequence[IssuerParts],
        *,
        now: Callable[[], float],
        required_scopes: frozenset[str] = frozenset(),
        required_groups: frozenset[str] = frozenset(),
        leeway_s: int = 10,
        max_token_bytes: int = 16 * 1024,
        cache_s: float = 60.0,
        cache_entries: int = 4096,
    ) -> None:
        self._issuers = {parts.trusted.issuer: parts for parts in issuers}
        self._algorithms = frozenset(name for parts in issuers for name in parts.trusted.algorithms)
        self._now = now
        self._required_scopes = required_scopes
        self._required_groups = required_groups
        self._leeway_s = leeway_s
        self._max_token_bytes = max_token_bytes
        self._cache_s = cache_s
        self._cache_entries = cache_entries
        self._known: OrderedDict[bytes, _Known] = OrderedDict()

    async def verify(self, text: str) -> Caller | Denied:
        """Who the token speaks for, or why it does not open this server. Never raises."""
        if len(text) > self._max_token_bytes:
            return Denied(
                "token-too-large",
                401,
                f"The token has {len(text)} bytes, at most {self._max_token_bytes} are read.",
            )
        token = BearerToken(text)
        if (caller := self._recall(token.digest)) is not None:
            return caller
        claimed: dict[str, str] = {}
        try:
            verified = await self._verify(token, claimed)
        except Refusal as refusal:
            return refusal.denied.claiming(claimed)
        except Exception as problem:  # whatever a crafted token provoked, it is not let in
            return Denied(
                "malformed-token",
                401,
                f"Reading the token failed with {type(problem).__name__}.",
                claimed=claimed,
            )
        self._remember(token.digest, verified)
        return verified.caller

    @property
    def issuers(self) -> tuple[IssuerParts, ...]:
        """The issuers trusted, in the order configured."""
        return tuple(self._issuers.values())

    async def problems(self, *, wait_s: float = 10.0) -> list[str]:
        """Why tokens cannot be verified just now, for a readiness probe; asks where it is due.

        A provider that has not answered within ``wait_s`` is one of the problems.
        """
        parts = self._issuers.values()
        found = await asyncio.gather(*(_problem(each, wait_s) for each in parts))
        return [
            f"{each.trusted.issuer}: {problem}"
            for each, problem in zip(parts, found, strict=True)
            if problem
        ]

    async def aclose(self) -> None:
        """Stop everything under way."""
        for parts in self._issuers.values():
            await parts.keys.aclose()
            await parts.metadata.aclose()
            if parts.introspection is not None:
                await parts.introspection.aclose()

    def _recall(self, digest: bytes) -> Caller | None:
        known = self._known.get(digest)
        if known is None:
            return None
        if self._now() >= known.until:
            del self._known[digest]
            return None
        self._known.move_to_end(digest)
        return known.caller

    def _remember(self, digest: bytes, verified: _Verified) -> None:
        caller = verified.caller
        keep_s = min(self._cache_s, verified.fresh_s)
        until = min(caller.expires_at + self._leeway_s, self._now() + keep_s)
        self._known[digest] = _Known(caller, until)
        while len(self._known) > self._cache_entries:
            self._known.popitem(last=False)

    async def _verify(self, token: BearerToken, claimed: dict[str, str]) -> _Verified:
        text = token.reveal()
        opaque = looks_opaque(text)
        asked = [
            parts
            for parts in self._issuers.values()
            if parts.introspects == "only" or (opaque and parts.introspects != "never")
        ]
        if asked and (opaque or len(asked) == len(self._issuers)):
            return await self._by_introspection(token, asked, claimed)
        parsed = parse_token(text, algorithms=self._algorithms)
        claimed.update(_claimed(parsed.claims))
        parts = self._issuer_of(parsed)
        if parts in asked:
            return await self._by_introspection(token, [parts], claimed)
        await self._check_signature(text, parsed, parts)
        _check_type(parsed, parts.trusted)
        exp = self._check_times(parsed.claims, needed=("exp", "iat"))
        caller = self._caller(parsed.claims, parts.trusted, token, expires_at=exp)
        if parts.introspects == "always" and parts.introspection is not None:
            return await self._still_active(token, caller, parts.introspection)
        return _Verified(caller)

    def _check_times(self, claims: Mapping[str, Any], *, needed: tuple[str, ...] = ()) -> float:
        """When the token expires; where nobody says, once it drops out of the cache."""
        now = self._now()
        exp = check_times(claims, now=now, leeway_s=self._leeway_s, needed=needed)
        return now + self._cache_s if exp is None else float(exp)

    def _issuer_of(self, parsed: ParsedToken) -> IssuerParts:
        issuer = parsed.claims.get("iss")
        parts = self._issuers.get(issuer) if isinstance(issuer, str) else None
        if parts is None:
            hint = ""
            if isinstance(issuer, str) and issuer.rstrip("/") in {
                known.rstrip("/") for known in self._issuers
            }:
                hint = " They differ by the trailing slash."
            raise refuse(
                "wrong-issuer",
                f"The token's issuer is {shown(issuer)}, expected"
                f" {' or '.join(shown(known) for known in self._issuers)}.{hint}",
            )
        if parsed.algorithm not in parts.trusted.algorithms:
            raise refuse(
                "algorithm-not-allowed",
                f"The token's algorithm is {parsed.algorithm}, expected one of"
                f" {', '.join(parts.trusted.algorithms)} for this issuer.",
            )
        return parts

    async def _check_signature(self, text: str, parsed: ParsedToken, parts: IssuerParts) -> None:
        try:
            keys = await parts.keys.matching(parsed.kid, parsed.algorithm)
        except IdentityProviderError as problem:
            raise _unavailable(parts.keys, str(problem)) from problem
        if not keys:
            if not parts.keys.usable:
                raise _unavailable(parts.keys, parts.keys.state.problem)
            raise refuse(
                "unknown-key",
                unknown_key_sentence(parsed.kid, parsed.algorithm, parts.keys.state),
            )
        registry = jws.JWSRegistry(algorithms=[parsed.algorithm], strict_check_header=False)
        registry.max_header_length = self._max_token_bytes
        for key in keys:
            try:
                jws.deserialize_compact(text, key, registry=registry)
            except JoseError:
                continue
            return
        raise refuse("bad-signature", "The token's signature does not match the provider's key.")

    async def _still_active(
        self, token: BearerToken, caller: Caller, introspection: Introspection
    ) -> _Verified:
        answer = await self._ask(token, introspection)
        if not answer.claims:
            raise refuse("token-revoked", "The provider says that the token is not active.")
        if answer.claims.get("sub", caller.subject) != caller.subject:
            raise refuse("bad-claim", "The provider names another subject than the token does.")
        return _Verified(caller, introspection.left_s(answer))

    async def _by_introspection(
        self, token: BearerToken, candidates: Sequence[IssuerParts], claimed: dict[str, str]
    ) -> _Verified:
        for parts in candidates:
            if parts.introspection is None:
                continue
            answer = await self._ask(token, parts.introspection)
            said = answer.claims
            if not said:
                continue
            claimed.update(_claimed(said))
            issuer = said.get("iss", parts.trusted.issuer)
            if issuer != parts.trusted.issuer:
                raise refuse(
                    "wrong-issuer",
                    f"The provider says the token's issuer is {shown(issuer)},"
                    f" expected {shown(parts.trusted.issuer)}.",
                )
            # Where the provider calls every kind of token active, a JWT says itself what it is.
            _check_marks(readable_claims(token.reveal()))
            exp = self._check_times(said)
            caller = self._caller(said, parts.trusted, token, expires_at=exp, introspected=True)
            return _Verified(caller, parts.introspection.left_s(answer))
        raise refuse("token-revoked", "The provider says that the token is not active.")

    async def _ask(self, token: BearerToken, introspection: Introspection) -> Answer:
        try:
            return await introspection.ask(token)
        except (IdentityProviderError, CredentialsError) as problem:
            raise refuse(
                "introspection-unavailable", str(problem), status=503, retry_after_s=5
            ) from problem

    def _caller(
        self,
        claims: Mapping[str, Any],
        trusted: TrustedIssuer,
        token: BearerToken,
        *,
        expires_at: float,
        introspected: bool = False,
    ) -> Caller:
        _check_use(claims, trusted, introspected=introspected)
        _check_audience(claims, trusted, introspected=introspected)
        subject = read_name(claims, "sub")
        scopes = read_scopes(claims, trusted.claims.scopes)
        client = read_optional_name(
            claims, (*trusted.client_claims, "client_id") if introspected else trusted.client_claims
        )
        if not client:
            raise refuse(
                "missing-azp",
                f"The token does not say which client asked for it"
                f" ({' or '.join(trusted.client_claims)}); ID tokens do not, access tokens must.",
            )
        if client not in trusted.allowed_clients:
            raise refuse(
                "client-not-allowed",
                f"The token was made out to client {shown(client)}, expected one of"
                f" {', '.join(shown(name) for name in trusted.allowed_clients)}.",
            )
        if scopes is None:
            raise refuse(
                "missing-scope-claim",
                f"The token has no {' or '.join(repr(n) for n in trusted.claims.scopes)} claim;"
                " ID tokens have none, access tokens must.",
            )
        groups = read_groups(claims, trusted.claims.groups)
        self._check_granted(scopes, groups, trusted)
        return Caller(
            issuer=trusted.issuer,
            subject=subject,
            username=subject
            if trusted.claims.username == "sub"
            else read_name(claims, trusted.claims.username),
            groups=groups,
            scopes=scopes,
            client_id=client,
            session_id=read_optional_name(claims, trusted.claims.session),
            expires_at=expires_at,
            token=token,
        )

    def _check_granted(
        self, scopes: frozenset[str], groups: tuple[str, ...], trusted: TrustedIssuer
    ) -> None:
        if missing := self._required_scopes - scopes:
            raise refuse(
                "missing-scope",
                f"The token lacks scope {' '.join(sorted(missing))}; it grants"
                f" {shown(' '.join(sorted(scopes)))}.",
                status=403,
                scopes=self._required_scopes,
            )
        if self._required_groups and self._required_groups.isdisjoint(groups):
            raise refuse(
                "missing-group",
                f"The caller is in none of the groups {', '.join(sorted(self._required_groups))};"
                f" claim {trusted.claims.groups!r} names {len(groups)}:"
                f" {shown(', '.join(groups))}.",
                status=403,
            )


async def _problem(parts: IssuerParts, wait_s: float) -> str:
    """Why this issuer's tokens cannot be verified just now, or an empty string."""
    needs_keys = parts.introspects != "only"
    try:
        async with asyncio.timeout(wait_s):
            if needs_keys:
                await parts.keys.refresh_if_due()
            if parts.introspection is not None:
                await parts.introspection.find()
    except TimeoutError:
        return "" if needs_keys and parts.keys.usable else f"No answer within {wait_s:g} s."
    except IdentityProviderError as problem:
        return str(problem)
    return "" if parts.keys.usable or not needs_keys else parts.keys.state.problem


def _check_type(parsed: ParsedToken, trusted: TrustedIssuer) -> None:
    if parsed.type == "logout+jwt" or "events" in parsed.claims:
        raise refuse("logout-token", "A logout token came, expected an access token.")
    if parsed.type not in _ACCESS_TOKEN_TYPES:
        raise refuse(
            "wrong-token-type", f"The token's typ is {shown(parsed.type)}, expected at+jwt or JWT."
        )
    if trusted.require_at_jwt and parsed.type != "at+jwt":
        raise refuse(
            "wrong-token-type",
            f"The token's typ is {shown(parsed.type)}, expected at+jwt for this issuer.",
        )


def _check_use(claims: Mapping[str, Any], trusted: TrustedIssuer, *, introspected: bool) -> None:
    """Refuse what the same issuer signed with the same key for another purpose."""
    _check_marks(claims)
    bound = "at_hash" in claims or "c_hash" in claims
    if introspected:
        # authentik calls refresh tokens active; they are kept with the hash of an access token.
        if bound:
            raise refuse(
                "wrong-token-type",
                "The provider describes a token that is bound to another one by a hash: a refresh or"
                " an ID token, expected an access token.",
            )
        return
    neither = not any(name in claims for name in (*trusted.client_claims, *trusted.claims.scopes))
    if neither or bound:
        raise refuse(
            "id-token",
            "An ID token came, expected an access token:"
            + (" it names neither client nor scope." if neither else " it holds a token hash."),
        )


def _check_marks(claims: Mapping[str, Any]) -> None:
    for name in ("token_use", "token_type", "typ"):
        use = claims.get(name)
        if isinstance(use, str) and use.lower() in _OTHER_TOKEN_USES:
            code = "id-token" if use.lower().startswith("id") else "wrong-token-type"
            raise refuse(
                code, f"The token's {name!r} claim is {shown(use)}, not an access token's."
            )


def _check_audience(
    claims: Mapping[str, Any], trusted: TrustedIssuer, *, introspected: bool
) -> None:
    audience = claims.get("aud")
    if (
        audience is None
        and introspected
        and trusted.introspection is not None
        and trusted.introspection.audience_optional
    ):
        return
    named = [audience] if isinstance(audience, str) else audience
    if (
        not isinstance(named, list)
        or not all(isinstance(name, str) for name in named)
        or not set(named) & set(trusted.audience)
    ):
        raise refuse(
            "wrong-audience",
            f"The token's audience is {shown(audience)}, expected"
            f" {' or '.join(shown(name) for name in trusted.audience)}.",
        )


def _claimed(claims: Mapping[str, Any]) -> dict[str, str]:
    """What a token says of itself, for the audit line: short, escaped, believed by nobody."""
    return {
        name: shown(claims[name])[1:-1]
        for name in ("iss", "azp", "client_id", "sub")
        if isinstance(claims.get(name), str)
    }


def _unavailable(keys: SigningKeys, why: str) -> Refusal:
    return refuse(
        "keys-unavailable",
        f"The token cannot be verified without the provider's keys. {why}".strip(),
        status=503,
        retry_after_s=keys.retry_after_s,
    )
