"""What all tests share."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The only event loop this project runs on; uvloop is one of its kind."""
    return "asyncio"
