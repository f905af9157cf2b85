"""What a container's exit code and signal say about why it ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kube_mcp.objects import dig_int, dig_str

_CODES = {
    0: "it ended by itself without an error",
    1: "the application reported an error",
    2: "the shell or the application rejected its arguments",
    125: "the runtime could not start the container",
    126: "the command exists but cannot be executed: no execute permission, or a wrong format",
    127: "the command was not found in the image",
    128: "the runtime could not start the command, or the exit code was invalid",
    129: "SIGHUP",
    130: "SIGINT",
    132: "SIGILL: an instruction this processor does not have, often an image of another "
    "architecture",
    134: "SIGABRT: the application aborted itself, often a failed assertion",
    135: "SIGBUS: a memory access the system could not serve",
    136: "SIGFPE: an arithmetic error",
    137: "SIGKILL: killed from outside; by the kernel for memory, or after a failed liveness probe "
    "or the grace period",
    139: "SIGSEGV: the application accessed memory that is not its own",
    141: "SIGPIPE: it wrote to a closed connection",
    143: "SIGTERM: it was asked to stop, and did",
    255: "the application ended with -1, or with a status out of range",
}


def exit_meaning(ended: Mapping[str, Any]) -> str:
    """``exit code 137 (SIGKILL: …)`` for the ``terminated`` part of a container's state."""
    code = dig_int(ended, "exitCode")
    if dig_str(ended, "reason") == "OOMKilled":
        return f"exit code {code} (OOMKilled: it used more memory than its limit)"
    signal = dig_int(ended, "signal")
    meaning = _CODES.get(code, "")
    if not meaning and 128 < code < 160:
        meaning = f"signal {code - 128}"
    if not meaning and signal:
        meaning = f"signal {signal}"
    reason = dig_str(ended, "reason")
    if not meaning and reason not in ("", "Error", "Completed"):
        meaning = reason
    return f"exit code {code} ({meaning})" if meaning else f"exit code {code}"
