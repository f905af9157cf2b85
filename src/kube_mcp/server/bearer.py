"""Nothing passes without a good bearer token: pure ASGI, in front of the protocol."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import parse_qsl

from kube_mcp.auth.caller import Caller
from kube_mcp.auth.denied import Denied, shown
from kube_mcp.server.asgi import Answer, App, Header, Receive, Scope, Send, header_values
from kube_mcp.server.challenge import Challenge
from kube_mcp.server.patience import Patience

#: Where the `Caller` stands in ``scope["state"]`` for everything behind this.
CALLER = "caller"

_SCHEMES = frozenset({"apikey", "basic", "digest", "dpop", "hmac", "negotiate", "token"})
_B64TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*")
# Names under which gateways assert who the user is. Only the token says that here, so none of
# these may reach the inside, whoever wrote them.
_ASSERTED_BY_PROXIES = re.compile(
    r"impersonate-.*|x-remote-.*|x-forwarded-(user|groups?|email|preferred-username|access-token)"
    r"|x-authentik-.*|x-auth-request-.*|x-webauth-.*|x-goog-iap-.*|remote-(user|groups?|email|name)"
)
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_TOKEN_FIELDS = frozenset({"access_token", "id_token", "token", "authorization", "bearer"})


class TokenVerifier(Protocol):
    """What turns a token into a caller; `kube_mcp.auth.verifier.Verifier` does."""

    async def verify(self, text: str) -> Caller | Denied:
        """Who the token speaks for, or why not. Never raises."""
        ...


@dataclass(frozen=True, slots=True)
class Decision:
    """One decision at the door, for the audit log. Holds no token.

    ``code`` is ``ok`` where ``allowed``; ``claimed`` is what a refused token says of itself,
    believed by nobody; ``client_address`` is the peer's as the server saw it.
    """

    allowed: bool
    code: str
    status: int
    sentence: str
    caller: Caller | None = None
    claimed: Mapping[str, str] = field(default_factory=dict)
    client_address: str = ""


async def _admit_everybody(caller: Caller) -> Denied | None:
    return None


def tell_nobody(decision: Decision) -> None:
    """No audit log is wanted."""


class BearerAuth:
    """Lets a request through to ``app`` with its `Caller`, or answers it here.

    ``admit`` may refuse a caller whose token is good, before anything of the request is read: an
    identity mode that cannot map a group says so here. ``audit`` hears of each decision.
    Behind this, ``scope["state"]["caller"]`` is set and the Authorization header is gone, with
    every header by which a proxy, or somebody posing as one, asserts a user.
    """

    def __init__(
        self,
        app: App,
        verifier: TokenVerifier,
        challenge: Challenge,
        *,
        admit: Callable[[Caller], Awaitable[Denied | None]] = _admit_everybody,
        audit: Callable[[Decision], None] = tell_nobody,
        patience: Patience | None = None,
    ) -> None:
        self._app = app
        self._patience = patience
        self._verifier = verifier
        self._challenge = challenge
        self._admit = admit
        self._audit = audit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            return
        outcome = await self._decide(scope)
        if isinstance(outcome, Denied):
            self._audit(
                Decision(
                    allowed=False,
                    code=outcome.code,
                    status=outcome.status,
                    sentence=outcome.sentence,
                    claimed=outcome.claimed,
                    client_address=peer(scope),
                )
            )
            if self._patience is not None:
                await self._patience.before_refusing()
            await self._answer(outcome, scope)(scope, receive, send)
            return
        self._audit(
            Decision(
                allowed=True,
                code="ok",
                status=200,
                sentence="The token is good.",
                caller=outcome,
                client_address=peer(scope),
            )
        )
        inner = dict(scope)
        inner["headers"] = _without_assertions(scope["headers"])
        inner["state"] = {**(scope.get("state") or {}), CALLER: outcome}
        await self._app(inner, receive, send)

    async def _decide(self, scope: Scope) -> Caller | Denied:
        found = _token_in(scope)
        if isinstance(found, Denied):
            return found
        outcome = await self._verifier.verify(found)
        if isinstance(outcome, Denied):
            return outcome
        refused = await self._admit(outcome)
        return outcome if refused is None else refused

    def _answer(self, denied: Denied, scope: Scope) -> Answer:
        if denied.status == 400:
            return self._challenge.invalid_request(scope, denied.sentence)
        if denied.status == 503:
            return self._challenge.unavailable(denied.retry_after_s)
        if denied.status == 403:
            if denied.scopes:
                return self._challenge.insufficient_scope(scope, denied.scopes)
            return self._challenge.forbidden(_FORBIDDEN.get(denied.code, _FORBIDDEN_OTHERWISE))
        if denied.code in _WITHOUT_TOKEN:
            return self._challenge.no_token(scope)
        return self._challenge.invalid_token(scope, denied.for_client)


_WITHOUT_TOKEN = frozenset({"no-token", "unsupported-scheme"})
_FORBIDDEN = {
    "missing-group": "You are signed in, but not a member of a group that may use this server;"
    " ask whoever runs it",
}
_FORBIDDEN_OTHERWISE = "You are signed in, but your account may not use this server"


def _token_in(scope: Scope) -> str | Denied:
    """The one bearer token of a request, from the one place where it may be."""
    for name, _ in parse_qsl(scope.get("query_string", b"").decode("latin-1"), True):
        if name.strip().lower() in _TOKEN_FIELDS:
            return Denied(
                "token-in-query", 400, "A token in the URL is refused; it would be logged"
            )
    content_type = "".join(header_values(scope, b"content-type")).strip().lower()
    if content_type.startswith(_FORMS):
        return Denied("token-in-form", 400, "A form is refused; send JSON and a Bearer header")
    if any(_name(header).startswith("impersonate-") for header in scope["headers"]):
        return Denied("impersonation-header", 400, "Impersonate headers are refused")
    given = header_values(scope, b"authorization")
    if not given:
        return Denied("no-token", 401, "No Authorization header came.")
    if len(given) > 1:
        return Denied("multiple-credentials", 400, "More than one Authorization header came")
    scheme, blank, token = given[0].strip(" \t").partition(" ")
    if scheme.lower() != "bearer":
        # A word that is not a scheme's name may be the credential itself, sent without one.
        named = shown(scheme) if blank and scheme.lower() in _SCHEMES else "not given or unknown"
        return Denied(
            "unsupported-scheme", 401, f"The Authorization scheme is {named}, expected Bearer."
        )
    token = token.strip(" \t")
    if not token:
        return Denied("no-token", 401, "The Authorization header holds no token.")
    if not _B64TOKEN.fullmatch(token):
        return Denied("malformed-header", 400, "The Authorization header is malformed")
    return token


def _without_assertions(headers: list[Header]) -> list[Header]:
    return [
        header
        for header in headers
        if (name := _name(header)) != "authorization" and not _ASSERTED_BY_PROXIES.fullmatch(name)
    ]


def _name(header: Header) -> str:
    # Some servers fold '_' into '-', so 'Impersonate_User' must count as the same name.
    return header[0].decode("latin-1").lower().replace("_", "-")


def peer(scope: Scope) -> str:
    """The address a request came from, as the server saw it: often a proxy's."""
    client = scope.get("client")
    return str(client[0]) if client else ""
