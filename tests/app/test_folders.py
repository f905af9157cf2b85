"""The file is the registration."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import ModuleType

import pytest

from kube_mcp.folders import declared


def _package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **files: str) -> ModuleType:
    folder = tmp_path / "things"
    folder.mkdir()
    for name, text in {"__init__": "", **files}.items():
        (folder / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    for module in ("things", *(f"things.{name}" for name in files)):
        monkeypatch.delitem(sys.modules, module, raising=False)
    importlib.invalidate_caches()
    return importlib.import_module("things")


def test_what_each_file_declares_under_its_own_name_is_found_and_helpers_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = _package(tmp_path, monkeypatch, one="one = 1", two="two = 2", _helper="x = 3")
    assert declared(package, int) == [1, 2]


def test_a_file_that_declares_nothing_under_its_name_is_a_mistake_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = _package(tmp_path, monkeypatch, odd="other = 1")
    with pytest.raises(TypeError, match=r"things\.odd declares no int called 'odd'"):
        declared(package, int)
