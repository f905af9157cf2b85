"""Characters that change what a reader sees, or hide something from one, are taken out of text."""

from __future__ import annotations

import re

# Terminal sequences: CSI (colours, cursor), OSC and their like (titles, links), character sets.
# Of anything else only the escape itself goes, for what follows it may be the start of a secret.
_ANSI = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]{0,64}[ -/]{0,8}[@-~]"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]{0,2048}(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[()*+][0-9A-Za-z]"
)
_CONTROLS = r"\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff"
# Zero-width, bidirectional and tag characters, variation selectors and invisible fillers: text
# can be hidden in them, reordered by them, or kept from being recognised.
_INVISIBLE = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    r"\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb"
    r"\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_OTHER_LINE_ENDS = re.compile(r"[\r\x85\u2028\u2029]")
_UNWANTED = re.compile(f"[{_CONTROLS}{_INVISIBLE}]")
_ANY = re.compile(f"[{_CONTROLS}{_INVISIBLE}\u2028\u2029]")


def clean_text(text: str) -> str:
    """``text`` without terminal sequences, control, bidirectional and zero-width characters.

    Line feeds and tabs stay. Every other way to end a line becomes a blank, so that a log line
    cannot pass for two.
    """
    if (text.isascii() and text.isprintable()) or not _ANY.search(text):
        return text
    text = _OTHER_LINE_ENDS.sub(" ", text.replace("\r\n", "\n"))
    return _UNWANTED.sub("", _ANSI.sub("", text))
