"""The few ASGI words the edge needs, and an answer that is complete before it is sent."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole HTTP answer; calling it as an ASGI application sends it, without body for HEAD."""

    status: int
    headers: tuple[Header, ...] = ()
    body: bytes = b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [*self.headers]
        if self.status != 204:
            headers.append((b"content-length", str(len(self.body)).encode("ascii")))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        body = b"" if scope.get("method") == "HEAD" else self.body
        await send({"type": "http.response.body", "body": body})


def json_answer(
    status: int, document: Mapping[str, Any], *, headers: Iterable[tuple[str, str]] = ()
) -> Answer:
    """An answer with a JSON body. Nobody may keep it unless ``headers`` say otherwise."""
    given = [(name.lower().encode("ascii"), value.encode("latin-1")) for name, value in headers]
    if not any(name == b"cache-control" for name, _ in given):
        given.append((b"cache-control", b"no-store"))
    body = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode("utf-8")
    return Answer(status, ((b"content-type", b"application/json"), *given), body)


def header_values(scope: Scope, name: bytes) -> list[str]:
    """Every value of one header, in order. ``name`` is lower case."""
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]
