"""``python -m testbed up | build | scenarios``."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Sequence
from typing import NoReturn

from testbed import build, scenario
from testbed.bed import Bed
from testbed.commands import Controllers
from testbed.errors import BedError
from testbed.filler import Size


def main(argv: Sequence[str] | None = None) -> int:
    """Returns the exit code; what went wrong is one sentence on stderr."""
    options = _parser().parse_args(argv)
    try:
        return int(options.run(options))
    except KeyboardInterrupt:
        return 0  # the usual end of `up`
    except BedError as error:
        print(error, file=sys.stderr)
        return 1


def _up(options: argparse.Namespace) -> NoReturn:
    """Stays up until Ctrl-C or SIGTERM."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    crowded = bool(options.pods)
    default: Controllers = "still" if options.scenario or crowded else "all"
    controllers: Controllers = options.controllers or default
    started = time.monotonic()
    with Bed.start(controllers=controllers, node_count=3 if crowded else options.nodes or 3) as bed:
        took = time.monotonic() - started
        print(
            f"Kubernetes {bed.version} on {bed.server}, ready after {took:.1f} s", file=sys.stderr
        )
        if options.crds:
            bed.install_crds(options.crds)
        for name in options.scenario:
            applied = bed.apply_scenario(name)
            print(f"scenario {name} is in namespace {applied.namespace}", file=sys.stderr)
        if options.pods:
            size = Size.of(
                options.pods,
                nodes=options.nodes,
                namespaces=options.namespaces,
                broken=options.broken,
            )
            filled = bed.fill(size, progress=lambda text: print(text, file=sys.stderr))
            print(f"filled in {filled.seconds:.0f} s: {filled.counts}", file=sys.stderr)
        print(f"logs and certificates: {bed.folder}", file=sys.stderr)
        print("Ctrl-C ends it. To use it:\n", file=sys.stderr)
        print(f"export KUBECONFIG={bed.kubeconfig_file}", flush=True)
        while True:
            # Short, because a signal that comes just before a sleep does not end it.
            time.sleep(0.5)


def _build(_: argparse.Namespace) -> int:
    binaries = build.find(verbose=True)
    print(binaries.source)
    return 0


def _scenarios(_: argparse.Namespace) -> int:
    for one in scenario.every():
        print(f"{one.name:36} {one.summary}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m testbed", description="A real control plane on loopback."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    up = commands.add_parser("up", help="start a bed, print its kubeconfig and stay up")
    up.set_defaults(run=_up)
    up.add_argument("--scenario", action="append", default=[], metavar="NAME")
    up.add_argument("--pods", type=int, default=0, help="fill it with so many pods")
    up.add_argument("--nodes", type=int, default=0, help="default: 3, or pods / 20 more")
    up.add_argument("--namespaces", type=int, default=0, help="for the pods; default: pods / 100")
    up.add_argument("--broken", type=int, default=0, help="so many of its workloads have a fault")
    up.add_argument(
        "--controllers",
        choices=["all", "still", "none"],
        help="all: Deployments make pods (default); still: statuses stay as written (default with "
        "--scenario or --pods); none: no controller manager",
    )
    up.add_argument("--crds", choices=["own", "real"], help="install custom resource definitions")

    compile_ = commands.add_parser("build", help="build the programs, once a machine")
    compile_.set_defaults(run=_build)

    listing = commands.add_parser("scenarios", help="list the scenarios")
    listing.set_defaults(run=_scenarios)
    return parser
