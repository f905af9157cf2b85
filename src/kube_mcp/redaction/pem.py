"""Private keys in PEM, also with a log's prefix on every line, on one line, or cut off."""

from __future__ import annotations

import re

from kube_mcp.redaction.spans import Span

_KIND = r"(?:[A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?|OpenVPN Static key V1)"
_BEGIN = re.compile(rf"-----BEGIN {_KIND}-----")
_END = re.compile(rf"-----END {_KIND}-----")
#: One of these is in every text that holds a key.
MARKS = ("PRIVATE KEY", "OpenVPN Static key")
#: A 16,384-bit RSA key in PEM is 12.5 KB; with a prefix on each line, twice that.
_LONGEST = 32_768
# Without an end in sight: as far as it can be base64, headers, or escaped line ends.
_BODY = re.compile(r"(?:[A-Za-z0-9+/=\s\\:,\"']|-(?!----))*+")
_KEY_LINE = re.compile(r"[A-Za-z0-9+/=]{16,}[\"'\\n,]{0,4}\s*")
_SHORT_LINE = re.compile(r"[A-Za-z0-9+/=]+")


def find_private_keys(text: str) -> list[Span]:
    """Where in ``text`` private keys stand, in order and without overlap."""
    spans: list[Span] = []
    done = 0
    for end in [*_END.finditer(text), None]:
        stop = end.end() if end else len(text)
        begin = _BEGIN.search(text, done, stop)
        if begin is None:
            if end is not None and (start := _start_of_tail(text, done, end.start())) < end.start():
                spans.append((start, stop))
            done = stop
            continue
        while begin is not None:
            if end is not None and stop - begin.start() <= _LONGEST:
                spans.append((begin.start(), stop))
                done = stop
                break
            body = _BODY.match(text, begin.end(), stop)
            done = body.end() if body else begin.end()
            spans.append((begin.start(), done))
            begin = _BEGIN.search(text, done, stop)
    return spans


def _start_of_tail(text: str, floor: int, end: int) -> int:
    """Where the lines of base64 before a key's last line begin, if its first line was cut off."""
    start = end
    line_start = text.rfind("\n", floor, end) + 1 or floor
    while line_start > floor and end - line_start < _LONGEST:
        line_end = line_start - 1
        line_start = text.rfind("\n", floor, line_end) + 1 or floor
        line = text[line_start:line_end]
        word = line.split()[-1] if line.split() else ""
        # The last line of base64 is as short as it happens to be.
        if not (_KEY_LINE.fullmatch(word) or (start == end and _SHORT_LINE.fullmatch(word))):
            break
        start = line_start + line.rfind(word)
    return start
