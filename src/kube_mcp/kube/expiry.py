"""When the credentials we hold end, read from themselves.

An API server answers 401 to a certificate that ended yesterday and to one it never knew: only
looking at it tells which. Nothing here is verified, so nothing but a hint may follow from it.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import orjson
from cryptography import x509

from kube_mcp.kube.connection import BearerToken, BearerTokenFile, ClientCertificate, ClusterConfig


@dataclass(frozen=True, slots=True)
class End:
    """What ends (``client certificate``, ``token``), and when."""

    what: str
    at: datetime


def first_end(config: ClusterConfig) -> End | None:
    """What ends first; None where nothing says when. A file that cannot be read says nothing."""
    found = [
        end for end in (_certificate(config.client_certificate), _token(config)) if end is not None
    ]
    return min(found, key=lambda end: end.at, default=None)


def _certificate(held: ClientCertificate | None) -> End | None:
    if held is None:
        return None
    try:
        pem = held.certificate_pem.encode() or Path(held.certificate_file).read_bytes()
        loaded = x509.load_pem_x509_certificate(pem)
    except (OSError, ValueError):
        return None
    return End("client certificate", loaded.not_valid_after_utc)


def _token(config: ClusterConfig) -> End | None:
    match config.source:
        case BearerToken(token=token):
            pass
        case BearerTokenFile(path=path):
            try:
                token = Path(path).read_text(encoding="utf-8")
            except (OSError, ValueError):
                return None
        case _:
            return None
    parts = token.strip().split(".")
    if len(parts) != 3:
        return None  # opaque: only the API server knows
    try:
        claims = orjson.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return End("token", datetime.fromtimestamp(claims["exp"], UTC))
    except (binascii.Error, ValueError, KeyError, TypeError, OverflowError, OSError):
        return None
