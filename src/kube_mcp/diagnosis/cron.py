"""Cron schedules: whether one is valid, whether it ever comes, and how long it can pause."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NAMED_S = {
    "@hourly": 3600,
    "@daily": 86400,
    "@midnight": 86400,
    "@weekly": 7 * 86400,
    "@monthly": 31 * 86400,
    "@yearly": 366 * 86400,
    "@annually": 366 * 86400,
}
_FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_WORDS = {
    **{
        name: number
        for number, name in enumerate(
            ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"], 1
        )
    },
    **{
        name: number
        for number, name in enumerate(["sun", "mon", "tue", "wed", "thu", "fri", "sat"])
    },
}
_EVERY = re.compile(r"@every (?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_ZONE = re.compile(r"^(?:cron_)?tz=\S+\s+", re.IGNORECASE)
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
# A leap day comes, if only every four years.
_MOST_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_SHORTEST_FEBRUARY = 28


@dataclass(frozen=True, slots=True)
class Impossible:
    """Why a schedule never comes (``February has no day 30``), and one near it that does."""

    why: str
    instead: str


def impossible(schedule: str) -> Impossible | None:
    """What is wrong with a schedule that can never come; None for any other, valid or not.

    Days of the month and of the week are alternatives as soon as both are restricted: the 30th of
    February or any Monday comes on Mondays.
    """
    written = _ZONE.sub("", schedule.strip()).split()
    fields = _fields([each.lower() for each in written])
    if fields is None or not _is_starred(written[4]):
        return None
    _, _, days, months, _ = fields
    if any(day <= _MOST_DAYS[month - 1] for day in days for month in months):
        return None
    last = min(_SHORTEST_FEBRUARY if month == 2 else _MOST_DAYS[month - 1] for month in months)
    names = [_MONTHS[month - 1] for month in sorted(months)]
    missed = [str(day) for day in sorted(days)]
    return Impossible(
        why=f"{' and '.join(names)} {'has' if len(names) == 1 else 'have'} no day "
        f"{' or '.join(missed)}",
        instead=" ".join([*written[:2], str(last), *written[3:]]),
    )


def longest_gap_s(schedule: str) -> float | None:
    """An upper bound of the time between two runs, in seconds; None for what is no schedule.

    Rough on purpose, and never too small: a schedule restricted by day of month or by month may
    pause for a year.
    """
    text = _ZONE.sub("", schedule.strip()).lower()
    if text in _NAMED_S:
        return _NAMED_S[text]
    if found := _EVERY.fullmatch(text):
        hours, minutes, seconds = (int(each or 0) for each in found.groups())
        return hours * 3600 + minutes * 60 + seconds
    fields = _fields(text.split())
    if fields is None:
        return None
    minute, hour, day, month, weekday = fields
    if len(month) < 12:
        return 366 * 86400
    if len(day) < 31:
        # 31 days apart at most, and twice that for a day some months do not have.
        return 62 * 86400
    days = {each % 7 for each in weekday}
    if len(days) < 7:
        return _gap(sorted(days), 7) * 86400
    if len(hour) < 24:
        return _gap(sorted(hour), 24) * 3600
    return _gap(sorted(minute), 60) * 60


def _fields(texts: list[str]) -> list[set[int]] | None:
    """The values of the five fields, minutes first; None where one makes no sense."""
    if len(texts) != 5:
        return None
    values = [_values(text, low, high) for text, (low, high) in zip(texts, _FIELDS, strict=True)]
    return values if all(values) else None


def _is_starred(field: str) -> bool:
    """Whether a field restricts nothing. ``*/2`` does, to the controller's parser too."""
    return any(part in ("*", "?", "*/1", "?/1") for part in field.split(","))


def _gap(points: list[int], around: int) -> int:
    return max(
        (points[(index + 1) % len(points)] - each) % around or around
        for index, each in enumerate(points)
    )


def _values(field: str, low: int, high: int) -> set[int]:
    """The values a field stands for; empty where it makes no sense."""
    found: set[int] = set()
    for part in field.split(","):
        body, slash, step_text = part.partition("/")
        if slash and not _number(step_text):
            return set()
        step = (_number(step_text) or 1) if slash else 1
        if body in ("*", "?"):
            start, end = low, high
        else:
            first, dash, last = body.partition("-")
            start_or_none, end_or_none = _number(first), _number(last) if dash else None
            if start_or_none is None or (dash and end_or_none is None):
                return set()
            start = start_or_none
            end = end_or_none if end_or_none is not None else (high if slash else start)
        if not low <= start <= end <= high:
            return set()
        found.update(range(start, end + 1, step))
    return found


def _number(text: str) -> int | None:
    if text in _WORDS:
        return _WORDS[text]
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else None
