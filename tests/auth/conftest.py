"""A running provider, and a verifier that trusts it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.issuer import FakeIssuer
from tests.support.signin import Clock, SignIn, configured, trusting

NOW = 1_800_000_000.0


@pytest.fixture
def clock() -> Clock:
    return Clock(NOW)


@pytest.fixture
async def issuer() -> AsyncIterator[FakeIssuer]:
    async with FakeIssuer(now=NOW) as running:
        yield running


@pytest.fixture
async def signin(issuer: FakeIssuer, clock: Clock) -> AsyncIterator[SignIn]:
    async with SignIn(configured(trusting(issuer)), clock) as running:
        yield running
