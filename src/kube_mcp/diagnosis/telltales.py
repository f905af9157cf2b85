"""What a line of a program's log says outright, and the one thing to do about it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from kube_mcp.diagnosis.finding import Evidence
from kube_mcp.diagnosis.phrases import alike
from kube_mcp.objects import Ref, dig_list, dig_str
from kube_mcp.scene import Scene, ref_to, refer

# The API server's own sentence, whichever client library repeats it; a structured log escapes the
# quotes in it.
_REFUSED = re.compile(
    r'User \\?"system:serviceaccount:([^:"\\]+):([^"\\]+)\\?" cannot (\w+) resource \\?"([^"\\]+)'
)

_SAID: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        _REFUSED,
        "Allow the service account {0}/{1} to {2} {3}, or let it ask for less.",
    ),
    (
        re.compile(r"serviceaccount/token\W+no such file"),
        "Let the token of {container}'s service account be mounted (automountServiceAccountToken).",
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


def from_the_point(line: str) -> str:
    """A line of a log from where it says outright what is wrong; all of it where it does not.

    Before that stand a time, a source file and the names of what gave the error on.
    """
    found = next((at for pattern, _ in _SAID if (at := pattern.search(line))), None)
    return line[found.start() :] if found else line


def bindings_meant(words: Iterable[Evidence], scene: Scene) -> tuple[Ref, ...]:
    """The bindings that were meant for a service account of which a log says that it was refused.

    Those that name it, and those of its namespace that name one like it, or the same one in
    another namespace: that account comes with them, because whether it exists tells them apart.
    """
    accounts = {
        (found[1], found[2]) for _, line in words for found in (_REFUSED.search(line),) if found
    }
    return tuple(dict.fromkeys(ref for each in sorted(accounts) for ref in _meant(*each, scene)))


def _meant(namespace: str, account: str, scene: Scene) -> Iterator[Ref]:
    for kind in ("RoleBinding", "ClusterRoleBinding"):
        for binding in scene.seen(kind):
            here = dig_str(binding, "metadata", "namespace") == namespace
            for each in dig_list(binding, "subjects"):
                if dig_str(each, "kind") != "ServiceAccount":
                    continue
                name, where = dig_str(each, "name"), dig_str(each, "namespace")
                if (name, where or namespace) == (account, namespace):
                    yield ref_to(binding)
                elif here and alike(name, account):
                    yield ref_to(binding)
                    yield refer("ServiceAccount", where or namespace, name)
