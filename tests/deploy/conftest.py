"""The tools these tests run, or a word on why they cannot."""

from __future__ import annotations

import os

import pytest

from tests.support.tools import ToolUnavailable, tool


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for name in getattr(getattr(item, "module", None), "NEEDS_TOOLS", ()):
            try:
                tool(name)
            except ToolUnavailable as problem:
                if os.environ.get("CI"):
                    raise
                item.add_marker(pytest.mark.skip(reason=str(problem)))
