"""What goes along with a request so that the API server knows who asks, kept fresh.

The pool asks for the headers before each request, and for a refresh after a 401.
"""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from kube_mcp.errors import CredentialsError
from kube_mcp.kube.connection import (
    Anonymous,
    BasicAuth,
    BearerToken,
    BearerTokenFile,
    ClientCertificate,
    ClusterConfig,
)

# The kubelet renews a projected token at four fifths of its life, which is at least ten minutes:
# a minute is soon enough, and seldom enough not to matter.
_REREAD_AFTER_S = 60.0


class Credentials(Protocol):
    """Who asks. Implementations have a masked ``repr``; they may share work between callers."""

    async def headers(self) -> Mapping[str, str]:
        """The headers that prove it. Raises `CredentialsError` where there is no proof to be had."""
        ...

    def certificate(self) -> ClientCertificate | None:
        """The client certificate to present, where one is; current after `headers` returned."""
        ...

    async def refresh(self) -> bool:
        """After a 401: get fresh proof. True if it differs, so that another try makes sense."""
        ...

    async def aclose(self) -> None:
        """Stop what is going on in the background."""
        ...


class Fixed:
    """Proof that does not change: nothing at all, a token, a password, a client certificate."""

    def __init__(
        self,
        headers: Mapping[str, str] | None = None,
        *,
        certificate: ClientCertificate | None = None,
    ) -> None:
        self._headers = dict(headers or {})
        self._certificate = certificate

    def __repr__(self) -> str:
        return f"Fixed(<{', '.join(self._headers) or 'no headers'}, masked>)"

    async def headers(self) -> Mapping[str, str]:
        return self._headers

    def certificate(self) -> ClientCertificate | None:
        return self._certificate

    async def refresh(self) -> bool:
        return False

    async def aclose(self) -> None:
        return


class TokenFile:
    """A bearer token in a file that is replaced while we run, such as a pod's projected token.

    The file is read again at most once a minute, or after a 401. A file that cannot be read
    leaves the last token in use, because the API server may still take it.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        fallback: str = "",
        certificate: ClientCertificate | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = Path(path)
        self._token = fallback
        self._certificate = certificate
        self._clock = clock
        self._read_at = -_REREAD_AFTER_S
        self._reading = asyncio.Lock()

    def __repr__(self) -> str:
        return f"TokenFile({str(self._path)!r}, <token masked>)"

    async def headers(self) -> Mapping[str, str]:
        if self._clock() - self._read_at >= _REREAD_AFTER_S:
            async with self._reading:
                if self._clock() - self._read_at >= _REREAD_AFTER_S:
                    await self._read()
        return {"Authorization": f"Bearer {self._token}"}

    def certificate(self) -> ClientCertificate | None:
        return self._certificate

    async def refresh(self) -> bool:
        before = self._token
        async with self._reading:
            await self._read()
        return self._token != before

    async def aclose(self) -> None:
        return

    async def _read(self) -> None:
        try:
            found = (await asyncio.to_thread(self._path.read_text, "utf-8")).strip()
        except (OSError, UnicodeDecodeError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not text"
            problem: CredentialsError | None = CredentialsError(
                f"The token file {self._path} cannot be read: {why}."
            )
            found = ""
        else:
            problem = None if found else CredentialsError(f"The token file {self._path} is empty.")
        if found:
            self._token = found
        elif not self._token and problem is not None:
            raise problem
        self._read_at = self._clock()


def credentials_for(config: ClusterConfig, *, environ: Mapping[str, str]) -> Credentials:
    """The living credentials for what a configuration describes.

    ``environ`` is what an exec plugin's process starts with.
    """
    certificate = config.client_certificate
    match config.source:
        case Anonymous():
            return Fixed(certificate=certificate)
        case BearerToken(token):
            return Fixed({"Authorization": f"Bearer {token.strip()}"}, certificate=certificate)
        case BasicAuth(username, password):
            pair = base64.b64encode(f"{username}:{password}".encode()).decode("ascii")
            return Fixed({"Authorization": f"Basic {pair}"}, certificate=certificate)
        case BearerTokenFile(path, fallback):
            return TokenFile(path, fallback=fallback, certificate=certificate)
        case plugin:
            # Few clusters need a plugin, and its module brings the machinery for processes.
            from kube_mcp.kube.exec_plugin import PluginCredentials

            return PluginCredentials(plugin, environ=environ, certificate=certificate)
