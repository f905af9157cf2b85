"""The files of a snapshot, from a folder or a tar archive, read into memory under limits."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path, PurePosixPath

from kube_mcp.errors import SettingsError

# A capture of 5,000 pods with logs is some 200 MB. An archive that unpacks to more than this was
# not made by this program, and would not fit in memory as objects.
MAX_TOTAL_BYTES = 2 * 1024**3
MAX_FILES = 250_000

_ARCHIVES = (".tar", ".tar.gz", ".tgz")


def is_archive(path: Path) -> bool:
    """Whether the name is that of an archive."""
    return path.name.endswith(_ARCHIVES)


def read(
    path: Path, *, max_total_bytes: int = MAX_TOTAL_BYTES, max_files: int = MAX_FILES
) -> dict[str, bytes]:
    """Every file by its relative path with ``/``.

    Links and devices are left out, and so is whatever would lie outside. Raises `SettingsError`
    where there is nothing to read or it is more than the limits.
    """
    try:
        if path.is_dir():
            return _folder(path, _Limits(path, max_total_bytes, max_files))
        if path.is_file() and is_archive(path):
            return _archive(path, _Limits(path, max_total_bytes, max_files))
        if path.is_file():
            limits = _Limits(path, max_total_bytes, max_files)
            limits.count(path.stat().st_size)
            return {path.name: path.read_bytes()}
    except (OSError, EOFError, tarfile.TarError) as problem:
        raise SettingsError([f"The snapshot {path} cannot be read: {problem}"]) from problem
    raise SettingsError(
        [f"There is no snapshot at {path}."],
        hint="Name a folder, a .tar or .tar.gz file, or a YAML file.",
    )


class _Limits:
    def __init__(self, path: Path, max_total_bytes: int, max_files: int) -> None:
        self._path = path
        self._bytes_left = max_total_bytes
        self._files_left = max_files
        self._max_total_bytes = max_total_bytes
        self._max_files = max_files

    def count(self, size: int) -> None:
        """Take one more file into account before it is read."""
        self._bytes_left -= size
        self._files_left -= 1
        if self._bytes_left < 0:
            most = self._max_total_bytes // 1024**2
            raise SettingsError([f"The snapshot {self._path} holds more than {most} MiB."])
        if self._files_left < 0:
            raise SettingsError(
                [f"The snapshot {self._path} holds more than {self._max_files} files."]
            )


def _folder(root: Path, limits: _Limits) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for folder, folders, names in os.walk(root, followlinks=False):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(folder, name)
            if name.startswith(".") or path.is_symlink() or not path.is_file():
                continue
            limits.count(path.stat().st_size)
            found[path.relative_to(root).as_posix()] = path.read_bytes()
    return found


def _archive(path: Path, limits: _Limits) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    # `r|*` reads front to back: nothing is unpacked that was not counted first.
    with tarfile.open(path, "r|*") as archive:
        for member in archive:
            limits.count(member.size if member.isreg() else 0)
            name = PurePosixPath(member.name)
            if not member.isreg() or name.is_absolute() or ".." in name.parts:
                continue
            stream = archive.extractfile(member)
            if stream is not None:
                found[name.as_posix()] = stream.read()
    return found
