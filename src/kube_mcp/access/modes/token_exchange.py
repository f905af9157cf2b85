"""The caller's token is exchanged for one made out to the cluster (RFC 8693)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any

from kube_mcp.access.modes import refusal, signed_in
from kube_mcp.auth.caller import Caller
from kube_mcp.auth.denied import shown
from kube_mcp.auth.introspection import client_authentication
from kube_mcp.auth.provider import ProviderClient, url_problem
from kube_mcp.auth.secret_file import SecretFile
from kube_mcp.auth.single_flight import SingleFlight
from kube_mcp.errors import IdentityProviderError
from kube_mcp.kube.identity import Identity, sendable

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105  a type's name
ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"  # noqa: S105
JWT = "urn:ietf:params:oauth:token-type:jwt"

# Dropped this early, so that a token does not expire between the cache and the API server.
_MARGIN_S = 30.0
# Where the provider does not say how long its token lives (expires_in is optional).
_UNSAID_LIFETIME_S = 60.0
_MAX_REMEMBERED = 1024
# What says that this server asks wrongly, whoever the caller is.
_OURS = frozenset(
    {"invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_scope"}
)
_MAX_TOKEN_CHARS = 16 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenExchangeConfig:
    """Where and as which client to exchange.

    ``token_url`` is empty to take the issuer's token endpoint. ``sts_audience`` names the cluster
    as the provider knows it. ``requested_token_type`` is one of the RFC's URNs.
    """

    sts_client_id: str
    sts_client_secret_file: str
    sts_audience: str
    sts_scope: str = ""
    token_url: str = ""
    client_auth: str = "basic"
    requested_token_type: str = ACCESS_TOKEN
    ca_file: str = ""
    allow_http_loopback: bool = False

    def problems(self) -> list[str]:
        """Everything that keeps this from working, one sentence each."""
        return list(self._problems())

    def _problems(self) -> Iterator[str]:
        for name, value in (
            ("sts_client_id", self.sts_client_id),
            ("sts_client_secret_file", self.sts_client_secret_file),
            ("sts_audience", self.sts_audience),
        ):
            if not value:
                yield f"token_exchange.{name} is empty; identity mode 'token-exchange' needs it."
        if self.token_url and (
            problem := url_problem(self.token_url, allow_http_loopback=self.allow_http_loopback)
        ):
            yield f"token_exchange.token_url: {problem}."
        if self.client_auth not in ("basic", "post"):
            yield f"token_exchange.client_auth is {self.client_auth!r}; expected 'basic' or 'post'."
        if self.requested_token_type not in (ACCESS_TOKEN, ID_TOKEN, JWT):
            yield (
                f"token_exchange.requested_token_type is {self.requested_token_type!r}; expected {ACCESS_TOKEN},"
                f" {ID_TOKEN} or {JWT}."
            )


@dataclass(frozen=True, slots=True)
class _Exchanged:
    identity: Identity
    until: float


class TokenExchangeMode:
    """Exchanges once a token, however many calls it makes at the same time, and keeps the result.

    ``endpoint`` gives the token endpoint for an issuer; ``now`` gives seconds since the epoch. A
    kept token lives no longer than the one it was exchanged for.
    """

    name = "token-exchange"

    def __init__(
        self,
        config: TokenExchangeConfig,
        client: ProviderClient,
        endpoint: Callable[[str], Awaitable[str]],
        *,
        now: Callable[[], float],
    ) -> None:
        self._config = config
        self._client = client
        self._endpoint = endpoint
        self._secret = SecretFile(config.sts_client_secret_file)
        self._now = now
        self._flight: SingleFlight[bytes, Identity] = SingleFlight()
        self._known: OrderedDict[bytes, _Exchanged] = OrderedDict()

    async def identity(self, caller: Caller | None) -> Identity:
        """The caller with a token made out to the cluster.

        Raises `NotAllowed` with code ``exchange-refused`` where the provider says no,
        `IdentityProviderError` where it cannot be asked, `CredentialsError` without a secret.
        """
        who = signed_in(caller, self.name)
        digest = who.token.digest
        known = self._known.get(digest)
        if known is not None and self._now() < known.until:
            self._known.move_to_end(digest)
            return known.identity
        return await self._flight.do(digest, lambda: self._exchange(who))

    async def aclose(self) -> None:
        """Stop the exchanges under way and forget the tokens."""
        await self._flight.aclose()
        self._known.clear()

    async def _exchange(self, caller: Caller) -> Identity:
        config = self._config
        fields, basic = client_authentication(
            config.sts_client_id, await self._secret.read(), method=config.client_auth
        )
        form = {
            "grant_type": GRANT_TYPE,
            "subject_token": caller.token.reveal(),
            "subject_token_type": ACCESS_TOKEN,
            "requested_token_type": config.requested_token_type,
            "audience": config.sts_audience,
            **fields,
        }
        if config.sts_scope:
            form["scope"] = config.sts_scope
        url = config.token_url or await self._endpoint(caller.issuer)
        status, answer = await self._client.post_form(url, form, basic=basic)
        if status != 200:
            raise self._refused(status, answer)
        identity = Identity(self.name, username=caller.username, bearer=_token_in(answer))
        lifetime_s = answer.get("expires_in", _UNSAID_LIFETIME_S)
        if isinstance(lifetime_s, bool) or not isinstance(lifetime_s, int | float):
            lifetime_s = _UNSAID_LIFETIME_S
        until = min(self._now() + lifetime_s - _MARGIN_S, caller.expires_at)
        if until > self._now():
            self._known[caller.token.digest] = _Exchanged(identity, until)
            while len(self._known) > _MAX_REMEMBERED:
                self._known.popitem(last=False)
        return identity

    def _refused(self, status: int, answer: dict[str, Any]) -> Exception:
        error = answer.get("error")
        if error in _OURS or status == 401:
            return IdentityProviderError(
                f"The token endpoint does not accept client {self._config.sts_client_id!r}"
                f" ({status}, {shown(error)}).",
                hint="Check sts_client_id and the secret file, and that the client may exchange tokens.",
            )
        return refusal(
            "exchange-refused",
            "The identity provider does not give this caller a token for the cluster"
            f" ({status}, {shown(error)}).",
            hint=f"Check that it may be exchanged for audience {self._config.sts_audience!r}.",
        )


def _token_in(answer: dict[str, Any]) -> str:
    """The token for the cluster. Raises `IdentityProviderError` where none can be sent there."""
    token = answer.get("access_token")
    if not isinstance(token, str) or not token:
        raise IdentityProviderError("The token endpoint's answer holds no access_token.")
    if len(token) > _MAX_TOKEN_CHARS or not sendable(token):
        raise IdentityProviderError(
            f"The token endpoint's answer holds an access_token of {len(token)} characters that"
            " cannot be sent in a header."
        )
    kind = answer.get("token_type", "Bearer")
    # RFC 8693 has N_A for a token that is none of an authorization server's own access tokens.
    if not isinstance(kind, str) or kind.lower() not in ("bearer", "n_a"):
        raise IdentityProviderError(
            f"The token endpoint gave a token of type {shown(kind)}, expected Bearer."
        )
    return token
