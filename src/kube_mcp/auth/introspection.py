"""Asking the provider about one token (RFC 7662): sees revocation, understands opaque tokens."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus

from kube_mcp.auth.caller import BearerToken
from kube_mcp.auth.config import IntrospectionConfig
from kube_mcp.auth.provider import ProviderClient
from kube_mcp.auth.secret_file import SecretFile
from kube_mcp.auth.single_flight import SingleFlight
from kube_mcp.errors import IdentityProviderError

# Made-up tokens must not become a load on the provider: no more questions at once than this. The
# others wait in line, or a stream of made-up tokens would keep everybody else out; but only so many
# and so long, because each holds a connection.
_MAX_ASKING = 16
_MAX_WAITING = 512
_MAX_WAIT_S = 3.0
_MAX_REMEMBERED = 4096


def client_authentication(
    client_id: str, secret: str, *, method: str
) -> tuple[dict[str, str], tuple[str, str] | None]:
    """The form fields and the basic credentials by which a confidential client shows itself.

    ``method`` is ``basic`` or ``post``. RFC 6749 2.3.1 wants both halves of ``basic`` encoded.
    """
    if method == "post":
        return {"client_id": client_id, "client_secret": secret}, None
    return {}, (quote_plus(client_id), quote_plus(secret))


@dataclass(frozen=True, slots=True)
class Answer:
    """What the provider said about a token: nothing where it is not active.

    ``until`` is when it has to be asked again, by the clock of the `Introspection`.
    """

    claims: dict[str, Any]
    until: float


class Introspection:
    """Asks one endpoint, once at a time for a token, and remembers the answer for `cache_s`.

    ``endpoint`` gives the URL, so that it may come from a discovery document. Answers for tokens
    that are not active are remembered as well. ``monotonic`` gives seconds from any start.
    """

    def __init__(
        self,
        config: IntrospectionConfig,
        client: ProviderClient,
        endpoint: Callable[[], Awaitable[str]],
        *,
        monotonic: Callable[[], float],
    ) -> None:
        self.config = config
        self._client = client
        self._endpoint = endpoint
        self._secret = SecretFile(config.client_secret_file)
        self._monotonic = monotonic
        self._flight: SingleFlight[bytes, Answer] = SingleFlight()
        self._turn = asyncio.Semaphore(_MAX_ASKING)
        self._answers: OrderedDict[bytes, Answer] = OrderedDict()

    def left_s(self, answer: Answer) -> float:
        """How long an answer may still be relied on."""
        return answer.until - self._monotonic()

    async def ask(self, token: BearerToken) -> Answer:
        """What the provider says about the token.

        Raises `IdentityProviderError` where it cannot be asked, `CredentialsError` where the
        secret file cannot be read.
        """
        known = self._answers.get(token.digest)
        if known is not None and self._monotonic() < known.until:
            return known
        if not self._flight.waiting(token.digest) and len(self._flight) >= _MAX_WAITING:
            raise _crowded(f"{_MAX_WAITING} tokens wait to be introspected already.")
        return await self._flight.do(token.digest, lambda: self._ask_in_turn(token))

    async def find(self) -> None:
        """Find out where to ask. Raises `IdentityProviderError` where nobody says."""
        await self._endpoint()

    async def aclose(self) -> None:
        """Stop the questions under way."""
        await self._flight.aclose()

    async def _ask_in_turn(self, token: BearerToken) -> Answer:
        try:
            async with asyncio.timeout(_MAX_WAIT_S):
                await self._turn.acquire()
        except TimeoutError:
            raise _crowded(f"This token waited {_MAX_WAIT_S:g} s to be introspected.") from None
        try:
            return await self._ask(token)
        finally:
            self._turn.release()

    async def _ask(self, token: BearerToken) -> Answer:
        fields, basic = client_authentication(
            self.config.client_id, await self._secret.read(), method=self.config.client_auth
        )
        url = await self._endpoint()
        form = {"token": token.reveal(), "token_type_hint": "access_token", **fields}
        status, answer = await self._client.post_form(url, form, basic=basic)
        if status != 200:
            raise IdentityProviderError(
                f"The introspection endpoint answered {status} to client {self.config.client_id!r}.",
                hint="Check client_id, the secret file, and that the client may introspect.",
            )
        claims = answer if answer.get("active") is True else {}
        found = Answer(claims, self._monotonic() + self.config.cache_s)
        self._answers[token.digest] = found
        while len(self._answers) > _MAX_REMEMBERED:
            self._answers.popitem(last=False)
        return found


def _crowded(what: str) -> IdentityProviderError:
    return IdentityProviderError(f"{what} {_MAX_ASKING} are at a time.")
