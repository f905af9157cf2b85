"""What was made of bytes before, within a bound, for when the same bytes come again."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any


class Memory:
    """Values by their key, forgotten once as many bytes came since as half of ``most_bytes``.

    Two generations: what is asked for moves to the young one, and once that is full what is left in
    the old one is forgotten. A reading that is larger than the whole forgets itself and slows
    nobody down, which keeping the most recently used in order would.
    """

    def __init__(self, *, most_bytes: int) -> None:
        self._half = most_bytes // 2
        self._young: dict[Hashable, tuple[Any, int]] = {}
        self._old: dict[Hashable, tuple[Any, int]] = {}
        self._bytes = 0

    def get(self, key: Hashable, default: Any = None) -> Any:
        """What was kept under the key."""
        found = self._young.get(key)
        if found is None:
            found = self._old.get(key)
            if found is None:
                return default
            self._add(key, found)
        return found[0]

    def keep(self, key: Hashable, value: Any, size: int) -> None:
        """Remember a value that was made of ``size`` bytes."""
        self._add(key, (value, size))

    def _add(self, key: Hashable, entry: tuple[Any, int]) -> None:
        if self._bytes + entry[1] > self._half:
            self._old, self._young, self._bytes = self._young, {}, 0
        self._young[key] = entry
        self._bytes += entry[1]
