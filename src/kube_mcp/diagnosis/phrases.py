"""Wording that many checks share: quoting, counting, listing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kube_mcp.diagnosis.finding import Evidence

# A kubelet's or a registry's message says what matters in its first two lines; the rest repeats it.
_LONGEST_QUOTE = 300


def quote(text: str, *, most: int = _LONGEST_QUOTE) -> str:
    """Text of the cluster on one line, cut where it gets long."""
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


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


def alike(left: str, right: str) -> bool:
    """Whether one is part of the other, or they differ by a letter or so."""
    if not left or not right:
        return False
    left, right = left.lower(), right.lower()
    if left in right or right in left:
        return True
    same = sum(a == b for a, b in zip(left, right, strict=False))
    return same >= max(len(left), len(right)) - 2 and same >= 3
