"""One program of the bed: started, watched, and never left behind.

On Linux the kernel kills a program when the thread that started it ends, so programs are started
from one thread that lives as long as the process does: a test run that is killed by SIGKILL takes
its control plane with it. Elsewhere an exit handler is all there is.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from testbed.errors import ComponentExited, PortInUse

#: How many last lines of a program's log an error quotes: enough to hold Go's fatal line, which
#: comes before the usage text is suppressed.
LOG_LINES = 12

#: Asks for SIGKILL at the parent's end (PR_SET_PDEATHSIG = 1) and becomes the program. An interpreter of its own
#: does it because a hook between fork and exec is not safe in a process with threads.
_TIE_TO_PARENT = """
import ctypes, os, signal, sys
parent = int(sys.argv[1])
if sys.platform == "linux":
    ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""

_starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="testbed-starter")


class Component:
    """A program that runs until it is stopped, with its output in a log file."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.command = list(command)
        self.log = log
        self._env = dict(env) if env is not None else None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it was started and not yet reaped."""
        return self._process.pid if self._process else None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Starts it; a second start after ``kill`` appends to the same log."""
        self._process = _starter.submit(self._spawn).result()

    def _spawn(self) -> subprocess.Popen[bytes]:
        tied = [sys.executable, "-S", "-E", "-c", _TIE_TO_PARENT, str(os.getpid())]
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [*tied, *self.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._env,
                # Its own group: Ctrl-C in a terminal must reach the tests first, so that they can
                # finish their requests before the API server goes.
                start_new_session=True,
            )

    def kill(self) -> None:
        """SIGKILL, and waits until it is gone. Harmless when it is gone already."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=30)

    def wait_until(self, ready: Callable[[], bool], *, timeout_s: float) -> None:
        """Polls ``ready``. Raises ``ComponentExited`` when the program ends or the time is up."""
        deadline = time.monotonic() + timeout_s
        while not ready():
            if not self.running:
                raise self.exited()
            if time.monotonic() > deadline:
                raise ComponentExited(
                    f"{self.name} did not become ready within {timeout_s:g} s. {self._advice()}"
                )
            time.sleep(0.03)

    def exited(self) -> ComponentExited:
        """The error that says how it ended, with its last log lines."""
        code = self._process.poll() if self._process else None
        how = f"signal {-code}" if code is not None and code < 0 else f"exit code {code}"
        text = f"{self.name} ended with {how}. {self._advice()}"
        if "address already in use" in self.last_lines():
            return PortInUse(text)
        return ComponentExited(text)

    def last_lines(self) -> str:
        """The end of its log."""
        if not self.log.exists():
            return "(no output)"
        with self.log.open("rb") as log:
            log.seek(max(0, self.log.stat().st_size - 64_000))
            lines = log.read().decode(errors="replace").splitlines()
        return "\n".join(lines[-LOG_LINES:]) or "(no output)"

    def _advice(self) -> str:
        return (
            f"Its last lines are below; the whole log is {self.log} while the bed is up. Fix what "
            "they name, or run `python -m testbed build` if the programs are damaged.\n"
            f"{self.last_lines()}"
        )
