"""What the snapshot tests share: asking a transport the way a client does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import pytest

from kube_mcp.kube.transport import Request, Transport

TABLE = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def names(self) -> list[str]:
        return [item["metadata"]["name"] for item in self.json["items"]]


Ask = Callable[..., Awaitable[Answer]]


@pytest.fixture
def ask() -> Ask:
    async def _ask(
        transport: Transport,
        path: str,
        query: Mapping[str, str] | None = None,
        *,
        accept: str = "",
        method: str = "GET",
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        sent = {**(headers or {}), **({"Accept": accept} if accept else {})}
        request = Request(
            method,
            path,
            tuple((query or {}).items()),
            sent,
            b"" if body is None else orjson.dumps(body),
        )
        response = await transport.send(request)
        return Answer(response.status, response.headers, await response.read(1 << 30))

    return _ask


@pytest.fixture
def rows(ask: Ask) -> Callable[..., Awaitable[list[list[Any]]]]:
    async def _rows(
        transport: Transport, path: str, query: Mapping[str, str] | None = None
    ) -> list[list[Any]]:
        answer = await ask(transport, path, query, accept=TABLE["Accept"])
        assert answer.status == 200, answer.body
        return [row["cells"] for row in answer.json["rows"]]

    return _rows
