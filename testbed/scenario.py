"""Scenarios: folders with objects, what the kubelets say, and what a diagnosis must find."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from testbed.errors import BedError
from testbed.objects import fill, load, parse_span

FOLDER = Path(__file__).parent / "scenarios"


@dataclass(frozen=True, slots=True)
class ExpectedFinding:
    """A root finding; any one of the objects may carry it (a pod or the workload that owns it)."""

    code: str
    objects: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Expectation:
    """``expect.yaml``: the reader's clock runs ``clock`` ahead, because ages are always young."""

    clock: datetime.timedelta
    findings: tuple[ExpectedFinding, ...]
    quiet: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario's files, not yet read into a cluster."""

    name: str
    folder: Path

    @property
    def summary(self) -> str:
        """The first comment line of objects.yaml."""
        first = (self.folder / "objects.yaml").read_text().split("\n", 1)[0]
        return first.removeprefix("#").strip()

    def objects(
        self, namespace: str, *, now: datetime.datetime, values: Mapping[str, str] | None = None
    ) -> list[dict[str, Any]]:
        """In the order in which they are applied, placeholders filled."""
        text = (self.folder / "objects.yaml").read_text()
        return load(fill(text, now=now, values={"namespace": namespace, **(values or {})}))

    def kubelet(self, namespace: str, *, now: datetime.datetime) -> dict[str, Any]:
        """What kubelets and metrics say; empty without a file."""
        path = self.folder / "kubelet.yaml"
        if not path.exists():
            return {}
        text = fill(path.read_text(), now=now, values={"namespace": namespace})
        (document,) = [*yaml.load_all(text, Loader=yaml.BaseLoader)] or [{}]
        known: dict[str, Any] = _typed(document or {})
        return known

    def expect(self, namespace: str) -> Expectation:
        """Objects as ``Kind/namespace/name``, or ``Kind/name`` where they are cluster-scoped or
        the file names no namespace: then it is the scenario's."""
        text = (self.folder / "expect.yaml").read_text()
        now = datetime.datetime.now(datetime.UTC)
        document = yaml.safe_load(fill(text, now=now, values={"namespace": namespace})) or {}
        unknown = set(document) - {"clock", "findings", "quiet"}
        if unknown:
            raise BedError(f"expect.yaml of {self.name} has an unknown key '{unknown.pop()}'.")
        return Expectation(
            parse_span(str(document.get("clock", "0s"))),
            tuple(
                ExpectedFinding(entry["code"], (entry["object"], *entry.get("or", ())))
                for entry in document.get("findings", ())
            ),
            tuple(document.get("quiet", ())),
        )


def find(name: str, *, folder: Path = FOLDER) -> Scenario:
    """By name, or as a path to a scenario's folder. Raises ``BedError`` listing what there is."""
    path = folder / name if not Path(name).is_absolute() else Path(name)
    if not (path / "objects.yaml").exists():
        known = ", ".join(scenario.name for scenario in every(folder=folder))
        raise BedError(f"There is no scenario '{name}'; there is {known or 'none'}.")
    return Scenario(path.name, path)


def every(*, folder: Path = FOLDER) -> list[Scenario]:
    """All of them, by name."""
    return [
        Scenario(path.parent.name, path.parent) for path in sorted(folder.glob("*/objects.yaml"))
    ]


def _typed(document: Any) -> Any:
    """Text as written (a log line `yes` stays `yes`), but the switches as what they are."""
    if isinstance(document, dict):
        return {
            key: value == "true" if key in ("previous", "ends", "missing") else _typed(value)
            for key, value in document.items()
        }
    if isinstance(document, list):
        return [_typed(value) for value in document]
    return document
