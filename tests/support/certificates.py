"""A throw-away certificate authority: real certificates, good and bad, for servers on loopback."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, as PEM text."""

    certificate: str
    key: str

    def write(self, folder: Path, name: str) -> tuple[Path, Path]:
        """The two files, ``NAME.crt`` and ``NAME.key``."""
        certificate, key = folder / f"{name}.crt", folder / f"{name}.key"
        certificate.write_text(self.certificate)
        key.write_text(self.key)
        return certificate, key


class Authority:
    """Issues certificates. ``bare`` leaves out the extensions that old clusters' authorities lack."""

    def __init__(self, name: str = "test authority", *, bare: bool = False) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _subject(name)
        builder = _builder(self._name, self._name, self._key.public_key(), lives=timedelta(days=1))
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        if not bare:
            builder = builder.add_extension(
                x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), False
            )
        self.pem = _pem(builder.sign(self._key, hashes.SHA256()))

    def issue(
        self,
        name: str,
        *,
        hosts: tuple[str, ...] = (),
        organisation: str = "",
        lives: timedelta = timedelta(hours=1),
        starts: timedelta = timedelta(hours=-1),
    ) -> Pair:
        """A certificate for ``hosts`` (names or addresses), or for a client without any."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(
            _subject(name, organisation), self._name, key.public_key(), lives=lives, starts=starts
        )
        if hosts:
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_general_name(host) for host in hosts]), False
            )
        return Pair(_pem(builder.sign(self._key, hashes.SHA256())), _key_pem(key))


def server_context(
    pair: Pair, folder: Path, *, clients_from: Authority | None = None
) -> ssl.SSLContext:
    """What a server needs to speak TLS with ``pair``, demanding client certificates if told so."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*pair.write(folder, "server"))
    if clients_from is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=clients_from.pem)
    return context


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    *,
    lives: timedelta,
    starts: timedelta = timedelta(hours=-1),
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + starts)
        .not_valid_after(now + lives)
    )


def _subject(name: str, organisation: str = "") -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, name)]
    if organisation:
        parts.append(x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation))
    return x509.Name(parts)


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _key_pem(key: ec.EllipticCurvePrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()
