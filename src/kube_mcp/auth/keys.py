"""A provider's signing keys: cached, refreshed without a restart, and never a flood of fetches."""

from __future__ import annotations

import base64
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from joserfc.jwk import ECKey, OKPKey, RSAKey

from kube_mcp.auth.denied import shown
from kube_mcp.auth.single_flight import SingleFlight
from kube_mcp.errors import IdentityProviderError

_log = logging.getLogger(__name__)

#: Older keys are refreshed in the background while they go on being used.
SOFT_LIFETIME_S = 600.0
#: Keys that could not be refreshed for so long are no longer trusted.
HARD_LIFETIME_S = 24 * 3600.0
#: Between two fetches, however many unknown key ids arrive: forged tokens must not become a flood.
COOL_DOWN_S = 30.0
#: The same while there is no key at all, so that a provider that comes back is noticed soon.
COOL_DOWN_EMPTY_S = 5.0

# Real sets hold one to five; the bound keeps a broken one from costing a second of parsing.
_MAX_KEYS = 64
_MIN_RSA_BITS = 2048

#: Without a key of its own Authentik signs with the client secret, which nobody but it can check.
_NO_KEY = "The provider's key set holds no usable signing key. Give the provider an RSA or EC signing key."

Key = RSAKey | ECKey | OKPKey

