"""Credentials that a program tells in a sentence, and the two forms that have names of one letter.

``Initial password for admin: x``, ``the password was set to x``, ``use the following password:``
and then the password on a line of its own; ``app:x@tcp(db:3306)/shop``; ``"d": "x"`` of a JSON Web Key.
"""

from __future__ import annotations

import re

from kube_mcp.redaction.names import is_about
from kube_mcp.redaction.spans import Span, without_overlap
from kube_mcp.redaction.values import is_innocent, looks_like_password, looks_random
from kube_mcp.redaction.windows import gate, windows

_NOUN = (
    r"(?:[Pp](?:assword|assphrase|asscode|asswd)"
    r"|(?:[Aa][Pp][Ii]|[Aa]ccess|[Ss]ecret|[Pp]rivate|[Mm]aster|[Rr]ecovery|[Ll]icen[sc]e|[Ee]ncryption"
    r"|[Ss]igning)[ ][Kk]ey)\b"
)
_TOLD = re.compile(
    rf"{_NOUN}([^\n:=<>\"']{{0,60}}?)(?:[ \t](?:is|to)(?::)?|:|[ \t][-=]>|[ \t]=)[ \t]{{1,4}}[\"'`]?"
    r"([^\s\"'`<>]{6,128})"
)
# The password stands on the next line, alone, perhaps after an empty one.
_BELOW = re.compile(
    rf"{_NOUN}[^\n]{{0,80}}:[ \t]{{0,8}}\n(?:[ \t]{{0,8}}\n){{0,2}}[ \t]{{0,8}}(\S{{6,128}})[ \t]{{0,8}}(?=\n|\Z)"
)
_PARTS = ("assw", "assphrase", "asscode", " key", " Key")
_GATE = gate([*_PARTS, r"@(?:tcp|unix)\(", '"kty"'])
# Go's database addresses have no scheme.
_SOCKET = re.compile(r"(?<![\w.-])[\w.-]{1,64}:([^\s\"'@]{1,128})@(?:tcp|unix)\(")
_KEY_PART = re.compile(r"\"(?:d|p|q|dp|dq|qi|k)\"\s{0,8}:\s{0,8}\"([A-Za-z0-9_-]{16,2000})\"")


def find_told(text: str) -> list[Span]:
    """Where in ``text`` such passwords and keys stand, in order and without overlap."""
    spans: list[Span] = []
    for start, end in windows(text, _GATE):
        part = text[start:end]
        spans += [(start + first, start + last) for first, last in _in(part)]
    return without_overlap(spans)


def _in(text: str) -> list[Span]:
    spans: list[Span] = []
    if any(part in text for part in _PARTS):
        for found in _TOLD.finditer(text):
            value = found[2].rstrip(".,;)")
            if not is_about(found[1]) and _is_one(value) and not is_innocent(found[2]):
                spans.append((found.start(2), found.start(2) + len(value)))
        spans += [
            found.span(1)
            for found in _BELOW.finditer(text)
            if _is_one(found[1]) and (looks_random(found[1]) or looks_like_password(found[1]))
        ]
    if "@tcp(" in text or "@unix(" in text:
        spans += [found.span(1) for found in _SOCKET.finditer(text) if not is_innocent(found[1])]
    if '"kty"' in text:
        spans += [found.span(1) for found in _KEY_PART.finditer(text)]
    return spans


def _is_one(value: str) -> bool:
    return looks_like_password(value) and not is_innocent(value)
