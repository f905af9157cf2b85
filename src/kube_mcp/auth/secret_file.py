"""A secret that lives in a file, so that it can be mounted and rotated."""

from __future__ import annotations

import asyncio
from pathlib import Path

from kube_mcp.errors import CredentialsError

# A client secret is tens of bytes; a wrong path must not read a log file into memory.
_MAX_BYTES = 64 * 1024


class SecretFile:
    """Reads a secret anew each time it is needed, so a rotated one is used without a restart."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)

    async def read(self) -> str:
        """The secret without the line end that editors add.

        Raises `CredentialsError` where the file cannot be read, is empty or is far too large.
        """
        return await asyncio.to_thread(self._read)

    def _read(self) -> str:
        try:
            with self._path.open("rb") as file:
                raw = file.read(_MAX_BYTES + 1)
        except OSError as problem:
            raise CredentialsError(
                f"The secret file {str(self._path)!r} cannot be read"
                f" ({problem.strerror or problem})."
            ) from problem
        if len(raw) > _MAX_BYTES:
            raise CredentialsError(f"The file {str(self._path)!r} is too large to be a secret.")
        try:
            secret = raw.decode("utf-8").strip("\r\n")
        except UnicodeDecodeError:
            raise CredentialsError(f"The secret file {str(self._path)!r} is not UTF-8.") from None
        if not secret:
            raise CredentialsError(f"The secret file {str(self._path)!r} is empty.")
        return secret

    def __repr__(self) -> str:
        return f"SecretFile({str(self._path)!r})"
