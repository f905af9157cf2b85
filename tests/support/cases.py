"""Cases for checks: a YAML file of objects whose first document is what is expected of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from kube_mcp.diagnosis.check import all_checks, needs
from kube_mcp.diagnosis.engine import run
from kube_mcp.diagnosis.finding import Diagnosis, Root
from kube_mcp.diagnosis.slim import slim
from kube_mcp.render.findings import findings_text
from kube_mcp.scene import LogTail, Scene, key_of
from kube_mcp.words.times import parse_time


class _Loader(yaml.CSafeLoader):
    """Leaves timestamps as text, as JSON has them."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True)
class Case:
    """One case. Its first document may hold:

    ``now`` (required), ``expect`` and ``notes`` (``code Kind/namespace/name`` of each root),
    ``folded`` (the same of each consequence), ``says`` (texts the rendered answer must hold),
    ``namespace`` (of a reading that is not of the whole cluster), ``unreadable`` (kind: reason)
    and ``logs`` (``namespace/pod/container``: lines of the previous run).
    """

    now: datetime
    objects: list[dict[str, Any]]
    expect: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    folded: list[str] = field(default_factory=list)
    says: list[str] = field(default_factory=list)
    namespace: str = ""
    unreadable: dict[str, str] = field(default_factory=dict)
    logs: dict[str, list[str]] = field(default_factory=dict)

    def scene(self) -> Scene:
        """The objects as they would have been read: slimmed, every kind of every check served."""
        return Scene.of(
            [slim(key_of(obj), obj) for obj in self.objects],
            now=self.now,
            namespace=self.namespace,
            served=needs(all_checks()),
            unreadable=self.unreadable,
            logs={
                tuple(where.split("/", 2)): LogTail(tuple(lines), previous=True)  # type: ignore[misc]
                for where, lines in self.logs.items()
            },
        )

    def diagnose(self) -> Diagnosis:
        """Every check over the objects."""
        return run(all_checks(), self.scene())

    @staticmethod
    def text(diagnosis: Diagnosis) -> str:
        """The answer as a model would read it."""
        return findings_text(diagnosis, max_bytes=30_000)


def cases(folder: Path) -> list[Path]:
    """Every case in a folder, in a stable order."""
    return sorted(folder.glob("*/*.yaml"))


def load(path: Path) -> Case:
    """A case from its file. A document without a kind, after the first, is a mistake."""
    head, *objects = [each for each in yaml.load_all(path.read_text(), Loader=_Loader) if each]
    now = parse_time(head.pop("now", None))
    assert now is not None, f"{path}: the first document needs 'now'"
    for obj in objects:
        assert obj.get("kind"), f"{path}: a document has no kind"
        obj.setdefault("apiVersion", "v1")
    return Case(now=now, objects=objects, **head)


def names(roots: Iterable[Root]) -> list[str]:
    """``code Kind/namespace/name`` of each root, sorted."""
    return sorted(
        f"{root.finding.code} {root.finding.subject.kind}/"
        f"{root.finding.subject.full.split(' ', 1)[1]}"
        for root in roots
    )
