"""Wording that many checks share: quoting, counting, listing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from kube_mcp.diagnosis.finding import Evidence

# A kubelet's or a registry's message says what matters in its first two lines; the rest repeats it.
_LONGEST_QUOTE = 300


def quote(text: str, *, most: int = _LONGEST_QUOTE) -> str:
    """Text of the cluster on one line, cut in the middle where it gets long.

    Errors are chains, ``outer: inner: innermost``: the first words say what failed, the last why.
    """
    line = " ".join(text.split())
    if len(line) <= most:
        return line
    end = most * 2 // 5
    head, tail = line[: most - 1 - end], line[-end:]
    # Whole words, unless there are none near.
    head = head[: at + 1] if (at := head.rfind(" ")) > len(head) - 20 else head
    tail = tail[at:] if 0 <= (at := tail.find(" ")) < 20 else tail
    return f"{head}…{tail}"


def plural(count: int, noun: str, many: str = "") -> str:
    """``1 pod``, ``3 pods``, ``2 replicas``; ``many`` for nouns that do not take an s."""
    return f"{count} {noun}" if count == 1 else f"{count} {many or noun + 's'}"


def listed(names: Iterable[str], *, most: int = 5) -> str:
    """``a, b and 3 more``; ``none`` where there are none."""
    known = list(dict.fromkeys(names))
    if not known:
        return "none"
    if len(known) <= most:
        return ", ".join(known)
    return f"{', '.join(known[:most])} and {len(known) - most} more"


def evidence(*items: tuple[str, object]) -> tuple[Evidence, ...]:
    """Evidence of the items whose value is known; values become short text on one line."""
    return tuple(
        (path, quote(_text(value))) for path, value in items if value is not None and value != ""
    )


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(_text(each) for each in value)
    return str(value)


@lru_cache(maxsize=4096)
def alike(left: str, right: str) -> bool:
    """Whether one is part of the other, or they differ by a letter or so."""
    if not left or not right:
        return False
    left, right = left.lower(), right.lower()
    if left in right or right in left:
        return True
    if min(len(left), len(right)) < 3 or abs(len(left) - len(right)) > 2:
        return False
    # A short name has few letters that could be right by accident.
    return _slips(left, right) <= (1 if max(len(left), len(right)) < 6 else 2)


def _slips(left: str, right: str) -> int:
    """How many letters were missed, added, mistaken or swapped with their neighbour."""
    before: list[int] = []
    above = list(range(len(right) + 1))
    for row, a in enumerate(left, 1):
        here = [row]
        for column, b in enumerate(right, 1):
            cost = min(above[column] + 1, here[-1] + 1, above[column - 1] + (a != b))
            swapped = row > 1 and column > 1 and (a, b) == (right[column - 2], left[row - 2])
            here.append(min(cost, before[column - 2] + 1) if swapped else cost)
        before, above = above, here
    return above[-1]
