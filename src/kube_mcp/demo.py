"""``kube-mcp demo``: asks a running server a few questions through the official Python client."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

from kube_mcp.errors import Unreachable

DEFAULT_URL = "http://127.0.0.1:8080/mcp"

#: What one would ask first, in the words a model would use.
QUESTIONS: Sequence[tuple[str, str, Mapping[str, Any]]] = (
    ("What does this cluster look like?", "cluster_overview", {}),
    ("What is broken, and why?", "diagnose", {}),
    ("Which images run where?", "list_resources", {"kind": "pods", "columns": ["images"], "limit": 8}),
    ("What happened lately?", "get_events", {"type": "Warning", "limit": 6}),
)  # fmt: skip

#: Lines of each answer shown; an assistant reads them all.
MOST_LINES = 40


async def ask(url: str = "") -> int:
    """Print the questions and the server's answers; 0 when every one was answered.

    Raises `Unreachable` where no server is at the address.
    """
    from mcp import Client

    where = url or DEFAULT_URL
    failed = 0
    try:
        async with Client(where) as client:
            tools = await client.list_tools()
            names = ", ".join(tool.name for tool in tools.tools)
            say(f"{where} offers {len(tools.tools)} tools: {names}")
            for question, tool, arguments in QUESTIONS:
                say(f"\n? {question}")
                say(f"  {tool}({', '.join(f'{k}={v!r}' for k, v in arguments.items())})")
                answer = await client.call_tool(tool, dict(arguments))
                text = "\n".join(getattr(block, "text", "") for block in answer.content)
                failed += bool(answer.is_error)
                lines = text.splitlines()
                say(textwrap.indent("\n".join(lines[:MOST_LINES]), "  "))
                if len(lines) > MOST_LINES:
                    say(f"  … {len(lines) - MOST_LINES} more lines")
    except (OSError, ExceptionGroup) as group:
        cause = first_cause(group)
        if isinstance(cause, BrokenPipeError):
            raise cause from None  # the reader went away, not the server
        why = str(cause) or type(cause).__name__
        raise Unreachable(
            f"No MCP server answers at {where}: {why}.",
            hint="Start one with `make run` or `kube-mcp serve`, or name it with --url.",
        ) from group
    return 1 if failed else 0


def first_cause(error: BaseException) -> BaseException:
    """The innermost reason in an exception or a group of them."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def say(text: str) -> None:
    """One piece of the conversation on standard output."""
    sys.stdout.write(text + "\n")
