"""The folders of beds."""

from __future__ import annotations

from pathlib import Path

from testbed import workdir
from testbed.workdir import WorkDir


def test_a_folder_in_use_survives_a_sweep(tmp_path: Path) -> None:
    work = WorkDir(tmp_path)
    assert workdir.sweep(tmp_path) == []
    assert work.path.exists()
    work.remove()
    assert not work.path.exists()


def test_a_folder_whose_owner_died_is_swept(tmp_path: Path) -> None:
    left = tmp_path / f"{workdir.PREFIX}abc"
    (left / "etcd").mkdir(parents=True)
    (left / "lock").touch()  # nobody holds it
    assert workdir.sweep(tmp_path) == [left]
    assert not left.exists()


def test_a_folder_without_a_lock_is_somebody_elses(tmp_path: Path) -> None:
    strange = tmp_path / f"{workdir.PREFIX}strange"
    strange.mkdir()
    assert workdir.sweep(tmp_path) == []
    assert strange.exists()


def test_folders_are_private_to_their_owner(tmp_path: Path) -> None:
    work = WorkDir(tmp_path)
    assert work.path.stat().st_mode & 0o077 == 0
    assert work.folder("pki").stat().st_mode & 0o077 == 0
    work.remove()
