"""A verifier and a bearer middleware around a recording application, for one fake issuer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp

from kube_mcp.auth.assemble import assemble
from kube_mcp.auth.config import AuthConfig, TrustedIssuer
from kube_mcp.auth.provider import open_session
from kube_mcp.auth.verifier import Verifier
from kube_mcp.server.asgi import Answer, Receive, Scope, Send
from kube_mcp.server.bearer import BearerAuth, Decision
from kube_mcp.server.challenge import Challenge
from kube_mcp.server.public_urls import PublicUrls
from tests.support.issuer import CLIENT_ID, FakeIssuer

PUBLIC_URL = "https://api.example.com/mcp/kubernetes"


@dataclass
class Clock:
    """A clock that moves when told to; both of the epoch and of intervals."""

    now: float

    def __call__(self) -> float:
        return self.now

    def pass_s(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


@dataclass
class Recorder:
    """The application behind the door: remembers what came through."""

    scopes: list[Scope] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scopes.append(scope)
        await Answer(200, body=b"inside")(scope, receive, send)


def trusting(issuer: FakeIssuer, **changes: Any) -> TrustedIssuer:
    """Trust in a fake issuer as the deployment sets it up."""
    start = TrustedIssuer(
        issuer=issuer.issuer,
        audience=(CLIENT_ID, PUBLIC_URL),
        allowed_clients=(CLIENT_ID,),
        allow_http_loopback=True,
    )
    return replace(start, **changes)


def configured(*issuers: TrustedIssuer, **changes: Any) -> AuthConfig:
    """A whole configuration that passes its own check."""
    config = replace(AuthConfig(public_urls=(PUBLIC_URL,), issuers=issuers), **changes)
    assert config.problems() == []
    return config


@dataclass
class SignIn:
    """Everything between a request and the application. Use as an async context manager."""

    config: AuthConfig
    clock: Clock
    inside: Recorder = field(default_factory=Recorder)
    decisions: list[Decision] = field(default_factory=list)
    admit: Callable[..., Any] | None = None
    session: aiohttp.ClientSession | None = None
    _verifier: Verifier | None = None

    async def __aenter__(self) -> SignIn:
        self.session = open_session()
        self._verifier = assemble(self.config, self.session, now=self.clock, monotonic=self.clock)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self.session is not None
        await self.verifier.aclose()
        await self.session.close()

    @property
    def verifier(self) -> Verifier:
        """The verifier of this configuration."""
        assert self._verifier is not None
        return self._verifier

    @property
    def app(self) -> BearerAuth:
        """The door."""
        more: dict[str, Any] = {} if self.admit is None else {"admit": self.admit}
        return BearerAuth(
            self.inside,
            self.verifier,
            Challenge(PublicUrls(self.config.public_urls), self.config.challenge_scopes),
            audit=self.decisions.append,
            **more,
        )

    @property
    def code(self) -> str:
        """The reason code of the last decision."""
        return self.decisions[-1].code
