"""The toys as a process of their own: ``python -m tests.server.toy_process stdio|http``."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
import threading
import warnings

from kube_mcp.server.protocol import build_server
from kube_mcp.server.run import Listening, run, serve
from kube_mcp.server.stdio import serve_stdio
from kube_mcp.telemetry.logging import configure
from kube_mcp.tools._call import Call
from kube_mcp.tools._tool import tool
from tests.server import toys
from tests.server.toys import NoArgs


@tool(title="Noise")
async def noise(args: NoArgs, call: Call) -> str:
    """Writes to stdout in every way a careless library could."""
    print("printed")  # noqa: T201
    sys.stdout.write("written\n")
    sys.stdout.flush()
    os.write(1, b"straight to the file descriptor\n")
    await asyncio.to_thread(subprocess.run, ["echo", "from a child"], check=True)
    logging.getLogger("somebody").warning("logged")
    warnings.warn("warned", UserWarning, stacklevel=2)
    return "made noise"


async def over_stdio() -> None:
    tools = (*toys.ALL, noise)
    server = build_server(toys.host(tools=tools), version="1", instructions="Toys.")
    await serve_stdio(server)


async def over_http() -> None:
    latch = toys.latches["the"] = toys.Latch()

    def told(listening: Listening) -> None:
        sys.stderr.write(f"listening {listening.port}\n")

    async def announce() -> None:
        await latch.started.wait()
        sys.stderr.write("started\n")
        loop = asyncio.get_running_loop()

        def let_go() -> None:
            if os.read(0, 1):
                loop.call_soon_threadsafe(latch.open.set)

        threading.Thread(target=let_go, daemon=True).start()

    announcing = asyncio.create_task(announce())
    await serve(toys.shell(), host="127.0.0.1", port=0, grace_s=20, on_listening=told)
    announcing.cancel()


def main() -> None:
    warnings.simplefilter("default")
    configure(level="info", as_json=False)
    if sys.argv[1] == "stdio":
        asyncio.run(over_stdio())
    else:
        run(over_http)


if __name__ == "__main__":
    main()
