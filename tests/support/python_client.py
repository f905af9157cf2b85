"""The Python SDK's own OAuth client, with a person at its browser."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientMetadata

from tests.support.nanoidp import REDIRECT_URI
from tests.support.person import Person


@asynccontextmanager
async def signed_in(url: str, person: Person) -> AsyncIterator[tuple[Client, OAuthClientProvider]]:
    """A client that knows the address of the server and its own client id."""
    oauth = OAuthClientProvider(
        server_url=url,
        client_metadata=OAuthClientMetadata.model_validate(
            {"client_name": "test", "redirect_uris": [REDIRECT_URI]}
        ),
        storage=person,
        redirect_handler=person.open_browser,
        callback_handler=person.come_back,
    )
    async with (
        httpx2.AsyncClient(auth=oauth, timeout=20) as http,
        Client(streamable_http_client(url, http_client=http)) as client,
    ):
        yield client, oauth
