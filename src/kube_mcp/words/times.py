"""Times as Kubernetes writes them, ages as kubectl prints them, durations as people type them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from kube_mcp.errors import InputError

_RFC3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?"
    r"(?:[Zz]|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)
_UNIT_S = {
    "ms": 0.001,
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600),
    **dict.fromkeys(("d", "day", "days"), 86400),
    **dict.fromkeys(("w", "week", "weeks"), 7 * 86400),
}
_PART = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([a-zA-Z]+)", re.ASCII)

# No cluster is a century old, and timedelta overflows at 2.7 million years.
_LONGEST_S = 100 * 365 * 86400

# Longer than any duration a person types; bounds the work done on hostile text.
_LONGEST_TEXT = 64


def parse_time(value: object) -> datetime | None:
    """The moment an RFC 3339 text names, in UTC; ``None`` for anything else.

    Fractions beyond microseconds, which logs and events have, are cut. A time without a zone
    names no moment and gives ``None``. A ``datetime`` is taken too, because a YAML file's
    timestamps may have been read as such; YAML means UTC where it names no zone.
    """
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT or not _RFC3339.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def format_time(moment: datetime) -> str:
    """``2026-11-23T09:30:00Z``: whole seconds in UTC, as the API server writes them."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def age(then: datetime | None, now: datetime) -> str:
    """How long ago ``then`` was, as kubectl's AGE column says it: ``45s``, ``5m``, ``3d4h``.

    ``<unknown>`` where there is no time. Where kubectl prints ``<invalid>`` for a time to come,
    this says ``in 5m``: it is a clock that is off, or a certificate that is still good.
    """
    if then is None:
        return "<unknown>"
    passed_s = (now - then).total_seconds()
    # kubectl, too, forgives clocks that are a second apart.
    if passed_s <= -2:
        return f"in {human(-passed_s)}"
    return human(max(0.0, passed_s))


def human(seconds: float) -> str:
    """A span in kubectl's words: the fewer digits the longer it is, never more than two units."""
    if seconds < 0:
        return f"-{human(-seconds)}"
    total = int(seconds)
    minutes, hours, days = total // 60, total // 3600, total // 86400
    if total < 2 * 60:
        return f"{total}s"
    if minutes < 10:
        return _pair(minutes, "m", total % 60, "s")
    if minutes < 3 * 60:
        return f"{minutes}m"
    if hours < 8:
        return _pair(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if days < 8:
        return _pair(days, "d", hours % 24, "h")
    if days < 2 * 365:
        return f"{days}d"
    if days < 8 * 365:
        return _pair(days // 365, "y", days % 365, "d")
    return f"{days // 365}y"


def _pair(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large}{large_unit}{small}{small_unit}" if small else f"{large}{large_unit}"


def parse_duration(text: str) -> timedelta:
    """A span such as ``90s``, ``15m``, ``1h30m``, ``1.5h``, ``2 days`` or ``1w``.

    Raises `InputError` for anything else: also for a bare number, whose unit nobody said, and for
    a negative span.
    """
    given = text.strip()
    total_s = 0.0
    at = 0
    while at < len(given) <= _LONGEST_TEXT:
        part = _PART.match(given, at)
        unit_s = _UNIT_S.get(part[2].lower()) if part else None
        if part is None or unit_s is None:
            break
        total_s += float(part[1]) * unit_s
        at = part.end()
    if given and at == len(given) and total_s <= _LONGEST_S:
        return timedelta(seconds=total_s)
    raise InputError(f"{_quoted(text)} is not a duration.", hint=_duration_hint(given))


def _quoted(text: str) -> str:
    cut = f"{text[:_LONGEST_TEXT]}…" if len(text) > _LONGEST_TEXT else text
    return repr(cut)


def _duration_hint(given: str) -> str:
    if given.isascii() and given.isdigit() and len(given) <= 9:
        return f"Name a unit: '{given}s', '{given}m' or '{given}h'."
    if given.startswith("-"):
        return "Durations count backwards from now already: write '15m', not '-15m'."
    return "Write numbers with units, such as '90s', '15m', '1h30m', '2d' or '1w'."
