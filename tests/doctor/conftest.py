"""Running doctor as its user does, and finding the line a test is about."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from kube_mcp.doctor import Probe, examine, report_text
from kube_mcp.settings import load


@dataclass(frozen=True)
class Report:
    """What doctor said; ``text`` is what a person reads."""

    probes: tuple[Probe, ...]

    def __getitem__(self, name: str) -> Probe:
        (found,) = [probe for probe in self.probes if probe.name == name]
        return found

    @property
    def text(self) -> str:
        return report_text(self.probes)


@pytest.fixture
def doctor(tmp_path: Path) -> Callable[..., Any]:
    """``await doctor(TOML, kubeconfig=...)``: nothing of this machine's environment gets in."""

    async def run(
        toml: str = "",
        *,
        kubeconfig: Path | str = "",
        environ: Mapping[str, str] | None = None,
        outside: bool = False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> Report:
        file = tmp_path / "config.toml"
        file.write_text(toml)
        flags = {"cluster.kubeconfig": str(kubeconfig)} if kubeconfig else {}
        probes = await examine(
            lambda: load(file=str(file), environ={}, flags=flags),
            environ=environ if environ is not None else {"HOME": str(tmp_path)},
            outside=outside,
            now=now,
        )
        return Report(tuple(probes))

    return run
