"""Programs that a test starts and must not leave behind."""

from __future__ import annotations

import subprocess

#: Longer than any of them takes to finish what it does.
PATIENCE_S = 15


def end(process: subprocess.Popen[bytes]) -> None:
    """Asks the program to end, and ends it where it does not."""
    process.terminate()
    try:
        process.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(PATIENCE_S)
