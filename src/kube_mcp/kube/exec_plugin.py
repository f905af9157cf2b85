"""Credentials from a program, by the ``ExecCredential`` protocol of client-go.

The program is told what is wanted in ``KUBERNETES_EXEC_INFO`` and prints a token, or a client
certificate, with the time it expires. Its input is closed: over stdio, ours is the protocol's.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson

from kube_mcp.errors import CredentialsError
from kube_mcp.kube.connection import ClientCertificate, ExecPlugin
from kube_mcp.objects import dig_map, dig_str
from kube_mcp.redaction.text import clean_text, mask_text
from kube_mcp.words.times import parse_time

# Signing in to a cloud takes seconds; a program that takes longer waits for a person.
_TIMEOUT_S = 30.0

# Tokens and certificates are kilobytes.
_MAX_OUTPUT_BYTES = 1024 * 1024

# Enough for a request under way, and for a clock that is a little off.
_AHEAD_S = 60.0

# An API server that refuses everybody must not make us start a program for every request.
_LEAST_BETWEEN_REFRESHES_S = 10.0


@dataclass(frozen=True, slots=True)
class Issued:
    """What a plugin printed. ``expires`` is a Unix time, ``None`` where it named none."""

    token: str = field(default="", repr=False)
    certificate: ClientCertificate | None = None
    expires: float | None = None


class PluginCredentials:
    """What a plugin issued, renewed before it expires; one run at a time, whoever asks.

    A run goes on when the request that caused it is cancelled: the next one needs it too.
    """

    def __init__(
        self,
        plugin: ExecPlugin,
        *,
        environ: Mapping[str, str],
        certificate: ClientCertificate | None = None,
        timeout_s: float = _TIMEOUT_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._plugin = plugin
        self._environ = environ
        self._certificate = certificate
        self._timeout_s = timeout_s
        self._clock = clock
        self._issued: Issued | None = None
        self._issued_at = float("-inf")
        self._run: asyncio.Task[Issued] | None = None

    def __repr__(self) -> str:
        return f"PluginCredentials({self._plugin.command!r}, <token masked>)"

    async def headers(self) -> Mapping[str, str]:
        left_s = self._left_s()
        if self._issued is None or left_s <= 0:
            await self._renewed()
        elif left_s <= _AHEAD_S:
            # Still good: renew beside the request. What goes wrong shows once it has expired.
            self._start()
        token = self._issued.token if self._issued else ""
        return {"Authorization": f"Bearer {token}"} if token else {}

    def certificate(self) -> ClientCertificate | None:
        issued = self._issued.certificate if self._issued else None
        return issued or self._certificate

    async def refresh(self) -> bool:
        before = self._issued
        if self._run is None and self._clock() - self._issued_at < _LEAST_BETWEEN_REFRESHES_S:
            return False
        await self._renewed()
        return self._issued != before

    async def aclose(self) -> None:
        if self._run is not None:
            self._run.cancel()
            with suppress(asyncio.CancelledError, CredentialsError):
                await self._run

    def _left_s(self) -> float:
        expires = self._issued.expires if self._issued else None
        return float("inf") if expires is None else expires - self._clock()

    async def _renewed(self) -> None:
        """Wait for a run. Being cancelled does not cancel the run, as awaiting it would."""
        task = self._start()
        await asyncio.wait({task})
        if task.cancelled():
            raise CredentialsError("The connection to the cluster was closed while signing in.")
        task.result()

    def _start(self) -> asyncio.Task[Issued]:
        if self._run is None:
            self._run = asyncio.create_task(
                run(self._plugin, environ=self._environ, timeout_s=self._timeout_s)
            )
            self._run.add_done_callback(self._finished)
        return self._run

    def _finished(self, task: asyncio.Task[Issued]) -> None:
        self._run = None
        # Asking for the exception also tells asyncio that somebody knows of it.
        if not task.cancelled() and task.exception() is None:
            self._issued, self._issued_at = task.result(), self._clock()


async def run(plugin: ExecPlugin, *, environ: Mapping[str, str], timeout_s: float) -> Issued:
    """Run the plugin once. Raises `CredentialsError` where it is missing, fails or takes long."""
    info = {
        "apiVersion": plugin.api_version,
        "kind": "ExecCredential",
        "spec": {"interactive": False, **({"cluster": plugin.cluster} if plugin.cluster else {})},
    }
    try:
        process = await asyncio.create_subprocess_exec(
            plugin.command,
            *plugin.args,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            env={
                **environ,
                **dict(plugin.env),
                "KUBERNETES_EXEC_INFO": orjson.dumps(info).decode(),
            },
            # Its own group, so that what it starts ends with it.
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise CredentialsError(
            f"The credential plugin {plugin.command!r} is not installed here, "
            "or not in the PATH of this process.",
            hint=_one_line(plugin.install_hint),
        ) from error
    except OSError as error:
        raise CredentialsError(
            f"The credential plugin {plugin.command!r} cannot be started: {error.strerror}."
        ) from error
    try:
        async with asyncio.timeout(timeout_s):
            output, complaint = await asyncio.gather(_read(process.stdout), _read(process.stderr))
            code = await process.wait()
    except TimeoutError as error:
        raise CredentialsError(
            f"The credential plugin {plugin.command!r} was not done after {timeout_s:g} seconds.",
            hint="Run it in a terminal: it may be waiting for you to sign in.",
        ) from error
    finally:
        await _end(process)
    if code != 0:
        said = _one_line(mask_text(clean_text(complaint.decode("utf-8", "replace"))))
        raise CredentialsError(
            f"The credential plugin {plugin.command!r} failed with exit code {code}"
            + (f": {said}" if said else "."),
            hint="Run it in a terminal to see why.",
        )
    return _issued(plugin, output)


async def _read(stream: asyncio.StreamReader | None) -> bytes:
    """The stream to its end; what is beyond the limit is read too, or the program would hang."""
    kept = bytearray()
    while stream is not None and (chunk := await stream.read(65536)):
        kept += chunk[: max(0, _MAX_OUTPUT_BYTES - len(kept))]
    return bytes(kept)


async def _end(process: Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def _issued(plugin: ExecPlugin, output: bytes) -> Issued:
    try:
        document: Any = orjson.loads(output)
    except orjson.JSONDecodeError:
        document = None
    if dig_str(document, "kind") != "ExecCredential":
        # What it printed instead may be the token itself, so it is not quoted.
        raise CredentialsError(
            f"The credential plugin {plugin.command!r} did not print an ExecCredential.",
            hint="Run it in a terminal to see what it prints.",
        )
    if dig_str(document, "apiVersion") != plugin.api_version:
        raise CredentialsError(
            f"The credential plugin {plugin.command!r} answered with apiVersion "
            f"{dig_str(document, 'apiVersion')!r}, and the kubeconfig asks for "
            f"{plugin.api_version!r}.",
            hint="Change the apiVersion in the kubeconfig, or update the plugin.",
        )
    status = dig_map(document, "status")
    token = dig_str(status, "token").strip()
    pem, key = dig_str(status, "clientCertificateData"), dig_str(status, "clientKeyData")
    if bool(pem) != bool(key) or not (token or pem):
        raise CredentialsError(
            f"The credential plugin {plugin.command!r} printed neither a token nor a "
            "client certificate with its key.",
            hint="Run it in a terminal: it may want you to sign in.",
        )
    expires: datetime | None = parse_time(status.get("expirationTimestamp"))
    return Issued(
        token=token,
        certificate=ClientCertificate(certificate_pem=pem, key_pem=key) if pem else None,
        expires=expires.timestamp() if expires else None,
    )


def _one_line(text: str) -> str:
    """What a program wrote, short enough for an error: its last words count most."""
    words = " ".join(text.split())
    return words if len(words) <= 500 else f"…{words[-500:]}"
