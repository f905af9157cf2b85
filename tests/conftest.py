"""What all tests share: the event loop, and one control plane for those that need a real one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from testbed.bed import Bed
from testbed.build import Binaries
from tests.support.cluster import ClusterRun, mark_users_of_the_bed, own_namespace

_run = ClusterRun()


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """The only event loop this project runs on; uvloop is one of its kind."""
    return "asyncio"


@pytest.fixture(scope="session")
def control_plane() -> Binaries:
    """The programs of a bed, for tests that start one of their own: without them such a test is
    skipped with the reason, and fails in CI."""
    return _run.binaries()


@pytest.fixture(scope="session")
def bed(control_plane: Binaries) -> Iterator[Bed]:
    """A still life: statuses stay as they are written, Deployments make no pods. Shared by the
    whole run, so a test works in its own ``namespace`` and never kills anything here."""
    with Bed.start(controllers="still", binaries=control_plane) as started:
        yield started


@pytest.fixture(scope="session")
def live_bed(control_plane: Binaries) -> Iterator[Bed]:
    """A cluster whose controllers work: Deployments make pods (which nothing schedules)."""
    with Bed.start(controllers="all", binaries=control_plane) as started:
        yield started


@pytest.fixture
def namespace(bed: Bed, request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty namespace of the shared bed for this test alone."""
    yield from own_namespace(bed, request.node.name)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    mark_users_of_the_bed(items)


def pytest_collection_finish(session: pytest.Session) -> None:
    if not session.config.option.collectonly:
        _run.select(session.items)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in _run.summary(terminalreporter):
        terminalreporter.write_line(line)
