"""What is set once for the whole process, in a process of its own."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import gc
from kube_mcp.server.memory import settle
settle()
settle()
print(gc.get_threshold()[0], gc.isenabled(), gc.get_freeze_count() > 0)
"""


def test_garbage_is_looked_for_seldom_but_still() -> None:
    told = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=30, check=True
    )
    assert told.stdout.split() == ["50000", "True", "True"]
    assert told.stderr == ""
