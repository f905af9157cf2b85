"""Tests against the real API server: one bed for the whole run, and a count of what it proved."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator, Sequence

import pytest

from testbed import build
from testbed.bed import Bed
from testbed.errors import BedError, Unavailable

MARKER = "cluster"

#: Fixtures whose use makes a test one against the real API server, marked or not.
FIXTURES = frozenset({"bed", "control_plane", "live_bed", "namespace"})

_numbers = itertools.count(1)


class ClusterRun:
    """What one pytest run knows about its control plane."""

    def __init__(self) -> None:
        self._selected: set[str] = set()
        self._binaries: build.Binaries | None = None
        self._missing: BedError | None = None

    def select(self, items: Sequence[pytest.Item]) -> None:
        """Finds or builds the programs, once, before the first test's time begins to count."""
        self._selected = {
            item.nodeid for item in items if item.get_closest_marker(MARKER) is not None
        }
        if not self._selected:
            return
        try:
            self._binaries = build.find()
        except BedError as error:
            self._missing = error

    def binaries(self) -> build.Binaries:
        """The programs; skips with the reason where there are none, fails instead where CI=true.

        Programs that are there and do not start are a failure everywhere.
        """
        if self._binaries is None:
            reason = str(self._missing or "No test asked for a control plane at collection.")
            if os.environ.get("CI") == "true" or not isinstance(self._missing, Unavailable):
                pytest.fail(reason, pytrace=False)
            # The sentence itself stands once at the end of the run, not behind every test.
            pytest.skip("no control plane can run here; the closing lines say why")
        return self._binaries

    def summary(self, reporter: pytest.TerminalReporter) -> list[str]:
        """The closing lines of a run."""
        if not self._selected:
            return []
        ran = sum(
            report.nodeid in self._selected and report.when == "call"
            for outcome in ("passed", "failed")
            for report in reporter.getreports(outcome)
        )
        lines = [f"{ran} of {len(self._selected)} cluster tests ran against a real API server"]
        if self._binaries is not None:
            lines[0] += f" ({self._binaries.source})"
            if self._binaries.kube_controller_manager is None:
                lines.append(self._binaries.without_controllers)
        if self._missing is not None:
            lines.append(str(self._missing))
        return lines


def mark_users_of_the_bed(items: Sequence[pytest.Item]) -> None:
    """Whoever asks for a bed gets the marker, so that `-m "not cluster"` leaves nobody out."""
    for item in items:
        if FIXTURES & set(getattr(item, "fixturenames", ())):
            item.add_marker(MARKER)


def own_namespace(bed: Bed, test: str) -> Iterator[str]:
    """A namespace named after the test, deleted after it without waiting for its end."""
    words = re.sub(r"[^a-z0-9]+", "-", test.lower()).strip("-")
    name = f"t{next(_numbers)}-{words}"[:50].rstrip("-")
    bed.create_namespace(name)
    yield name
    bed.delete_namespace(name)
