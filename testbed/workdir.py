"""The folder a bed lives in: private, in the temporary folder, and swept up if its owner was
killed before it could."""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import tempfile
from pathlib import Path
from typing import IO

PREFIX = "kube-mcp-bed-"


class WorkDir:
    """A folder that is locked while its owner lives, which is how others know that it is in use."""

    def __init__(self, parent: Path | None = None) -> None:
        base = parent or Path(tempfile.gettempdir())
        sweep(base)
        self.path, self._lock = _locked_folder(base)

    def folder(self, name: str) -> Path:
        """A subfolder, made on first use."""
        path = self.path / name
        path.mkdir(mode=0o700, exist_ok=True)
        return path

    def remove(self) -> None:
        """Deletes everything. A second call does nothing."""
        shutil.rmtree(self.path, ignore_errors=True)
        self._lock.close()


def _locked_folder(base: Path) -> tuple[Path, IO[str]]:
    while True:
        path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
        lock = (path / "lock").open("w")
        fcntl.flock(lock, fcntl.LOCK_EX)
        if path.exists():  # a sweep may have got the lock in the moment before
            return path, lock
        lock.close()


def sweep(base: Path) -> list[Path]:
    """Deletes the folders of beds whose process is gone and returns them."""
    removed = []
    for path in base.glob(f"{PREFIX}*"):
        # Other users' folders, and those another sweep is deleting, are not ours to touch.
        with contextlib.suppress(OSError), (path / "lock").open("r+") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path, ignore_errors=True)
            removed.append(path)
    return removed
