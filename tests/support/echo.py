"""A web server that says what reached it, and streams one event at a time on request."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

#: A step of a stream that is not asked for within this time is not coming.
STEP_TIMEOUT_S = 20


class Echo:
    """Answers every path with what it was asked; below ``/stream`` with three events.

    Each event after the first waits for `allow_next`, so a client that has seen one proves that
    nothing on the way held it back.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._steps = threading.Semaphore(0)
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                if self.path.endswith("/stream"):
                    self._stream()
                    return
                body = json.dumps(
                    {
                        "server": outer.name,
                        "path": self.path,
                        "headers": {k.lower(): v for k, v in self.headers.items()},
                    }
                ).encode()
                self.send_response(401 if self.path.endswith("/denied") else 200)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("WWW-Authenticate", 'Bearer resource_metadata="x"')
                self.send_header("Server", "secret-server/1.0")
                self.end_headers()
                self.wfile.write(body)

            def _stream(self) -> None:
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("Connection", "close")
                self.end_headers()
                for number in range(3):
                    if number and not outer._steps.acquire(timeout=STEP_TIMEOUT_S):
                        return
                    self.wfile.write(f"data: {number}\n\n".encode())
                    self.wfile.flush()
                self.close_connection = True

            def log_message(self, *args: object) -> None:
                """Silent: pytest's output is for results."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def allow_next(self) -> None:
        """Let the stream send its next event."""
        self._steps.release()
