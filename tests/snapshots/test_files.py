"""Folders and archives are read under limits, and nothing outside them ever is."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from kube_mcp.errors import SettingsError
from kube_mcp.snapshots import files


def _archive(path: Path, *members: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for member in members:
            archive.addfile(member, io.BytesIO(b"x" * member.size))
    return path


def _member(
    name: str, size: int = 3, kind: bytes = tarfile.REGTYPE, link: str = ""
) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, link
    member.size = size if kind == tarfile.REGTYPE else 0
    return member


def test_a_folder_gives_its_files_by_relative_path(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c.yaml").write_text("c")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text("hidden")
    assert files.read(tmp_path) == {"a/b/c.yaml": b"c"}


def test_links_out_of_a_folder_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.yaml").write_text("secret")
    inside = tmp_path / "inside"
    inside.mkdir()
    os.symlink(outside / "secret.yaml", inside / "file.yaml")
    os.symlink(outside, inside / "folder")
    assert files.read(inside) == {}


def test_an_archive_gives_its_regular_files_alone(tmp_path: Path) -> None:
    path = _archive(
        tmp_path / "x.tar.gz",
        _member("./good.yaml"),
        _member("folder/good.yaml"),
        _member("../evil.yaml"),
        _member("folder/../../evil.yaml"),
        _member("/etc/evil.yaml"),
        _member("link.yaml", kind=tarfile.SYMTYPE, link="/etc/passwd"),
        _member("hard.yaml", kind=tarfile.LNKTYPE, link="good.yaml"),
        _member("fifo", kind=tarfile.FIFOTYPE),
    )
    assert sorted(files.read(path)) == ["folder/good.yaml", "good.yaml"]


def test_an_archive_that_unpacks_to_too_much_is_refused_before_it_is_unpacked(
    tmp_path: Path,
) -> None:
    path = _archive(tmp_path / "x.tgz", _member("big", size=3 * 1024 * 1024))
    with pytest.raises(SettingsError, match="holds more than 2 MiB"):
        files.read(path, max_total_bytes=2 * 1024 * 1024)


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / name).write_text("")
    with pytest.raises(SettingsError, match="holds more than 2 files"):
        files.read(tmp_path, max_files=2)


def test_one_file_is_a_folder_of_one(tmp_path: Path) -> None:
    (tmp_path / "pod.yaml").write_text("x")
    assert files.read(tmp_path / "pod.yaml") == {"pod.yaml": b"x"}


def test_what_is_not_there_or_not_an_archive_says_so(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="There is no snapshot at"):
        files.read(tmp_path / "none")
    (tmp_path / "broken.tar.gz").write_bytes(b"not gzip")
    with pytest.raises(SettingsError, match="cannot be read"):
        files.read(tmp_path / "broken.tar.gz")
    cut = _archive(tmp_path / "cut.tar.gz", _member("a", size=100_000)).read_bytes()
    (tmp_path / "cut.tar.gz").write_bytes(cut[: len(cut) // 2])
    with pytest.raises(SettingsError, match="cannot be read"):
        files.read(tmp_path / "cut.tar.gz")
