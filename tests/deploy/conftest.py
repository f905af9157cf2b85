"""The tools these tests run, or a word on why they cannot."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from testbed.bed import Bed
from testbed.errors import Unavailable
from tests.support.podloop import PodLoop
from tests.support.tools import ToolUnavailable, tool


def pytest_collection_finish(session: pytest.Session) -> None:
    """Fetches what the selected tests run, before any test's time begins to count."""
    if session.config.option.collectonly:
        return
    for item in session.items:
        for name in getattr(getattr(item, "module", None), "NEEDS_TOOLS", ()):
            try:
                tool(name)
            except ToolUnavailable as problem:
                if os.environ.get("CI") == "true":
                    raise
                item.add_marker(pytest.mark.skip(reason=str(problem)))


@pytest.fixture(scope="session")
def bare_stack() -> Iterator[Bed]:
    """A working cluster with the CRDs of the whole stack."""
    try:
        bed = Bed.start(controllers="all")
    except Unavailable as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))
    with bed:
        try:
            names = bed.install_crds("real")
        except Unavailable as missing:
            if os.environ.get("CI") == "true":
                pytest.fail(str(missing), pytrace=False)
            pytest.skip(str(missing))
        bed.wait_for(lambda: all(_served(bed, name) for name in names), what="the CRDs")
        yield bed


@pytest.fixture(scope="session")
def pods(bare_stack: Bed) -> Iterator[PodLoop]:
    """What runs the pods of ``stack``."""
    with PodLoop(bare_stack) as loop:
        yield loop


@pytest.fixture(scope="session")
def stack(bare_stack: Bed, pods: PodLoop) -> Bed:
    """The same, and pods run in it. Tests use namespaces of their own, and names of their own for
    what is cluster-wide."""
    return bare_stack


def _served(bed: Bed, crd: str) -> bool:
    """An established CRD still answers 429 for a moment, while its storage is set up."""
    spec = bed.admin.get(f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{crd}")["spec"]
    versions = [each["name"] for each in spec["versions"] if each["served"]]
    path = f"/apis/{spec['group']}/{versions[0]}/{spec['names']['plural']}"
    return bed.admin.request("GET", path).status == 200
