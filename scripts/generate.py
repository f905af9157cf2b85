"""Writes every generated file again: ``make generate``. CI fails where that changes something."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Mapping
from pathlib import Path

from kube_mcp.diagnosis.check import all_checks
from kube_mcp.diagnosis.docs import page as checks_page
from scripts.configuration import page as configuration_page
from scripts.tools import page as tools_page
from scripts.tools import schemas

ROOT = Path(__file__).parent.parent


def generated() -> Mapping[str, str]:
    """Each generated file's path from the root, and what must stand in it."""
    return {
        "docs/checks.md": checks_page(all_checks()),
        "docs/configuration.md": configuration_page(),
        "docs/tools.md": tools_page(),
        **{f"tests/tools/schemas/{name}.json": text for name, text in schemas().items()},
    }


def main() -> int:
    """Write what differs, and say so."""
    files = generated()
    for name, text in files.items():
        path = ROOT / name
        if not path.exists() or path.read_text() != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
            print(f"wrote {name}")
    # The chart's generator is a program of its own: it serves people who only have the chart.
    runpy.run_path(str(ROOT / "deploy/scripts/generate.py"), run_name="__main__")
    return 0


if __name__ == "__main__":
    sys.exit(main())
