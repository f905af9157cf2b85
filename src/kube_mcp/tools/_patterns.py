"""Patterns a model writes, matched in linear time.

Python's own engine can be kept busy for hours by a short pattern; RE2 cannot, whatever the text.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import re2

from kube_mcp.errors import InputError
from kube_mcp.tools._literals import required

_options = re2.Options()
# RE2 would print a complaint about every bad pattern to stderr, which on stdio is the log.
_options.log_errors = False
_options.max_mem = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Matcher:
    """A pattern, asked of one line by calling it."""

    _search: Callable[[str], object]
    _sieve: Callable[[str], object] | None

    def __call__(self, line: str) -> bool:
        """Whether the line matches anywhere."""
        return self._search(line) is not None

    def in_block(self, lines: str) -> bool:
        """False where certainly none of several lines matches, once they are masked.

        What is masked in them makes no difference to that.
        """
        return self._sieve is None or self._sieve(lines) is not None


def matcher(pattern: str, *, argument: str) -> Matcher | None:
    """The pattern, ready to be asked; case counts unless the pattern is all lower case.

    None for an empty pattern. Raises `InputError` naming the argument for one that RE2 cannot
    read (look-around and back references are not in its language).
    """
    if not pattern:
        return None
    source = pattern if pattern != pattern.lower() else f"(?i){pattern}"
    try:
        compiled = re2.compile(source, _options)
    except re2.error as error:
        reason = error.args[0] if error.args else ""
        words = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise InputError(
            f"{argument}: '{pattern[:80]}' is not a regular expression: {words}.",
            hint="Use RE2 syntax: no look-around, no back references; escape ( [ . with a backslash.",
        ) from error
    texts = required(pattern)
    if texts is None:
        return Matcher(compiled.search, None)
    sieve = re2.compile(f"(?i){'|'.join(map(re2.escape, texts))}", _options)
    return Matcher(compiled.search, sieve.search)
