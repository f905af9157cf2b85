"""Programs: started, watched, quoted."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from testbed.errors import ComponentExited, PortInUse
from testbed.process import Component


def python(code: str, log: Path) -> Component:
    return Component("example", [sys.executable, "-c", code], log=log)


def test_a_program_that_ends_is_named_with_its_last_lines_and_what_to_do(tmp_path: Path) -> None:
    program = python("print('cannot open /nowhere'); raise SystemExit(3)", tmp_path / "log")
    program.start()
    with pytest.raises(ComponentExited) as caught:
        program.wait_until(lambda: False, timeout_s=20)
    message = str(caught.value)
    assert message.startswith("example ended with exit code 3. Its last lines are below")
    assert message.endswith("cannot open /nowhere")
    assert "python -m testbed build" in message


def test_only_the_end_of_a_long_log_is_quoted(tmp_path: Path) -> None:
    program = python("[print(n) for n in range(1000)]; raise SystemExit(1)", tmp_path / "log")
    program.start()
    with pytest.raises(ComponentExited) as caught:
        program.wait_until(lambda: False, timeout_s=20)
    assert str(caught.value).endswith("998\n999")
    assert "\n900\n" not in str(caught.value)


def test_a_lost_port_is_an_error_of_its_own_so_that_it_can_be_tried_again(tmp_path: Path) -> None:
    said = "listen tcp 127.0.0.1:1: bind: address already in use"
    program = python(f"print({said!r}); raise SystemExit(1)", tmp_path / "log")
    program.start()
    with pytest.raises(PortInUse, match="address already in use"):
        program.wait_until(lambda: False, timeout_s=20)


def test_a_program_that_never_gets_ready_is_not_waited_for_forever(tmp_path: Path) -> None:
    program = python("import time; time.sleep(60)", tmp_path / "log")
    program.start()
    with pytest.raises(ComponentExited, match=r"did not become ready within 0\.1 s"):
        program.wait_until(lambda: False, timeout_s=0.1)
    program.kill()
    assert not program.running


def test_killing_twice_is_harmless(tmp_path: Path) -> None:
    program = python("import time; time.sleep(60)", tmp_path / "log")
    program.start()
    program.kill()
    program.kill()
    assert str(program.exited()).startswith("example ended with signal 9.")
