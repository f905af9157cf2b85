"""The real Traefik before pods that are processes of this machine.

Traefik reads routes, Services and EndpointSlices from the API server as it does in a cluster. The
addresses of pods do not exist here, so its connections to them go through `PodNetwork`, a SOCKS
proxy that knows which local port is which pod.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from testbed.bed import Bed
from tests.support.processes import end
from tests.support.tools import tool

Obj = dict[str, Any]
START_TIMEOUT_S = 30


class PodNetwork:
    """Leads connections to a pod's address to the local port that was given for it.

    Bytes are passed on as they come, so it cannot hide, nor cause, a buffered stream.
    """

    def __init__(self) -> None:
        self.ports: dict[str, int] = {}
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pod-network", daemon=True)
        self.port = 0

    def lead(self, bed: Bed, namespace: str, ports: Sequence[int]) -> dict[str, int]:
        """Let the pods of ``namespace`` be the processes behind ``ports``, once there are as many.

        The port of each pod, by its name.
        """
        bed.wait_for(
            lambda: sum(map(bool, pod_addresses(bed, namespace).values())) == len(ports),
            what=f"{len(ports)} pods in {namespace}",
        )
        pods = sorted(pod_addresses(bed, namespace).items())
        for (_, address), port in zip(pods, ports, strict=True):
            self.ports[address] = port
        return {name: port for (name, _), port in zip(pods, ports, strict=True)}

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(START_TIMEOUT_S)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            asyncio.start_server(self._connected, "127.0.0.1", 0)
        )
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        pending = asyncio.all_tasks(self._loop)
        for task in pending:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*pending, return_exceptions=True))

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Cancelled only when the network ends, and then nobody is left to be told.
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self._lead(reader, writer)
        writer.close()

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # SOCKS 5 (RFC 1928): no authentication, CONNECT to an IPv4 address, nothing else.
        _, methods = await reader.readexactly(2)
        await reader.readexactly(methods)
        writer.write(b"\x05\x00")
        _, command, _, kind = await reader.readexactly(4)
        address = socket.inet_ntoa(await reader.readexactly(4)) if kind == 1 else ""
        await reader.readexactly(2)
        port = self.ports.get(address)
        if command != 1 or port is None:
            writer.write(b"\x05\x04\x00\x01" + bytes(6))  # host unreachable
            return
        try:
            up, down = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            writer.write(b"\x05\x05\x00\x01" + bytes(6))  # connection refused
            return
        writer.write(b"\x05\x00\x00\x01" + bytes(6))
        ways = [asyncio.create_task(_pipe(*way)) for way in ((reader, down), (up, writer))]
        # Either end going away ends the other: a client that left is how a call is cancelled.
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in ways:
                task.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            down.close()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()


class Traefik:
    """The real one, reading routes from ``bed``, on a free loopback port with TLS."""

    def __init__(self, bed: Bed, network: PodNetwork, folder: Path) -> None:
        self._log = (folder / "traefik.log").open("wb")
        self.log_file = folder / "traefik.log"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        proxy = f"socks5://127.0.0.1:{network.port}"
        self._process = subprocess.Popen(
            [str(tool("traefik")), "--providers.kubernetescrd=true",
             "--providers.kubernetescrd.throttleduration=100ms",
             f"--entrypoints.websecure.address=127.0.0.1:{self.port}",
             "--entrypoints.websecure.http.tls=true",
             "--global.checknewversion=false", "--global.sendanonymoususage=false",
             "--log.level=INFO"],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(folder),
                "KUBECONFIG": str(bed.kubeconfig_file),
                "HTTP_PROXY": proxy,
                # The API server is on the loopback, which is never asked for through a proxy.
                "NO_PROXY": "127.0.0.1,localhost",
            },
            stdout=self._log,
            stderr=subprocess.STDOUT,
            cwd=folder,
        )  # fmt: skip

    def __enter__(self) -> Self:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            assert self._process.poll() is None, self.log_file.read_text()[-2000:]
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", self.port), timeout=1),
            ):
                return self
            time.sleep(0.05)
        raise AssertionError(f"Traefik does not listen: {self.log_file.read_text()[-2000:]}")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        end(self._process)
        self._log.close()


def certificate_store(bed: Bed, hosts: Sequence[str], namespace: str) -> tuple[list[Obj], Path]:
    """Traefik's default certificate, as objects, and the file of the authority that clients trust."""
    from testbed.pki import Authority

    folder = bed.folder / "edge-pki"
    folder.mkdir(exist_ok=True)
    authority = Authority(folder, "edge-ca")
    pair = authority.server("edge", hosts=hosts)
    return [
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "kubernetes.io/tls",
            "metadata": {"name": "edge", "namespace": namespace},
            "stringData": {"tls.crt": pair.cert.read_text(), "tls.key": pair.key.read_text()},
        },
        {
            "apiVersion": "traefik.io/v1alpha1",
            "kind": "TLSStore",
            "metadata": {"name": "default", "namespace": namespace},
            "spec": {"defaultCertificate": {"secretName": "edge"}},
        },
    ], authority.file


def pod_addresses(bed: Bed, namespace: str) -> dict[str, str]:
    """Name and address of the pods that are there to stay."""
    listed = bed.admin.get(f"/api/v1/namespaces/{namespace}/pods")["items"]
    return {
        pod["metadata"]["name"]: pod["status"].get("podIP", "")
        for pod in listed
        if not pod["metadata"].get("deletionTimestamp")
    }


@dataclass(frozen=True)
class Answer:
    """One response as a client of the public host sees it; headers by lower-case name."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class PublicHost:
    """A client of ``https://HOST`` that reaches it on a local port and checks its certificate."""

    def __init__(self, host: str, *, port: int, ca_file: Path) -> None:
        self.host = host
        self.port = port
        self.ca_file = ca_file
        self._tls = ssl.create_default_context(cafile=str(ca_file))

    @contextlib.contextmanager
    def open(
        self, path: str, *, method: str = "GET", headers: dict[str, str] | None = None
    ) -> Iterator[http.client.HTTPResponse]:
        """One request whose response is read as it comes."""
        with (
            socket.create_connection(("127.0.0.1", self.port), timeout=20) as plain,
            self._tls.wrap_socket(plain, server_hostname=self.host) as secured,
        ):
            connection = http.client.HTTPConnection(self.host)
            connection.sock = secured
            connection.request(method, path, headers={"Host": self.host, **(headers or {})})
            with connection.getresponse() as response:
                yield response

    def ask(
        self, path: str, *, method: str = "GET", headers: dict[str, str] | None = None
    ) -> Answer:
        """One request and its whole response."""
        with self.open(path, method=method, headers=headers) as response:
            named: dict[str, str] = {}
            for name, value in response.getheaders():
                # A browser refuses a response that says twice who may read it.
                assert name.lower() not in named, f"{name} stands twice: {response.getheaders()}"
                named[name.lower()] = value
            return Answer(response.status, named, response.read())

    def wait_until_routed(self, path: str, *, timeout_s: float = 30) -> None:
        """Until Traefik knows a route for ``path`` with a pod behind it."""
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                last = str(self.ask(path).status)
            except OSError as error:
                last = str(error)
            if last not in ("404", "502", "503") and last.isdigit():
                return
            assert time.monotonic() < deadline, f"{path} is not routed: {last}"
            time.sleep(0.1)
