"""Node.js for the tests that drive real clients of other people."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.support.node import Node, NodeUnavailable, node
from tests.support.served import Served, served_demo


@pytest.fixture(scope="session")
def node_js() -> Iterator[Node]:
    """Node.js with the packages of tests/node; where it cannot be had the test is skipped, and
    fails where CI=true."""
    with ExitStack() as stack:
        try:
            found = stack.enter_context(node())
        except NodeUnavailable as missing:
            if os.environ.get("CI") == "true":
                pytest.fail(str(missing))
            pytest.skip(str(missing))
        yield found


@pytest.fixture(scope="session")
def demo_server() -> Iterator[Served]:
    """The real server over the demo cluster, as a process, shared by these tests."""
    with served_demo() as served:
        yield served