_CURVE_BY_ALGORITHM = {
    "ES256": "P-256", "ES384": "P-384", "ES512": "P-521", "EdDSA": "Ed25519", "Ed25519": "Ed25519",
}  # fmt: skip
# The old name and the one that RFC 9864 gave it; a provider may change one place before the other.
_TWO_NAMES = frozenset({"EdDSA", "Ed25519"})
_PUBLIC_MEMBERS = {
    "RSA": ("kty", "n", "e"),
    "EC": ("kty", "crv", "x", "y"),
    "OKP": ("kty", "crv", "x"),
}
_CLASS_BY_TYPE: Mapping[str, type[Key]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One public key; ``algorithms`` are the signatures it may be used for."""

    kid: str | None
    algorithms: frozenset[str]
    key: Key


@dataclass(frozen=True, slots=True)
class KeysState:
    """How a key set stands, for readiness and metrics. Ages are in seconds, None where never."""

    keys: int
    age_s: float | None
    fetches: int
    problem: str


def parse_keys(document: Mapping[str, Any]) -> tuple[SigningKey, ...]:
    """The keys of a JWKS that can verify a signature.

    Skips what is for encryption, symmetric, too weak or not understood, as RFC 7517 section 5
    asks. An object without ``keys``, which one provider sends when no signing key is set, is an
    empty set.
    """
    entries = document.get("keys", [])
    if not isinstance(entries, list):
        raise IdentityProviderError("The key set's 'keys' is not a list.")
    parsed = (_parse_key(entry) for entry in entries[:_MAX_KEYS] if isinstance(entry, Mapping))
    return tuple(key for key in parsed if key is not None)


def _parse_key(entry: Mapping[str, Any]) -> SigningKey | None:
    kind, kid, operations = entry.get("kty"), entry.get("kid"), entry.get("key_ops", ["verify"])
    if not isinstance(kind, str) or kind not in _CLASS_BY_TYPE:
        return None
    if entry.get("use", "sig") != "sig":
        return None
    if not isinstance(operations, list) or "verify" not in operations:
        return None
    if kid is not None and not isinstance(kid, str):
        return None
    algorithms = _algorithms(entry, kind)
    if not algorithms or (kind == "RSA" and _bits(entry.get("n")) < _MIN_RSA_BITS):
        return None
    public = {name: entry[name] for name in _PUBLIC_MEMBERS[kind] if name in entry}
    try:
        return SigningKey(kid, algorithms, _CLASS_BY_TYPE[kind].import_key(public))
    except Exception:  # the library raises whatever the broken number made it raise
        return None


def _bits(number: object) -> int:
    """The length of a base64url number, 0 where it is none."""
    if not isinstance(number, str) or not number.isascii():
        return 0
    try:
        raw = base64.urlsafe_b64decode(number + "=" * (-len(number) % 4))
    except ValueError:
        return 0
    return int.from_bytes(raw, "big").bit_length()


def _algorithms(entry: Mapping[str, Any], kind: str) -> frozenset[str]:
    if kind == "RSA":
        able = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
    else:
        able = {name for name, curve in _CURVE_BY_ALGORITHM.items() if curve == entry.get("crv")}
    declared = entry.get("alg")
    if declared is None:
        return frozenset(able)
    if not isinstance(declared, str):
        return frozenset()
    return frozenset(able & (_TWO_NAMES if declared in _TWO_NAMES else {declared}))


class SigningKeys:
    """One issuer's keys.

    ``fetch`` gives the JWKS document or raises `IdentityProviderError`; it runs once at a time and
    at most once a cool-down. ``monotonic`` gives seconds from any start.
    """

    def __init__(
        self,
        fetch: Callable[[], Awaitable[Mapping[str, Any]]],
        *,
        monotonic: Callable[[], float],
        soft_lifetime_s: float = SOFT_LIFETIME_S,
        hard_lifetime_s: float = HARD_LIFETIME_S,
        cool_down_s: float = COOL_DOWN_S,
        cool_down_empty_s: float = COOL_DOWN_EMPTY_S,
    ) -> None:
        self._fetch = fetch
        self._monotonic = monotonic
        self._soft_lifetime_s = soft_lifetime_s
        self._hard_lifetime_s = hard_lifetime_s
        self._cool_down_s = cool_down_s
        self._cool_down_empty_s = cool_down_empty_s
        self._flight: SingleFlight[str, None] = SingleFlight()
        self._keys: tuple[SigningKey, ...] = ()
        self._fetched_at: float | None = None
        self._attempted_at: float | None = None
        self._fetches = 0
        self._problem = ""

    async def matching(self, kid: str | None, algorithm: str) -> tuple[Key, ...]:
        """The keys a signature may have been made with; empty where the key id is not known.

        Normally none or one. Without a key id, only where one key alone fits. Raises
        `IdentityProviderError` while there are no trustworthy keys at all.
        """
        age_s = self._age_s()
        if age_s is None or age_s >= self._hard_lifetime_s:
            await self._refresh(wait=True)
            self._must_be_usable()
        elif age_s >= self._soft_lifetime_s:
            await self._refresh(wait=False)
        found = self._select(kid, algorithm)
        if not found and await self._refresh(wait=True):
            found = self._select(kid, algorithm)
        return found

    async def refresh_if_due(self) -> None:
        """Fetch where there is nothing usable, as a readiness probe asks; never raises."""
        age_s = self._age_s()
        if age_s is None or age_s >= self._soft_lifetime_s or not self._keys:
            await self._refresh(wait=True)

    @property
    def state(self) -> KeysState:
        """How the set stands just now."""
        return KeysState(len(self._keys), self._age_s(), self._fetches, self._problem)

    @property
    def usable(self) -> bool:
        """Whether there are keys young enough to be trusted."""
        age_s = self._age_s()
        return bool(self._keys) and age_s is not None and age_s < self._hard_lifetime_s

    @property
    def retry_after_s(self) -> int:
        """Whole seconds until the next fetch is allowed; at least one."""
        if self._attempted_at is None:
            return 1
        left_s = self._attempted_at + self._pause_s() - self._monotonic()
        return max(1, int(left_s + 0.999))

    async def aclose(self) -> None:
        """Stop a fetch that is under way."""
        await self._flight.aclose()

    def _age_s(self) -> float | None:
        return None if self._fetched_at is None else self._monotonic() - self._fetched_at

    def _pause_s(self) -> float:
        return self._cool_down_s if self.usable else self._cool_down_empty_s

    def _must_be_usable(self) -> None:
        age_s = self._age_s()
        if age_s is None:
            raise IdentityProviderError(
                f"No signing keys have been loaded yet. {self._problem}".strip()
            )
        if age_s >= self._hard_lifetime_s:
            raise IdentityProviderError(
                f"The signing keys are {age_s / 3600:.0f} h old and could not be refreshed."
                f" {self._problem}".strip()
            )

    def _select(self, kid: str | None, algorithm: str) -> tuple[Key, ...]:
        fitting = [key for key in self._keys if algorithm in key.algorithms]
        if kid is not None:
            return tuple(key.key for key in fitting if key.kid == kid)
        return (fitting[0].key,) if len(fitting) == 1 else ()

    async def _refresh(self, *, wait: bool) -> bool:
        """Fetch, or join the fetch under way. False where the cool-down forbids one."""
        if not self._flight.waiting("keys"):
            since = self._attempted_at
            if since is not None and self._monotonic() - since < self._pause_s():
                return False
            self._attempted_at = self._monotonic()
        if wait:
            await self._flight.do("keys", self._load)
        else:
            self._flight.start("keys", self._load)
        return True

    async def _load(self) -> None:
        self._fetches += 1
        try:
            found = parse_keys(await self._fetch())
        except IdentityProviderError as problem:
            # Counted from here: an attempt may take as long as the pause, and whoever asks next
            # must not wait for another one at once.
            self._attempted_at = self._monotonic()
            self._note(str(problem))
            return
        # An empty set is honoured: taking every key away is how a provider revokes all at once.
        self._keys, self._fetched_at = found, self._monotonic()
        self._note("" if found else _NO_KEY)

    def _note(self, problem: str) -> None:
        """Keep a problem for readiness, and tell the log when it appears, changes or is over."""
        before, self._problem = self._problem, problem
        if problem and problem != before:
            age_s = self._age_s()
            known = "none are known" if age_s is None else f"those known are {age_s:.0f} s old"
            _log.warning("Signing keys could not be refreshed, %s: %s", known, problem)
        elif before and not problem:
            _log.info("Signing keys are up to date again: %d usable.", len(self._keys))


def unknown_key_sentence(kid: str | None, algorithm: str, state: KeysState) -> str:
    """Why no key fits, for the log."""
    if not state.keys:
        return f"No key can verify the token. {state.problem}".strip()
    named = "has no key id" if kid is None else f"names key {shown(kid)}"
    return f"The token {named} for {algorithm}; none of the provider's {state.keys} keys fits."
