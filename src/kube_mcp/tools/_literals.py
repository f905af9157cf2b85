"""Texts of which every match of a pattern holds one: what lets a search skip most of a log.

A filter of a log is matched against masked lines, and masking costs more than looking for a word.
A block of lines may be skipped unread where it holds none of these texts. That must not depend on
what is masked, or which lines are shown would tell a secret letter by letter; so only texts count
that a match can never take, not even in part, from ``<masked: 24 chars>``.
"""

from __future__ import annotations

import re
import string

Texts = tuple[str, ...] | None

#: Groups in groups deeper than this are not looked into.
_DEEPEST = 16
#: More alternatives than this are no cheaper to look for than the pattern itself.
_MOST = 24
_PLAIN = frozenset(string.ascii_letters + string.digits + " !\"#%&',-/:;=@_`~<>") | {"}", "]"}
#: Escapes that stand for one class or place and nothing behind them.
_CLASSES = frozenset("dDwWsSbBAzntrfva")
_NAMED_CLASS = re.compile(r"\[:\^?[a-z]+:\]")
_GROUP = re.compile(r"\?(?:P?<\w+>|[imsU-]*:)")
_SETTING = re.compile(r"\?[imsU-]+\)")
_COUNT = re.compile(r"\{\d+(?:,\d*)?\}")
_DIGITS = re.compile(r"\d+")
_MASK = "masked: 0 chars"


class _Unclear(Exception):
    """Something in the pattern that is not understood here: nothing is said about it."""


def required(pattern: str) -> Texts:
    """Texts of which every match holds one, whatever their case; None where none can be named.

    The pattern must be one that RE2 accepts. Case of the pattern does not matter.
    """
    try:
        reader = _Reader(pattern)
        found = reader.alternatives(0)
    except _Unclear:
        return None
    return found if reader.at == len(pattern) else None


class _Reader:
    """Reads a pattern once from left to right."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self.at = 0

    def alternatives(self, depth: int) -> Texts:
        """Up to the group's end: each alternative must hold one of its own."""
        if depth > _DEEPEST:
            raise _Unclear
        every = [self._sequence(depth)]
        while self._peek() == "|":
            self.at += 1
            every.append(self._sequence(depth))
        texts = [text for each in every for text in each or ()]
        return tuple(texts) if all(every) and len(texts) <= _MOST else None

    def _sequence(self, depth: int) -> Texts:
        best: Texts = None
        run = ""
        while self._peek() not in {"", "|", ")"}:
            char, texts = self._atom(depth)
            always, alone = self._repeat()
            if char and always:
                run += char
            if not (char and always and alone):
                best, run = _better(best, _usable(run)), ""
            if texts and always:
                best = _better(best, texts)
        return _better(best, _usable(run))

    def _atom(self, depth: int) -> tuple[str, Texts]:
        """One character that stands for itself, or what a group holds, or neither."""
        char = self._peek()
        self.at += 1
        if char == "(":
            return "", self._group(depth)
        if char == "[":
            self._skip_class()
            return "", None
        if char == "\\":
            escaped = self._peek()
            self.at += 1
            if escaped in _CLASSES and escaped:
                return "", None
            if not escaped or escaped.isalnum() or not escaped.isascii():
                raise _Unclear
            return escaped, None
        if char in ".^$":
            return "", None
        if char in _PLAIN or not char.isascii():
            return char, None
        raise _Unclear

    def _group(self, depth: int) -> Texts:
        if opening := _GROUP.match(self._pattern, self.at):
            self.at = opening.end()
        elif setting := _SETTING.match(self._pattern, self.at):
            self.at = setting.end()
            return None
        elif self._peek() == "?":
            raise _Unclear
        texts = self.alternatives(depth + 1)
        if self._peek() != ")":
            raise _Unclear
        self.at += 1
        return texts

    def _skip_class(self) -> None:
        if self._peek() == "^":
            self.at += 1
        if self._peek() == "]":
            self.at += 1
        while (char := self._peek()) != "]":
            if not char:
                raise _Unclear
            named = _NAMED_CLASS.match(self._pattern, self.at)
            self.at = named.end() if named else self.at + 1 + (char == "\\")
        self.at += 1

    def _repeat(self) -> tuple[bool, bool]:
        """Whether what stands before is there at least once, and whether it is there just once."""
        char = self._peek()
        if char not in {"*", "+", "?", "{"}:
            return True, True
        if char == "{":
            counted = _COUNT.match(self._pattern, self.at)
            if counted is None:
                raise _Unclear
            self.at = counted.end()
        else:
            self.at += 1
        if self._peek() == "?":
            self.at += 1
        return char == "+", False

    def _peek(self) -> str:
        return self._pattern[self.at : self.at + 1]


def _usable(run: str) -> Texts:
    """The text, if a match cannot have taken any of it from what stands for a secret."""
    folded = _DIGITS.sub("0", run.casefold())
    if not run or "<" in run or ">" in run or folded in _MASK:
        return None
    return (run,)


def _better(one: Texts, other: Texts) -> Texts:
    """Of two, that whose shortest text is longer: it is found less often."""
    if not one or not other:
        return one or other
    return max(one, other, key=lambda texts: min(map(len, texts)))
