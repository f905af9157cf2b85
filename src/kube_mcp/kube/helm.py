"""Helm's own record of a release: JSON, gzipped, in base64, in a Secret."""

from __future__ import annotations

import base64
import binascii
import zlib
from typing import Any

import msgspec

from kube_mcp.errors import ServerFault, TooLarge

#: Every Secret that holds a revision carries this label; name, status and version stand beside it.
OWNER_LABEL = "owner=helm"

#: A release with every template of its chart is a few MiB. What unpacks to more is a bomb, or of
#: no use in an answer.
MAX_UNPACKED_BYTES = 24 * 1024 * 1024

#: A Secret holds at most 1 MiB of data, which base64 makes a third longer, twice.
MAX_SECRET_BYTES = 4 * 1024 * 1024

_GZIP = b"\x1f\x8b"


class Info(msgspec.Struct):
    """State of one revision."""

    status: str = ""
    description: str = ""
    notes: str = ""
    first_deployed: str = ""
    last_deployed: str = ""


class ChartMetadata(msgspec.Struct):
    """What a chart says of itself."""

    name: str = ""
    version: str = ""
    appVersion: str = ""  # noqa: N815 - the wire's own name


class Chart(msgspec.Struct):
    """The chart, without templates and defaults."""

    metadata: ChartMetadata = msgspec.field(default_factory=ChartMetadata)


class Release(msgspec.Struct):
    """One revision as Helm wrote it: ``config`` holds the values its user gave, secrets and all."""

    name: str = ""
    namespace: str = ""
    version: int = 0
    info: Info = msgspec.field(default_factory=Info)
    chart: Chart = msgspec.field(default_factory=Chart)
    config: dict[str, Any] | None = None


def secret_name(release: str, revision: int) -> str:
    """The name of the Secret that holds a revision."""
    return f"sh.helm.release.v1.{release}.v{revision}"


def decode(data: str, *, max_unpacked_bytes: int = MAX_UNPACKED_BYTES) -> Release:
    """The release in a Secret's ``data.release``.

    Raises `TooLarge` for one that unpacks to more than ``max_unpacked_bytes`` (no more than that
    is ever unpacked) and `ServerFault` for one that is none.
    """
    try:
        packed = base64.b64decode(base64.b64decode(data, validate=True), validate=True)
        unpacked = _unpacked(packed, max_unpacked_bytes) if packed[:2] == _GZIP else packed
        return _decoder.decode(unpacked)
    except (binascii.Error, zlib.error, ValueError, msgspec.MsgspecError, RecursionError) as error:
        raise ServerFault("A Helm release Secret does not hold what Helm writes.") from error


def _unpacked(packed: bytes, max_bytes: int) -> bytes:
    stream = zlib.decompressobj(wbits=31)
    unpacked = stream.decompress(packed, max_bytes)
    if stream.unconsumed_tail:
        raise TooLarge(f"A Helm release unpacks to more than {max_bytes // 1024**2} MiB.")
    return unpacked


_decoder = msgspec.json.Decoder(Release)
