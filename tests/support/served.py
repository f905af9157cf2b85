"""``kube-mcp serve`` as a process of its own, over the built-in demo cluster."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

#: A start takes about two seconds on an idle machine.
START_TIMEOUT_S = 60.0

#: The same over a pipe.
STDIO_COMMAND = [sys.executable, "-m", "kube_mcp", "stdio", "--snapshot", "demo"]


#: Tests call faster than people do, all of them from the same place.
_NO_HURRY = {"KUBE_MCP_LIMITS_CALLS_PER_MINUTE": "100000", "KUBE_MCP_LIMITS_BURST": "10000"}


@dataclass
class Served:
    """A running server: its root URL, and every line of its log so far, decoded."""

    url: str = ""
    log: list[dict[str, Any]] = field(default_factory=list)
    other: list[str] = field(default_factory=list)

    @property
    def mcp(self) -> str:
        """The address of the protocol."""
        return f"{self.url}/mcp"

    @property
    def audit(self) -> list[dict[str, Any]]:
        """The lines of the audit trail."""
        return [line for line in self.log if "audit" in line]


def served_demo(*more: str) -> AbstractContextManager[Served]:
    """A server over the demo cluster; SIGTERM must end it, and nothing may have gone wrong."""
    return served("--snapshot", "demo", *more)


@contextmanager
def served(*arguments: str) -> Iterator[Served]:
    """A server with these arguments; SIGTERM must end it, and nothing may have gone wrong."""
    command = [
        sys.executable, "-m", "kube_mcp", "serve", "--port", "0", "--log-format", "json",
        *arguments,
    ]  # fmt: skip
    found = Served()
    up = threading.Event()
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE, text=True, env={**os.environ, **_NO_HURRY},
    ) as running:  # fmt: skip
        reading = threading.Thread(target=_read, args=(running, found, up), daemon=True)
        reading.start()
        try:
            if not up.wait(START_TIMEOUT_S) or not found.url:
                raise RuntimeError(f"it did not start: {found.log} {found.other}")
            yield found
        finally:
            running.terminate()
            code = running.wait(START_TIMEOUT_S)
            reading.join(START_TIMEOUT_S)
    wrong = [line for line in found.log if line.get("level") in ("warning", "error")]
    assert (code, wrong, found.other) == (0, [], [])


def _read(running: subprocess.Popen[str], found: Served, up: threading.Event) -> None:
    assert running.stderr is not None
    for line in running.stderr:
        try:
            record: dict[str, Any] = json.loads(line)
        except ValueError:
            found.other.append(line)
            continue
        found.log.append(record)
        start, _, url = str(record.get("message", "")).partition("Listening on ")
        if url and not start:
            found.url = url
            up.set()
    up.set()
