"""JSON as security tokens need it: what two parsers could read differently is refused."""

from __future__ import annotations

import base64
import json
import re
from typing import Any, NoReturn

_BASE64URL = re.compile(r"[A-Za-z0-9_-]+")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("the same key stands twice in one object")
    return found


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def decode_object(text: bytes | str) -> dict[str, Any]:
    """A JSON object.

    Raises `ValueError` for anything else: another type, a key that stands twice at any depth,
    ``NaN``, ``Infinity``, bytes that are not UTF-8, or nesting deeper than the parser can go.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8")
    try:
        value = json.loads(text, object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError(f"a {type(value).__name__} came where an object was expected")
    return value


def decode_segment(segment: str) -> dict[str, Any]:
    """The JSON object in one base64url part of a token. Raises `ValueError` like `decode_object`.

    Padding, blanks and the characters of plain base64 are refused: a signature covers the text as
    sent, so there is no excuse for a second spelling of it.
    """
    if not _BASE64URL.fullmatch(segment):
        raise ValueError("not base64url")
    return decode_object(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
