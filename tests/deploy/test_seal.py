"""Sealing the client secret with the real kubeseal: what comes out opens, and nothing leaks."""

from __future__ import annotations

import base64
import os
import pty
import select
import shutil
import subprocess
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tests.support.flux import GITOPS
from tests.support.helm import ROOT
from tests.support.tools import tool

NEEDS_TOOLS = ("kubeseal",)
pytestmark = pytest.mark.timeout(660)  # the first run builds kubeseal

SCRIPT = ROOT / "deploy/scripts/seal-oauth-secret.sh"
SECRET = "s3cr3t-canary-0123456789abcdef"


@dataclass
class Site:
    """A copy of the GitOps folder, a sealing key, and a kubeseal that notes how it was called."""

    folder: Path
    key: rsa.RSAPrivateKey
    certificate: Path
    env: dict[str, str]
    seen: Path

    def seal(self, *arguments: str, stdin: str = SECRET) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(SCRIPT), *arguments, "--", "--cert", str(self.certificate)],
            cwd=self.folder,
            env=self.env,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=30,
        )

    def opened(self, path: Path, *, label: str) -> str:
        """The value as the controller would open it: RSA-OAEP for the key, AES-GCM for the rest."""
        sealed = yaml.safe_load(path.read_text())["spec"]["encryptedData"]["sts_client_secret"]
        raw = base64.b64decode(sealed)
        size = int.from_bytes(raw[:2], "big")
        oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), label.encode())
        session = self.key.decrypt(raw[2 : 2 + size], oaep)
        return AESGCM(session).decrypt(bytes(12), raw[2 + size :], None).decode()


@pytest.fixture
def site(tmp_path: Path) -> Site:
    folder = tmp_path / "gitops"
    shutil.copytree(GITOPS, folder)
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sealed-secrets")])
    certificate = tmp_path / "sealing.pem"
    certificate.write_bytes(
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=30))
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    seen = tmp_path / "seen"
    programs = tmp_path / "bin"
    programs.mkdir()
    wrapper = programs / "kubeseal"
    # What any other process of this machine could read about it while it runs.
    wrapper.write_text(
        f'#!/bin/sh\ncat /proc/$$/cmdline /proc/$PPID/cmdline /proc/$$/environ > "{seen}"\n'
        f'exec "{tool("kubeseal")}" "$@"\n'
    )
    wrapper.chmod(0o755)
    env = {"PATH": f"{programs}:{os.environ['PATH']}", "HOME": str(tmp_path)}
    return Site(folder, key, certificate, env, seen)


def test_the_sealed_secret_opens_for_this_name_in_this_namespace(site: Site) -> None:
    done = site.seal()

    assert done.returncode == 0, done.stderr
    path = site.folder / "apps/base/kubernetes-mcp-server/oauth-secret-sealed.yaml"
    label = "kubernetes-mcp-server/kubernetes-mcp-oauth-secret"
    assert site.opened(path, label=label) == SECRET
    with pytest.raises(ValueError, match="Decryption failed"):
        site.opened(path, label="kubernetes-mcp-server/another")
    assert 'uncomment "- oauth-secret-sealed.yaml"' in done.stdout


def test_the_secret_is_on_no_command_line_and_in_no_output_or_file(site: Site) -> None:
    done = site.seal()

    assert SECRET.encode() not in site.seen.read_bytes()
    assert SECRET not in done.stdout + done.stderr
    for path in site.folder.rglob("*"):
        assert path.is_dir() or SECRET not in path.read_text()


def test_a_line_end_from_a_paste_is_not_part_of_the_secret(site: Site) -> None:
    site.seal(stdin=f"{SECRET}\r\n")

    path = site.folder / "apps/base/kubernetes-mcp-server/oauth-secret-sealed.yaml"
    label = "kubernetes-mcp-server/kubernetes-mcp-oauth-secret"
    assert site.opened(path, label=label) == SECRET


def test_typed_at_a_terminal_it_is_not_shown(site: Site) -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        os.chdir(site.folder)
        arguments = [str(SCRIPT), "--", "--cert", str(site.certificate)]
        os.execve(arguments[0], arguments, site.env)
    shown = b""
    asked = False
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            shown += os.read(terminal, 4096)
        except OSError:  # the other end is closed
            break
        if not asked and b"Client secret of kubernetes-mcp" in shown:
            asked = True
            os.write(terminal, SECRET.encode() + b"\n")
    _, status = os.waitpid(pid, 0)
    os.close(terminal)

    assert status == 0, shown
    assert b"Sealed into" in shown
    assert SECRET.encode() not in shown


@pytest.mark.parametrize(
    ("arguments", "stdin", "says"),
    [
        ((), "", "the client secret is empty"),
        ((), "two words", "has a blank in it"),
        (("kubernetes", SECRET), SECRET, "The secret is never an argument"),
        (("nothing-here",), SECRET, "there is no apps/base/nothing-here-mcp-server here"),
        (("../etc",), SECRET, "is not a service's name"),
    ],
)
def test_what_cannot_be_sealed_leaves_the_file_as_it_was(
    site: Site, arguments: tuple[str, ...], stdin: str, says: str
) -> None:
    path = site.folder / "apps/base/kubernetes-mcp-server/oauth-secret-sealed.yaml"
    before = path.read_text()
    done = site.seal(*arguments, stdin=stdin)

    assert done.returncode == 1
    assert says in done.stderr
    assert SECRET not in done.stdout + done.stderr
    assert path.read_text() == before


def test_a_kubeseal_that_fails_leaves_the_file_as_it_was(site: Site) -> None:
    path = site.folder / "apps/base/kubernetes-mcp-server/oauth-secret-sealed.yaml"
    before = path.read_text()
    site.certificate.write_text("not a certificate")
    done = site.seal()

    assert done.returncode == 1
    assert "kubeseal failed" in done.stderr
    assert path.read_text() == before
    assert not list(path.parent.glob(".sealed.*"))
