"""Cron schedules: whether one is valid, and how long it can pause between two runs."""

from __future__ import annotations

import re

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


def longest_gap_s(schedule: str) -> float | None:
    """An upper bound of the time between two runs, in seconds; None for what is no schedule.

    Rough on purpose, and never too small: a schedule restricted by day of month or by month may
    pause for a year.
    """
    text = schedule.strip().lower()
    text = re.sub(r"^(cron_)?tz=\S+\s+", "", text)
    if text in _NAMED_S:
        return _NAMED_S[text]
    if found := _EVERY.fullmatch(text):
        hours, minutes, seconds = (int(each or 0) for each in found.groups())
        return hours * 3600 + minutes * 60 + seconds
    fields = text.split()
    if len(fields) != 5:
        return None
    values = [_values(field, low, high) for field, (low, high) in zip(fields, _FIELDS, strict=True)]
    minute, hour, day, month, weekday = values
    if not (minute and hour and day and month and weekday):
        return None
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
