"""Times that count back from the moment of looking: ``${now-11m5s}``."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from kube_mcp.words.times import format_time, parse_duration

_RELATIVE = re.compile(r"\$\{now(?:-([0-9.dhms]+))?\}")


def shift(text: str, now: datetime) -> str:
    """The text with every ``${now-…}`` as a timestamp."""
    return _RELATIVE.sub(lambda found: ago(now, found[1] or "0s"), text)


def ago(now: datetime, span: str, *, plus_s: float = 0) -> str:
    """That long before ``now``, and ``plus_s`` seconds later."""
    return format_time(now - parse_duration(span) + timedelta(seconds=plus_s))
