"""A token taken apart, before anything in it is believed."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from kube_mcp.auth.denied import refuse, shown
from kube_mcp.auth.strict_json import decode_segment

# Header.payload.signature, each base64url. The alphabet is checked once for all three.
_COMPACT_JWS = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_COMPACT_JWE = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*){4}")
# A key id is a thumbprint or a short name.
_MAX_KID_CHARS = 256


@dataclass(frozen=True, slots=True)
class ParsedToken:
    """Header and claims of a JWS whose signature has not been checked yet."""

    algorithm: str
    kid: str | None
    type: str
    claims: dict[str, Any] = field(repr=False)


def looks_opaque(text: str) -> bool:
    """Whether a token is something only its issuer can read.

    Opaque tokens may have dots as well, but a JWT begins with a JSON object in base64url.
    """
    return not (text.startswith(("ey", "ew")) and _COMPACT_JWS.fullmatch(text))


def parse_token(text: str, *, algorithms: frozenset[str]) -> ParsedToken:
    """Take a compact JWS apart.

    Refuses what is malformed or ambiguous, and every header that would change how the signature
    is checked: another algorithm, ``crit``, ``b64``. Keys carried in the header (``jwk``,
    ``jku``, ``x5c``, ``x5u``) are never looked at.
    """
    if not _COMPACT_JWS.fullmatch(text):
        if _COMPACT_JWE.fullmatch(text):
            raise refuse("encrypted-token", "An encrypted token (JWE) came, expected a signed one.")
        if text.count(".") == 2 and text.endswith("."):
            raise refuse("unsigned-token", "The token has no signature.")
        raise refuse("malformed-token", "The token is not three base64url parts joined by dots.")
    head, body, _ = text.split(".")
    header = _decode(head, "header")
    for name in ("crit", "b64"):
        if name in header:
            raise refuse(f"{name}-header", f"The token's header has {name!r}, which is refused.")
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in algorithms:
        raise refuse(
            "algorithm-not-allowed",
            f"The token's algorithm is {shown(algorithm)}, expected one of"
            f" {', '.join(sorted(algorithms))}.{_about_hmac(algorithm)}",
        )
    kid = header.get("kid")
    if kid is not None and (not isinstance(kid, str) or not 0 < len(kid) <= _MAX_KID_CHARS):
        raise refuse("bad-header", f"The token's key id is {shown(kid)}, expected a short text.")
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str):
        raise refuse("bad-header", f"The token's type is {shown(kind)}, expected a text.")
    kind = kind.lower().removeprefix("application/")
    return ParsedToken(algorithm, kid, kind, _decode(body, "payload"))


def readable_claims(text: str) -> dict[str, Any]:
    """What a token says of itself, believed by nobody; nothing where it is opaque."""
    if looks_opaque(text):
        return {}
    try:
        return decode_segment(text.split(".")[1])
    except ValueError:
        return {}


def _decode(segment: str, name: str) -> dict[str, Any]:
    try:
        return decode_segment(segment)
    except ValueError as problem:
        # Decoding errors quote their input; only our own short sentences may be passed on.
        why = str(problem) if type(problem) is ValueError else type(problem).__name__
        raise refuse("malformed-token", f"The token's {name} cannot be read: {why}.") from None


def _about_hmac(algorithm: object) -> str:
    if isinstance(algorithm, str) and algorithm.startswith("HS"):
        return (
            " A provider without a signing key signs with the client secret (HS256);"
            " give it a certificate."
        )
    return ""
