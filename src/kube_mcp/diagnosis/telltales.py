"""What a line of a program's log says outright, and the one thing to do about it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from kube_mcp.diagnosis.finding import Evidence

_SAID: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        # The API server's own sentence, whichever client library repeats it.
        re.compile(
            r'User "system:serviceaccount:([^:"]+):([^"]+)" cannot (\w+) resource "([^"]+)"'
        ),
        "Allow the service account {0}/{1} to {2} {3}, or let it ask for less.",
    ),
    (
        re.compile(r"address already in use|EADDRINUSE|port is already allocated", re.IGNORECASE),
        "Give {container} a port that no other container of the pod, or of its node's network, "
        "listens on.",
    ),
    (
        re.compile(r"exec format error", re.IGNORECASE),
        "Build the image of {container} for the node's architecture, or select other nodes.",
    ),
    (
        re.compile(r"read-only file ?system", re.IGNORECASE),
        "Give {container} a volume to write to, or let it write to its root file system.",
    ),
    (
        re.compile(r"no space left on device", re.IGNORECASE),
        "Free or enlarge the volume that {container} writes to.",
    ),
)


def advice(words: Iterable[Evidence], container: str) -> str:
    """One imperative sentence where a line leaves no doubt; empty otherwise."""
    for _, line in words:
        for pattern, sentence in _SAID:
            if found := pattern.search(line):
                return sentence.format(*found.groups(), container=container)
    return ""
