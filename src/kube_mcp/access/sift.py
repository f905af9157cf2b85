"""Which lines of a log are shown, where a pattern was given: decided on what is shown, and on nothing else.

A filter that saw more than the answer does would be a way to ask about it: whether a line comes
back would tell whether a guess was right. So lines are masked first, together with those before
them, and matched then; what may be skipped unmasked is only what no mask can make a match.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from kube_mcp.redaction.text import clean_text, mask_lines

#: A line, whatever a logger put before it, that ends like one of a private key in PEM.
_KEY_LINE = re.compile(r"(?:^|\s|\")[A-Za-z0-9+/]{60,76}={0,2}\W{0,4}$")
_PRINTABLE = bytes([*range(32, 127), *b"\t\n"])

#: Lines before a block that are masked with it: a credential may stand below its name.
LINES_BEFORE = 4


class LineFilter(Protocol):
    """What tells whether a line of a log is wanted; `kube_mcp.tools._patterns.Matcher` does."""

    def __call__(self, line: str, /) -> bool:
        """Whether this line, as it is shown, matches."""
        ...

    def in_block(self, lines: str, /) -> bool:
        """False where certainly none of several lines matches, once they are masked.

        The answer must be the same whatever is masked in them.
        """
        ...


class Sift:
    """The filters of one log, asked of its lines in order."""

    def __init__(self, include: LineFilter | None, exclude: LineFilter | None) -> None:
        self._include = include
        self._exclude = exclude
        self._in_key = False
        self._before: list[str] = []

    def skips(self, lines: str) -> bool:
        """Whether none of these lines can be wanted; they then need not be given to the sift."""
        if self._include is None or self._in_key or "PRIVATE KEY" in lines:
            return False
        if not lines.isascii() or lines.encode().translate(None, _PRINTABLE):
            lines = clean_text(lines)
        if self._include.in_block(lines):
            return False
        last = lines.removesuffix("\n").rsplit("\n", LINES_BEFORE)[-LINES_BEFORE:]
        self._before = [*self._before, *map(_without_stamp, last)][-LINES_BEFORE:]
        return True

    def __call__(self, lines: Sequence[str]) -> list[str | None]:
        """Each line as it is shown, or None for one that is not."""
        before = self._before
        shown = mask_lines([*before, *lines])[len(before) :]
        self._before = [*before, *lines][-LINES_BEFORE:]
        return [
            text if self._wanted(line, text) else None
            for line, text in zip(lines, shown, strict=True)
        ]

    def _wanted(self, line: str, shown: str | None) -> bool:
        # A private key is told by its first and last line, which may be in another block.
        if "PRIVATE KEY" in line:
            self._in_key = "-----BEGIN" in line and "-----END" not in line
        elif self._in_key:
            self._in_key = _KEY_LINE.search(line) is not None
            if self._in_key:
                return False
        if shown is None or _KEY_LINE.search(line):
            return False
        if self._include is not None and not self._include(shown):
            return False
        return self._exclude is None or not self._exclude(shown)


def _without_stamp(line: str) -> str:
    stamp, _, text = line.partition(" ")
    return text if len(stamp) >= 20 and stamp[10:11] == "T" else line
