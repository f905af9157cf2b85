"""A bed of its own for the scenarios, and ``diagnose`` asked of it as a client would."""

from __future__ import annotations

import datetime
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from kube_mcp.access.clusters import Clusters, ClusterSource
from kube_mcp.kube import kubeconfig
from kube_mcp.kube.pool import open_pool
from kube_mcp.tools._call import Call
from kube_mcp.tools._tool import discover
from testbed.bed import Bed
from testbed.build import Binaries

#: ``await diagnose(clock=..., namespace="shop")``: the answer's text.
Diagnose = Callable[..., Awaitable[str]]


@pytest.fixture(scope="session")
def stage(control_plane: Binaries) -> Iterator[Bed]:
    """Not the bed that other tests share: what they leave lying about would be found here."""
    with Bed.start(controllers="still", binaries=control_plane) as bed:
        # At once, so that no scenario waits until the API server has noticed its kinds.
        bed.install_crds()
        yield bed


@asynccontextmanager
async def opened(path: Path) -> AsyncIterator[Clusters]:
    """The cluster of a kubeconfig, as the server would open it."""
    config = kubeconfig.load(str(path), environ={})
    clusters = Clusters([ClusterSource("bed", lambda: open_pool(config, environ=os.environ))])
    try:
        yield clusters
    finally:
        await clusters.aclose()


@pytest.fixture
def diagnose(stage: Bed) -> Diagnose:
    """Asks the tool, by default as the administrator; ``clock`` is how far ahead its now is."""
    (tool,) = [each for each in discover() if each.name == "diagnose"]

    async def asked(
        *,
        clock: datetime.timedelta = datetime.timedelta(),
        as_whom: Path | None = None,
        **arguments: Any,
    ) -> str:
        async with opened(as_whom or stage.kubeconfig_file) as clusters:
            cluster = await clusters.open("", None)
            call = Call(cluster, clock=lambda: datetime.datetime.now(datetime.UTC) + clock)
            return await tool.run(tool.parse(arguments), call)

    return asked
