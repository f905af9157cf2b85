"""Where a capture goes: a folder or an archive that appears whole, or not at all."""

from __future__ import annotations

import io
import os
import shutil
import tarfile
import tempfile
from pathlib import Path
from typing import Protocol

from kube_mcp.errors import InputError
from kube_mcp.snapshots import files


class Sink(Protocol):
    """Takes files; nothing is at the target before `finish`."""

    written_bytes: int

    def write(self, path: str, body: bytes) -> None:
        """Take one file. Not safe to call from two threads at once."""
        ...

    def finish(self, target: Path) -> None:
        """Put everything in place."""
        ...

    def discard(self) -> None:
        """Leave nothing behind."""
        ...


def open_sink(target: Path) -> Sink:
    """A sink for the target. Raises `InputError` where something is in the way."""
    _check_target(target)
    return _ArchiveSink(target) if files.is_archive(target) else _FolderSink(target)


class _FolderSink:
    def __init__(self, target: Path) -> None:
        # Beside the target, so that the last step is a rename; mkdtemp lets only the owner in.
        self._folder = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
        self.written_bytes = 0

    def write(self, path: str, body: bytes) -> None:
        file = self._folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)
        self.written_bytes += len(body)

    def finish(self, target: Path) -> None:
        if target.is_dir():
            target.rmdir()
        self._folder.rename(target)

    def discard(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)


class _ArchiveSink:
    def __init__(self, target: Path) -> None:
        handle, name = tempfile.mkstemp(prefix=f".{target.name}-", dir=target.parent)
        os.close(handle)
        self._file = Path(name)
        packed = not target.name.endswith(".tar")
        # Closed by `finish` or `discard`, one of which always comes.
        self._archive = tarfile.open(self._file, "w:gz" if packed else "w")  # noqa: SIM115
        self.written_bytes = 0

    def write(self, path: str, body: bytes) -> None:
        member = tarfile.TarInfo(path)
        member.size = len(body)
        member.mode = 0o600
        self._archive.addfile(member, io.BytesIO(body))
        self.written_bytes += len(body)

    def finish(self, target: Path) -> None:
        self._archive.close()
        self._file.replace(target)

    def discard(self) -> None:
        self._archive.close()
        self._file.unlink(missing_ok=True)


def _check_target(target: Path) -> None:
    if not target.parent.is_dir():
        raise InputError(
            f"There is no folder {target.parent} to write {target.name} into.",
            hint="Create it first, or name another place.",
        )
    if target.is_file() or (target.is_dir() and any(target.iterdir())):
        raise InputError(
            f"{target} exists already.", hint="Name a new folder or archive, or remove it first."
        )
