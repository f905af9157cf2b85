"""Forms of configuration in which a value stands apart from its name: XML, heredocs, calls, URLs."""

from __future__ import annotations

import re

from kube_mcp.redaction.spans import Span
from kube_mcp.redaction.values import looks_like_password

# `<password>`, `<ns:password>`, `<password encrypted="no">`, and what may stand before the text.
_XML_OPEN = re.compile(r"(?:\s[^<>\n]{0,256})?(?<!/)>\s{0,64}(<!\[CDATA\[)?")
_XML_PREFIX = re.compile(r"<[\w.-]{1,32}:")
# `password = <<EOF`, and the word that ends it.
_HEREDOC = re.compile(r"<<[-~]?[\"']?(\w{1,32})[\"']?[ \t]{0,8}\n")
# `define('DB_PASSWORD', 'x')`
_CALLED = re.compile(r"[\"']\s{0,4},\s{0,8}(?=[\"'])")
# The same in an address: `%22password%22%3A%22x%22`.
_ENCODED = re.compile(r"(?:%22)?(?:%3[AaDd])(?:%22)?")
_ENCODED_END = re.compile(r"%22|%26|%2C|[&\s\"'<>]")
#: Documents longer than this are not looked through for their end.
_LONGEST = 32_768


def element_text(text: str, start: int, end: int) -> Span | None:
    """The text of the XML element whose name is at ``start`` to ``end``, if that is its first tag."""
    if text[start - 1] == ":":
        opening = text.rfind("<", max(0, start - 34), start)
        if opening < 0 or not _XML_PREFIX.fullmatch(text, opening, start):
            return None
    opened = _XML_OPEN.match(text, end)
    if opened is None:
        return None
    stop = text.find("]]>" if opened[1] else "<", opened.end())
    return opened.end(), stop if stop >= 0 else len(text)


def heredoc(text: str, value: int) -> Span | None:
    """The lines up to the word that ends them; the first one if that is not there."""
    opened = _HEREDOC.match(text, value)
    if opened is None:
        return None
    start = opened.end()
    stop = text.find(f"\n{opened[1]}", start - 1, start + _LONGEST)
    if stop <= start:
        stop = text.find("\n", start)
    return start, stop if stop >= 0 else len(text)


def called_with(text: str, start: int, end: int) -> int | None:
    """Where the second argument begins, if the name at ``start`` is a call's first."""
    if start < 2 or text[start - 2 : start] not in ("('", '("'):
        return None
    called = _CALLED.match(text, end)
    return called.end() if called else None


def encoded_value(text: str, end: int) -> Span | None:
    """The value behind a name that ends at ``end``, where both are encoded for an address."""
    encoded = _ENCODED.match(text, end)
    if encoded is None:
        return None
    stop = _ENCODED_END.search(text, encoded.end())
    return encoded.end(), stop.start() if stop else len(text)


def alone_on_line(text: str, start: int, value: int) -> Span | None:
    """The value of `  password x` on a line of its own, as some configuration has it."""
    line_start = text.rfind("\n", max(0, start - 64), start) + 1
    if (line_start == 0 and start > 64) or text[line_start:start].strip(" \t"):
        return None
    line_end = text.find("\n", value)
    line = text[value : line_end if line_end >= 0 else len(text)].rstrip()
    if not line or line[0] in "\"'" or not looks_like_password(line):
        return None
    return value, value + len(line)
