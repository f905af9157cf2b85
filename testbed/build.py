"""Builds the control plane's programs once a machine, and finds them again.

They are kept outside the tree, under a key made of everything that decides what comes out: the Go
module's files, the Go version and the flags. ``KUBEBUILDER_ASSETS`` wins where it is set.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from testbed.errors import BuildFailed, Unavailable

MODULE = Path(__file__).parent / "controlplane"
PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager")

HOW_TO_GET_GO = (
    "install Go 1.26 or newer (https://go.dev/dl, or your distribution's golang package), "
    "or set KUBEBUILDER_ASSETS to a folder with etcd, kube-apiserver and kube-controller-manager"
)


@dataclass(frozen=True, slots=True)
class Binaries:
    """Where the programs are. The controller manager may be missing in ``KUBEBUILDER_ASSETS``."""

    etcd: Path
    kube_apiserver: Path
    kube_controller_manager: Path | None
    source: str

    @property
    def without_controllers(self) -> str:
        """What to say where there is no controller manager."""
        return (
            f"{self.source} has no kube-controller-manager: namespaces do not end, Deployments "
            "make no pods and the role `view` stays empty. Add it there, or unset "
            "KUBEBUILDER_ASSETS to build it with Go."
        )


def find(
    *, build: bool = True, environ: Mapping[str, str] = os.environ, verbose: bool = False
) -> Binaries:
    """The programs, built first if need be.

    Raises ``Unavailable`` with one line saying what cannot run and how to get it, ``BuildFailed``
    when the compiler said no. A first build takes about ten minutes of two cores.
    """
    if assets := environ.get("KUBEBUILDER_ASSETS"):
        return _from_assets(Path(assets))
    go = go_version(environ)
    target = cache_dir(environ) / cache_key(go or _any_go_version(environ))
    if not _complete(target):
        if go is None:
            raise Unavailable(
                "The tests against a real API server cannot run: the control plane has to be "
                f"built once and there is no `go` on PATH; {HOW_TO_GET_GO}."
            )
        if not build:
            raise Unavailable(
                "The control plane is not built yet: run `python -m testbed build` "
                "(about ten minutes, once a machine)."
            )
        _build(target, verbose=verbose)
    etcd, apiserver, controllers = (target / name for name in PROGRAMS)
    return Binaries(etcd, apiserver, controllers, source=str(target))


def cache_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """``$XDG_CACHE_HOME/kube-mcp/testbed``, by default below ``~/.cache``."""
    base = environ.get("XDG_CACHE_HOME") or os.path.join(Path.home(), ".cache")
    return Path(base) / "kube-mcp" / "testbed"


def cache_key(go: str) -> str:
    """Changes with whatever changes the programs: sources, pins, compiler, platform, flags."""
    digest = hashlib.sha256()
    for path in sorted(MODULE.glob("*")):
        if path.name in ("go.mod", "go.sum") or path.suffix == ".go":
            digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    digest.update(f"{go} {platform.system()} {platform.machine()} {link_flags()}".encode())
    return f"v{kubernetes_version()}-{digest.hexdigest()[:16]}"


def kubernetes_version() -> str:
    """The pinned version without its v, read from go.mod, for example ``1.37.2``."""
    match = re.search(r"^\tk8s\.io/kubernetes v(\S+)$", (MODULE / "go.mod").read_text(), re.M)
    if match is None:
        raise BuildFailed(f"{MODULE / 'go.mod'} does not pin k8s.io/kubernetes.")
    return match.group(1)


def link_flags() -> str:
    """Strips the programs, and tells them their version: unset it is v0.0.0-master, which every
    chart with a ``kubeVersion`` refuses."""
    version = kubernetes_version()
    major, minor, _ = version.split(".", 2)
    package = "k8s.io/component-base/version"
    values = {
        "gitVersion": f"v{version}",
        "gitMajor": major,
        "gitMinor": minor,
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
    }
    return "-s -w " + " ".join(f"-X {package}.{name}={value}" for name, value in values.items())


def go_version(environ: Mapping[str, str] = os.environ) -> str | None:
    """What ``go env GOVERSION`` says inside the module, or None where there is no Go."""
    go = shutil.which("go", path=environ.get("PATH", ""))
    if go is None:
        return None
    run = subprocess.run(
        [go, "env", "GOVERSION"], cwd=MODULE, capture_output=True, text=True, env=dict(environ)
    )
    return run.stdout.strip() or None


def _any_go_version(environ: Mapping[str, str]) -> str:
    """A machine that lost its Go after a build still has the programs: the version is noted beside
    them."""
    notes = sorted(cache_dir(environ).glob(f"v{kubernetes_version()}-*/go-version"))
    return notes[-1].read_text() if notes else "none"


def _complete(target: Path) -> bool:
    return all((target / name).exists() for name in PROGRAMS)


def _from_assets(folder: Path) -> Binaries:
    etcd, apiserver, controllers = (folder / name for name in PROGRAMS)
    missing = [path.name for path in (etcd, apiserver) if not path.exists()]
    if missing:
        raise Unavailable(
            f"KUBEBUILDER_ASSETS={folder} holds no {' and no '.join(missing)}: "
            "point it at a folder that does, or unset it to build them with Go."
        )
    return Binaries(
        etcd, apiserver, controllers if controllers.exists() else None, source=str(folder)
    )


def _build(target: Path, *, verbose: bool) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with _locked(target.parent / f"{target.name}.lock"):
        if _complete(target):  # another process built it while this one waited
            return
        print(
            f"building Kubernetes {kubernetes_version()} and etcd into {target} "
            "(about ten minutes, once a machine)",
            file=sys.stderr,
            flush=True,
        )
        work = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
        try:
            _compile(work, verbose=verbose)
            (work / "go-version").write_text(go_version() or "")
            work.rename(target)
        finally:
            shutil.rmtree(work, ignore_errors=True)


def _compile(work: Path, *, verbose: bool) -> None:
    """One binary under three names: the programs share most of their code, and linking is slow."""
    command = ["go", "build", "-trimpath", "-buildvcs=false", "-ldflags", link_flags()]
    command += ["-v"] if verbose else []
    run = subprocess.run(
        [*command, "-o", str(work / "controlplane"), "."],
        cwd=MODULE,
        env={**os.environ, "CGO_ENABLED": "0"},
        stderr=None if verbose else subprocess.PIPE,
        text=True,
    )
    if run.returncode != 0:
        last = "\n".join((run.stderr or "").splitlines()[-20:])
        raise BuildFailed(
            f"Building the control plane in {MODULE} failed: look at the compiler's last lines, "
            f"and check that the Go module proxy can be reached (`go env GOPROXY`).\n{last}"
        )
    for name in PROGRAMS:
        (work / name).symlink_to("controlplane")


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
