"""The command line: parse, build, call. Nothing heavy is imported before it is needed.

``kube-mcp version`` and ``--help`` answer at once; the protocol library alone takes a second.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from typing import Any

from kube_mcp import __version__
from kube_mcp.errors import KubeMcpError, SettingsError


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code is 0, 1 for a failure told in a sentence, 2 for wrong usage."""
    arguments = _parser().parse_args(argv)
    try:
        code: int = arguments.run(arguments)
    except SettingsError as error:
        for problem in error.problems:
            print(f"kube-mcp: {problem}", file=sys.stderr)
        if error.hint:
            print(f"kube-mcp: {error.hint}", file=sys.stderr)
        return 1
    except KubeMcpError as error:
        print(f"kube-mcp: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader went away (`kube-mcp doctor | head`): nobody is left to be told.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="kube-mcp",
        description="A read-only Kubernetes MCP server: look at a cluster, find what is broken and "
        "why, change nothing.",
    )
    parser.add_argument("--version", action="version", version=f"kube-mcp {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    serve = commands.add_parser("serve", help="serve MCP over HTTP")
    _configuration(serve)
    serve.add_argument("--host", help="address to listen on (default 127.0.0.1)")
    serve.add_argument("--port", type=int, help="port to listen on (default 8080)")
    serve.add_argument(
        "--insecure-no-auth",
        action="store_const",
        const=True,
        help="serve everybody who can reach a non-loopback address, without sign-in",
    )
    serve.add_argument(
        "--or-demo",
        action="store_true",
        help="serve the built-in demo cluster where the kubeconfig's one does not answer",
    )
    serve.set_defaults(run=_serve)

    stdio = commands.add_parser("stdio", help="serve MCP on standard input and output")
    _configuration(stdio)
    stdio.set_defaults(run=_stdio)

    doctor = commands.add_parser(
        "doctor", help="check configuration, cluster, permissions, sign-in and public URL"
    )
    _configuration(doctor)
    doctor.add_argument("--json", action="store_true", help="print one JSON document")
    doctor.add_argument(
        "--outside",
        action="store_true",
        help="also look at the public URLs as a client does (needs to reach them from here)",
    )
    doctor.set_defaults(run=_doctor)

    demo = commands.add_parser("demo", help="ask a running server a few questions")
    demo.add_argument("--url", default="", help="the server's MCP URL (default: the local one)")
    demo.set_defaults(run=_demo)

    snapshot = commands.add_parser("snapshot", help="capture a cluster into files, masked")
    actions = snapshot.add_subparsers(required=True, metavar="ACTION")
    capture = actions.add_parser("capture", help="write a snapshot folder, or a .tar or .tar.gz")
    _configuration(capture)
    capture.add_argument("target", help="folder or archive to write")
    capture.add_argument(
        "--namespace", action="append", default=[], help="only this namespace (may be repeated)"
    )
    capture.add_argument("--no-logs", action="store_true", help="leave container logs out")
    capture.set_defaults(run=_capture)

    rbac = commands.add_parser("rbac", help="print the ClusterRole the server needs")
    rbac.add_argument("--name", default="kube-mcp-viewer", help="name of the ClusterRole")
    rbac.add_argument("--toolset", action="append", default=[], help="only for this toolset")
    rbac.add_argument("--secrets", action="store_true", help="with Secrets (see docs/security.md)")
    rbac.add_argument("--who-can", action="store_true", help="with SubjectAccessReviews")
    rbac.set_defaults(run=_rbac)

    scaffold = commands.add_parser(
        "scaffold", help="write deployment files for one more MCP server under the same host"
    )
    scaffold.add_argument("name", help="the service: grafana becomes /mcp/grafana")
    scaffold.add_argument("--image", required=True, help="image of that server, with a version")
    scaffold.add_argument("--port", type=int, default=8080, help="port it listens on")
    scaffold.add_argument("--path", default="/", help="path at which it answers MCP itself")
    scaffold.add_argument("--into", default=".", help="the GitOps folder (default: where you are)")
    scaffold.set_defaults(run=_scaffold)

    parser.epilog = (
        "Every setting is also an environment variable: docs/configuration.md lists them all."
    )
    version = commands.add_parser("version", help="print the version")
    version.set_defaults(run=_version)
    return parser


def _configuration(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--config",
        default=os.environ.get("KUBE_MCP_CONFIG", ""),
        help="TOML file with settings (or KUBE_MCP_CONFIG)",
    )
    parser.add_argument(
        "--config-dir",
        default=os.environ.get("KUBE_MCP_CONFIG_DIR", ""),
        help="folder whose *.toml files are read after it, in order (or KUBE_MCP_CONFIG_DIR)",
    )
    parser.add_argument("--kubeconfig", help="path of a kubeconfig")
    parser.add_argument(
        "--context", action="append", help="context to serve (may be repeated; '*' for all)"
    )
    parser.add_argument("--snapshot", help="serve a snapshot instead: a folder, a tar, or 'demo'")
    parser.add_argument("--log-format", choices=["json", "text"], help="format of the log")


def _settings(arguments: argparse.Namespace, *, listens: bool = False, **more: Any) -> Any:
    from kube_mcp.contradictions import loaded

    return loaded(lambda: _loaded(arguments, **more), listens=listens)


def _loaded(arguments: argparse.Namespace, **more: Any) -> Any:
    from kube_mcp.settings import load

    flags = {
        "cluster.kubeconfig": arguments.kubeconfig,
        "cluster.contexts": arguments.context,
        "cluster.snapshot": arguments.snapshot,
        "log.format": arguments.log_format,
        **more,
    }
    return load(file=arguments.config, directory=arguments.config_dir, flags=flags)


def _serve(arguments: argparse.Namespace) -> int:
    settings = _settings(
        arguments,
        listens=True,
        **{
            "server.host": arguments.host,
            "server.port": arguments.port,
            "server.insecure_no_auth": arguments.insecure_no_auth,
        },
    )
    from kube_mcp.app import serve_http

    return serve_http(settings, or_demo=arguments.or_demo)


def _stdio(arguments: argparse.Namespace) -> int:
    settings = _settings(arguments)
    from kube_mcp.app import serve_stdio

    return serve_stdio(settings)


def _doctor(arguments: argparse.Namespace) -> int:
    import logging

    from kube_mcp.doctor import examine, report_json, report_text

    # What the parts below log while they are tried is in the report already.
    logging.getLogger("kube_mcp").addHandler(logging.NullHandler())
    probes = asyncio.run(examine(lambda: _loaded(arguments), outside=arguments.outside))
    print(report_json(probes) if arguments.json else report_text(probes))
    return 1 if any(probe.failed for probe in probes) else 0


def _demo(arguments: argparse.Namespace) -> int:
    from kube_mcp.demo import ask

    return asyncio.run(ask(arguments.url))


def _capture(arguments: argparse.Namespace) -> int:
    settings = _settings(arguments)
    from kube_mcp.app import capture_snapshot

    return capture_snapshot(
        settings,
        arguments.target,
        namespaces=tuple(arguments.namespace),
        include_logs=not arguments.no_logs,
    )


def _rbac(arguments: argparse.Namespace) -> int:
    from kube_mcp.access.rbac import as_yaml, rules
    from kube_mcp.errors import InputError, suggest
    from kube_mcp.tools._tool import discover

    known = sorted({tool.toolset for tool in discover()})
    for name in arguments.toolset:
        if name not in known:
            hint = suggest(name, known) or f"There are {', '.join(known)}."
            raise InputError(f"'{name}' is not a toolset.", hint=hint)
    granted = rules(arguments.toolset, secrets=arguments.secrets, who_can=arguments.who_can)
    print(as_yaml(granted, name=arguments.name), end="")
    return 0


def _scaffold(arguments: argparse.Namespace) -> int:
    from pathlib import Path

    from kube_mcp.scaffold import McpServer, write

    server = McpServer(
        name=arguments.name, image=arguments.image, port=arguments.port, path=arguments.path
    )
    made, next_steps = write(server, Path(arguments.into))
    for path in made:
        print(path)
    print(f"\n{next_steps}")
    return 0


def _version(arguments: argparse.Namespace) -> int:
    print(f"kube-mcp {__version__}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
