"""The real Dockerfile, built and run without a registry or a container service.

The base image's name is given to a Debian with Python made by mmdebstrap, so the Dockerfile is used
as it is; what differs is only which Python 3 is in the base.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support.helm import ROOT
from tests.support.tools import cache_folder, system_program

BASE = "docker.io/library/python:3.14-slim-trixie"
SUITE = "trixie"
PACKAGES = "ca-certificates,python3,python3-venv"
#: A base takes a minute, a build another; more is a hang.
TIMEOUT_S = 300
PROGRAMS = ("buildah", "runc", "mmdebstrap")


def run(*command: str, cwd: Path | None = None) -> str:
    """What a program printed. Fails with what it complained of."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, cwd=cwd)
    assert done.returncode == 0, (
        f"{' '.join(command[:4])}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    )
    return done.stdout


def base_archive() -> Path:
    """A minimal Debian with Python, kept for the next run on this machine."""
    archive = cache_folder().parent / "image" / f"{SUITE}-{PACKAGES.replace(',', '-')}.tar"
    if not archive.exists():
        archive.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=archive.parent) as scratch:
            made = Path(scratch) / "base.tar"
            run(
                str(system_program("mmdebstrap")), "--quiet", "--variant=minbase",
                f"--include={PACKAGES}", SUITE, str(made),
            )  # fmt: skip
            made.rename(archive)
    return archive


class Storage:
    """buildah with a store of its own in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.command = (
            str(system_program("buildah")),
            "--storage-driver=vfs",
            f"--root={folder / 'root'}",
            f"--runroot={folder / 'run'}",
        )

    def buildah(self, *arguments: str) -> str:
        return run(*self.command, *arguments).strip()

    def build(self, tag: str, *, build_arguments: Sequence[str] = ()) -> None:
        """The base under the name the Dockerfile asks for, then the Dockerfile."""
        self.make_base()
        self.buildah(
            "bud", *self.build_options(), "--timestamp=0", *build_arguments, f"--tag={tag}",
            str(ROOT),
        )  # fmt: skip

    def make_base(self) -> None:
        """A Debian with Python, under the name the Dockerfile asks for."""
        container = self.buildah("from", "scratch")
        self.buildah("add", "--quiet", container, str(base_archive()), "/")
        self.buildah("commit", "--quiet", "--rm", container, BASE)

    def build_options(self) -> list[str]:
        """What a build needs on this machine, and nowhere else."""
        pip = self._folder / "pip.conf"
        pip.write_text(_pip_configuration())
        return [
            "--isolation=chroot", "--network=host", "--pull-never", "--format=docker",
            f"--volume={pip}:/etc/pip.conf:ro", "--volume=/etc/ssl/certs:/etc/ssl/certs:ro",
        ]  # fmt: skip

    def config(self, tag: str) -> dict[str, Any]:
        """What the image says about itself."""
        inspected = json.loads(self.buildah("inspect", "--type=image", tag))
        found: dict[str, Any] = inspected["Docker"]["config"]
        return found

    def unpacked(self, tag: str) -> Path:
        """The image's root file system."""
        container = self.buildah("from", "--pull-never", tag)
        return Path(self.buildah("mount", container))


def _pip_configuration() -> str:
    """pip's settings of this machine, for pip in the build: an index, a certificate."""
    listed = run(sys.executable, "-m", "pip", "config", "list")
    lines = ["[global]"]
    for line in listed.splitlines():
        key, _, value = line.partition("=")
        name = key.rpartition(".")[2].replace("_", "-")
        if name in {"index-url", "extra-index-url", "cert", "proxy", "trusted-host"}:
            lines.append(f"{name} = {value.strip(chr(39))}")
    return "\n".join(dict.fromkeys(lines)) + "\n"


class Container:
    """One run of the image by runc: read-only root, no capability, no way to more rights."""

    def __init__(
        self,
        name: str,
        *,
        root: Path,
        image: dict[str, Any],
        arguments: Sequence[str],
        folder: Path,
        mounts: Mapping[str, Path] | None = None,
        env: Sequence[str] = (),
    ) -> None:
        self._name = name
        self._bundle = folder / name
        self._bundle.mkdir()
        run(str(system_program("runc")), "spec", cwd=self._bundle)
        spec = json.loads((self._bundle / "config.json").read_text())
        user, _, group = image["User"].partition(":")
        spec["root"] = {"path": str(root), "readonly": True}
        spec["process"].update(
            terminal=False,
            user={"uid": int(user), "gid": int(group)},
            args=[*image["Entrypoint"], *arguments],
            env=[*image["Env"], *env],
            cwd=image["WorkingDir"],
            capabilities={},
            noNewPrivileges=True,
        )
        spec["process"].pop("rlimits", None)
        # The host's network, to be reached at; no cgroups, which a container in one may not make.
        spec["linux"]["namespaces"] = [
            each
            for each in spec["linux"]["namespaces"]
            if each["type"] not in {"network", "cgroup"}
        ]
        spec["linux"].pop("resources", None)
        spec["mounts"] = [m for m in spec["mounts"] if m["type"] not in {"cgroup", "sysfs"}]
        spec["mounts"].append(
            {"destination": "/tmp", "type": "tmpfs", "source": "tmpfs", "options": ["mode=1777"]}
        )
        # Mounting needs a place to mount on, which the read-only root does not have.
        for place, source in (mounts or {}).items():
            (root / place.lstrip("/")).mkdir(parents=True, exist_ok=True)
            spec["mounts"].append(
                {
                    "destination": place,
                    "type": "bind",
                    "source": str(source),
                    "options": ["rbind", "ro"],
                }
            )
        (self._bundle / "config.json").write_text(json.dumps(spec))
        self._state = folder / "runc"
        self.log = folder / f"{name}.log"
        self._output = self.log.open("wb")
        self.process = subprocess.Popen(
            [str(system_program("runc")), f"--root={self._state}", "run",
             f"--bundle={self._bundle}", name],
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            env={"PATH": os.environ["PATH"]},
        )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill("KILL")
        self.process.wait(20)
        self._output.close()

    def kill(self, signal: str) -> None:
        """Send a signal to the first process in it, if there still is one."""
        subprocess.run(
            [str(system_program("runc")), f"--root={self._state}", "kill", self._name, signal],
            capture_output=True,
            timeout=20,
        )

    def ended(self, *, timeout_s: float = 60) -> tuple[int, str]:
        """Its exit code and all it printed."""
        code = self.process.wait(timeout_s)
        return code, self.log.read_text()

    def status(self) -> dict[str, str]:
        """``/proc/PID/status`` of the first process in it."""
        state = json.loads(
            run(str(system_program("runc")), f"--root={self._state}", "state", self._name)
        )
        text = Path(f"/proc/{state['pid']}/status").read_text()
        return dict(line.split(":\t", 1) for line in text.splitlines() if ":\t" in line)
