"""TLS as kubectl does it: which authority is trusted, which certificate is shown, kept fresh.

Python's own defaults would refuse clusters that kubectl accepts: from Python 3.13 on,
``ssl.create_default_context`` demands extensions that the authorities of many clusters lack, and
it takes only self-signed certificates as a root.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from kube_mcp.errors import CredentialsError
from kube_mcp.kube.connection import ClientCertificate, ClusterConfig

# Certificates live for hours at least, and both old and new are accepted for a while.
_LOOK_AGAIN_AFTER_S = 60.0

_Stamp = tuple[tuple[str, int, int], ...]


@dataclass(frozen=True, slots=True)
class _Kept:
    context: ssl.SSLContext
    certificate: ClientCertificate | None
    stamp: _Stamp
    looked_at: float


class Tls:
    """The contexts for one cluster, rebuilt when a file they were read from has changed.

    A new context means new connections: those made with the old one are not used again.
    """

    def __init__(
        self, config: ClusterConfig, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._config = config
        self._clock = clock
        self._kept: dict[bool, _Kept] = {}
        self._building = asyncio.Lock()

    async def context(self, certificate: ClientCertificate | None) -> ssl.SSLContext:
        """The context that presents ``certificate``.

        Raises `CredentialsError` where a file is missing or is no certificate.
        """
        slot = certificate is not None
        kept = self._kept.get(slot)
        if kept is not None and kept.certificate is certificate and self._is_fresh(kept):
            return kept.context
        async with self._building:
            kept = self._kept.get(slot)
            if kept is None or kept.certificate != certificate or not self._is_fresh(kept):
                # Reading files and parsing a hundred root certificates take milliseconds.
                kept = await asyncio.to_thread(self._look, certificate, kept)
                self._kept[slot] = kept
        return kept.context

    def _is_fresh(self, kept: _Kept) -> bool:
        return self._clock() - kept.looked_at < _LOOK_AGAIN_AFTER_S

    def _look(self, certificate: ClientCertificate | None, kept: _Kept | None) -> _Kept:
        stamp = _stamp(self._config, certificate)
        if kept is not None and kept.certificate == certificate and kept.stamp == stamp:
            return replace(kept, looked_at=self._clock())
        return _Kept(build_context(self._config, certificate), certificate, stamp, self._clock())


def build_context(
    config: ClusterConfig, certificate: ClientCertificate | None = None
) -> ssl.SSLContext:
    """What `Tls.context` promises, now, from the files as they are."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    # Go stops at any certificate it was told to trust, and has not looked at the common name
    # for years; a cluster that works with kubectl works here, and no other.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.hostname_checks_common_name = False
    try:
        if config.insecure_skip_tls_verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        elif config.ca_pem or config.ca_file:
            context.load_verify_locations(
                cafile=config.ca_file or None, cadata=config.ca_pem or None
            )
        else:
            context.load_default_certs()
    except (OSError, ValueError) as error:
        where = config.ca_file or "certificate-authority-data"
        raise CredentialsError(
            f"The certificate authority in {where} cannot be used: {_words(error)}.",
            hint="It must be one or more certificates in PEM form.",
        ) from error
    if certificate is not None:
        _present(context, certificate)
    return context


def _present(context: ssl.SSLContext, certificate: ClientCertificate) -> None:
    try:
        with (
            _as_file(certificate.certificate_file, certificate.certificate_pem) as certificate_path,
            _as_file(certificate.key_file, certificate.key_pem) as key_path,
        ):
            # Without a password of ours, OpenSSL would ask for one on the terminal.
            context.load_cert_chain(certificate_path, key_path, password=_no_password)
    except (OSError, ValueError) as error:
        where = certificate.certificate_file or "client-certificate-data"
        raise CredentialsError(
            f"The client certificate in {where} cannot be used with its key: {_words(error)}.",
            hint="Both must be in PEM form, belong together, and the key must have no password.",
        ) from error


def _no_password() -> str:
    raise ValueError("the key is encrypted with a password")


@contextmanager
def _as_file(path: str, pem: str) -> Iterator[str]:
    """A path at which OpenSSL, which reads keys from files alone, finds the text.

    The text stays in memory where the system has files there; elsewhere it is in a file that
    only this user can read, for as long as the block takes.
    """
    if path:
        yield path
        return
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("pem", os.MFD_CLOEXEC)
        try:
            in_memory = f"/proc/self/fd/{descriptor}"
            if os.path.exists(in_memory):
                _write(descriptor, pem)
                yield in_memory
                return
        finally:
            os.close(descriptor)
    descriptor, on_disk = tempfile.mkstemp(prefix="kube-mcp-")
    try:
        try:
            _write(descriptor, pem)
        finally:
            os.close(descriptor)
        yield on_disk
    finally:
        os.unlink(on_disk)


def _write(descriptor: int, text: str) -> None:
    left = text.encode("ascii", "replace")
    while left:
        left = left[os.write(descriptor, left) :]


def _stamp(config: ClusterConfig, certificate: ClientCertificate | None) -> _Stamp:
    """What tells whether a file has been replaced. A missing file counts as one more state."""
    paths = [config.ca_file]
    if certificate is not None:
        paths += [certificate.certificate_file, certificate.key_file]
    found = []
    for path in filter(None, paths):
        try:
            status = os.stat(path)
            found.append((path, status.st_mtime_ns, status.st_ino))
        except OSError:
            found.append((path, 0, 0))
    return tuple(found)


def _words(error: OSError | ValueError) -> str:
    """Why, without OpenSSL's source lines. A password's absence arrives as a ``ValueError``."""
    if isinstance(error, ssl.SSLError):
        return (error.reason or "it is not in PEM form").replace("_", " ").lower()
    if isinstance(error, OSError):
        return (error.strerror or "it cannot be read").lower()
    return str(error).rstrip(".")
