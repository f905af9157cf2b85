"""Listens, serves, and stops without dropping calls."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any

import uvicorn

from kube_mcp.errors import SettingsError
from kube_mcp.server.asgi import App
from kube_mcp.server.bounded_http import BoundedHttp
from kube_mcp.server.http import HttpShell
from kube_mcp.server.memory import settle

logger = logging.getLogger(__name__)

#: Longer than Traefik keeps idle connections (90 s): who closes first must be the one that will
#: not be sent another request at that moment.
_KEEP_ALIVE_S = 120

_BACKLOG = 512


@dataclass(frozen=True, slots=True)
class Listening:
    """Where the server can be reached; ``metrics_port`` is 0 without a port of its own."""

    host: str
    port: int
    metrics_port: int = 0

    @property
    def url(self) -> str:
        """The address of the root, for people on this machine."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        host = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host)  # noqa: S104
        return f"http://{host}:{self.port}"


def run(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run ``main`` on the fastest event loop there is for this platform."""
    settle()
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        runner.run(main())


async def serve(
    shell: HttpShell,
    *,
    app: App | None = None,
    host: str,
    port: int,
    metrics_app: App | None = None,
    metrics_host: str = "",
    metrics_port: int = 0,
    grace_s: float = 20.0,
    linger_s: float = 0.0,
    on_listening: Callable[[Listening], Awaitable[None] | None] | None = None,
    stop: asyncio.Event | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT; or, if ``stop`` is given, until that is set.

    ``app`` is the shell with whatever stands in front of it (sign-in pages, CORS); without it the
    shell itself is served. ``metrics_app`` listens on ``metrics_host`` (empty: the same address)
    and ``metrics_port``. ``port`` 0 takes a free one; ``on_listening`` is told which.
    On the first signal readiness turns negative, new connections are taken for another
    ``linger_s`` (load balancers need a moment to see it), then calls in flight have ``grace_s`` to
    finish. A second signal ends at once.
    Raises `SettingsError` where the address cannot be listened on.
    """
    sockets = [_listen(host, port)]
    if metrics_app is not None:
        try:
            sockets.append(_listen(metrics_host or host, metrics_port))
        except SettingsError:
            sockets[0].close()
            raise
    ports = [each.getsockname()[1] for each in sockets]
    main = _server(app or shell, grace_s=grace_s, lifespan=True)
    beside = _server(metrics_app, grace_s=0, lifespan=False) if metrics_app is not None else None
    servers = [main, beside] if beside is not None else [main]
    ends = stop or asyncio.Event()
    with contextlib.nullcontext() if stop is not None else _signals(ends, servers):
        tasks = [
            asyncio.create_task(server.serve(sockets=[each]))
            for server, each in zip(servers, sockets, strict=True)
        ]
        told = asyncio.create_task(_tell(main, Listening(host, *ports), on_listening))
        stopping = asyncio.create_task(_stop(ends, shell, main, linger_s))
        try:
            await tasks[0]
        finally:
            for server in servers:
                server.should_exit = True
            for task in (told, stopping):
                task.cancel()
            # A fault while listening was announced must not pass for a clean end.
            results = await asyncio.gather(*tasks[1:], told, stopping, return_exceptions=True)
            for each in sockets:
                each.close()
    for result in results:
        if isinstance(result, Exception):
            raise result


async def _tell(
    server: _Server,
    listening: Listening,
    on_listening: Callable[[Listening], Awaitable[None] | None] | None,
) -> None:
    await server.up.wait()
    logger.info("Listening on %s", listening.url, extra={"port": listening.port})
    result = on_listening(listening) if on_listening is not None else None
    if result is not None:
        await result


async def _stop(
    stop: asyncio.Event, shell: HttpShell, server: uvicorn.Server, linger_s: float
) -> None:
    await stop.wait()
    shell.drain()
    logger.info("Stopping: calls in flight are finished first")
    await asyncio.sleep(linger_s)
    server.should_exit = True


class _Server(uvicorn.Server):
    """Leaves signals to us.

    uvicorn would stop listening with the first one, and sse-starlette, which finds uvicorn by its
    signal handler, would cut the streams of calls that still run.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.up.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _server(app: Any, *, grace_s: float, lifespan: bool) -> _Server:
    config = uvicorn.Config(
        app,
        http=BoundedHttp,
        ws="none",
        lifespan="on" if lifespan else "off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        # uvicorn counts whole seconds, and 0 would mean no limit at all.
        timeout_graceful_shutdown=max(1, round(grace_s)),
    )
    return _Server(config)


@contextlib.contextmanager
def _signals(stop: asyncio.Event, servers: list[_Server]) -> Iterator[None]:
    loop = asyncio.get_running_loop()

    def heard() -> None:
        if stop.is_set():
            for server in servers:
                server.should_exit = True
                server.force_exit = True
        stop.set()

    taken = []
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows
            loop.add_signal_handler(number, heard)
            taken.append(number)
    try:
        yield
    finally:
        for number in taken:
            loop.remove_signal_handler(number)


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, kind, proto, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        sock = socket.socket(family, kind, proto)
    except OSError as error:
        raise SettingsError(
            [f"server.host '{host}' is no address here: {error.strerror}."]
        ) from error
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6 and host == "::":
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.bind(address)
        sock.listen(_BACKLOG)
        sock.setblocking(False)
    except OSError as error:
        sock.close()
        raise SettingsError(
            [f"Port {port} on {host} cannot be listened on: {error.strerror}."],
            hint="Choose another with server.port; 0 takes a free one.",
        ) from error
    return sock


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    if sys.platform == "win32":
        return None
    try:
        import uvloop
    except ImportError:  # not made for this interpreter
        return None
    return uvloop.new_event_loop
