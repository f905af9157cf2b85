"""HTTP as uvicorn reads it with httptools, with bounds on a request's head.

Neither of them limits how long a head is or how slowly it comes, and both happen before anybody
has signed in.
"""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

#: Tokens with a hundred groups are 10 KB; proxies commonly stop at 64 KB.
MAX_HEAD_BYTES = 65_536

#: A head is one packet or a few; who needs longer holds a connection on purpose.
HEAD_TIMEOUT_S = 20.0

#: How long a refused client may go on sending into the void.
_LINGER_S = 1.0

_ANSWER = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)


class BoundedHttp(HttpToolsProtocol):
    """Answers 431 to a head that is too long and hangs up on one that is too slow."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._head_bytes = 0
        self._in_head = False
        self._refused = False
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._head_begins()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_ends()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        super().data_received(data)
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refuse()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_begins()

    def on_headers_complete(self) -> None:
        self._head_ends()
        super().on_headers_complete()

    def _head_begins(self) -> None:
        self._head_ends()
        self._in_head = True
        self._head_bytes = 0
        self._head_timer = self.loop.call_later(HEAD_TIMEOUT_S, self._hang_up)

    def _head_ends(self) -> None:
        self._in_head = False
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _refuse(self) -> None:
        self._head_ends()
        self._refused = True
        self.transport.write(_ANSWER)
        # Closed while more is arriving, the connection would be reset and the answer lost.
        self._head_timer = self.loop.call_later(_LINGER_S, self._hang_up)

    def _hang_up(self) -> None:
        self._head_ends()
        self.transport.close()
