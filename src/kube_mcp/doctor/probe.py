"""What one probe found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["ok", "warning", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Probe:
    """What one probe found. ``detail`` may have several lines; ``next`` is what to do."""

    name: str
    outcome: Outcome
    detail: str
    next: str = ""

    @property
    def failed(self) -> bool:
        """Whether the server would not work like this."""
        return self.outcome == "failed"
