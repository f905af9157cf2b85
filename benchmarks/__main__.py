"""``make bench``: the bare API call, kube-mcp and the incumbent, side by side on one test bed."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import sys
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks import incumbent
from benchmarks.measure import Figures, measure
from benchmarks.processes import Watched, free_port, started
from benchmarks.report import report
from testbed.bed import Bed
from testbed.filler import Size

RESULTS = Path(__file__).parent / "results"


def main() -> int:
    """Measure, print, and keep the figures."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--pods", type=int, default=5000)
    parser.add_argument("--rounds", type=int, default=5, help="medians are taken over these")
    parser.add_argument("--keep", action="store_true", help="write the figures to results/")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kube-mcp-bench-")))
        bed = stack.enter_context(Bed.start(controllers="still", node_count=3))
        say(f"filling a test bed with {arguments.pods:,} pods …")
        bed.fill(Size.of(arguments.pods, broken=40))
        ours, theirs = servers(stack, bed, work)
        figures = asyncio.run(measure(bed, ours, theirs, rounds=arguments.rounds, say=say))
    text = report(figures)
    print(text)
    if arguments.keep:
        keep(figures, text)
    return 0


def servers(stack: ExitStack, bed: Bed, work: Path) -> tuple[Watched, list[Watched]]:
    """kube-mcp, and the incumbent as shipped and with its client's limit of 5 a second lifted."""
    environ = {**os.environ, "KUBECONFIG": str(bed.kubeconfig_file)}
    port = free_port()
    ours = stack.enter_context(
        started(
            "kube-mcp",
            [sys.executable, "-m", "kube_mcp", "serve", "--port", str(port)],
            port=port, path="/mcp",
            environ=environ,
            log=work / "kube-mcp.log",
        )
    )  # fmt: skip
    theirs: list[Watched] = []
    binary = incumbent.binary()
    if binary is None:
        say("npm does not give the incumbent's binary here: only the bare call is compared.")
        return ours, theirs
    for name, more in (
        ("incumbent", {}),
        ("incumbent, unlimited", {"KUBE_CLIENT_QPS": "10000", "KUBE_CLIENT_BURST": "10000"}),
    ):
        port = free_port()
        theirs.append(
            stack.enter_context(
                started(
                    name,
                    [str(binary), "--port", str(port), "--read-only"],
                    port=port, path="/mcp", environ={**environ, **more},
                    log=work / f"{name.replace(', ', '-')}.log",
                )
            )
        )  # fmt: skip
    return ours, theirs


def keep(figures: Figures, text: str) -> None:
    """Write the figures and what they were measured with."""
    RESULTS.mkdir(exist_ok=True)
    stored: dict[str, Any] = {
        "date": datetime.now(UTC).date().isoformat(),
        "python": platform.python_version(),
        "kube-mcp": version("kube-mcp"),
        "mcp": version("mcp"),
        "aiohttp": version("aiohttp"),
        "incumbent": incumbent.VERSION,
        "cores": os.cpu_count(),
        "figures": figures.as_dict(),
    }
    (RESULTS / "latest.json").write_text(json.dumps(stored, indent=2) + "\n")
    (RESULTS / "latest.txt").write_text(text + "\n")


def say(text: str) -> None:
    """Progress, to stderr: standard output is the report."""
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
