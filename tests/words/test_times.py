from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube_mcp.errors import InputError
from kube_mcp.words import times

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-23T09:30:00Z", datetime(2026, 11, 23, 9, 30, tzinfo=UTC)),
        ("2026-11-23t09:30:00z", datetime(2026, 11, 23, 9, 30, tzinfo=UTC)),
        ("2026-11-23T09:30:00.5Z", datetime(2026, 11, 23, 9, 30, 0, 500000, tzinfo=UTC)),
        ("2026-11-23T09:30:00.123456789Z", datetime(2026, 11, 23, 9, 30, 0, 123456, tzinfo=UTC)),
        ("2026-11-23T11:30:00+02:00", datetime(2026, 11, 23, 9, 30, tzinfo=UTC)),
        ("2026-11-23 09:30:00Z", datetime(2026, 11, 23, 9, 30, tzinfo=UTC)),
    ],
)
def test_rfc_3339_is_read_in_utc(text: str, moment: datetime) -> None:
    assert times.parse_time(text) == moment


@pytest.mark.parametrize(
    "value",
    [
        "",
        "yesterday",
        "2026-11-23",
        "2026-11-23T09:30:00",
        "20261123T093000Z",
        "2026-13-01T00:00:00Z",
        "2026-11-23T25:00:00Z",
        "2026-11-23T09:30:60Z",
        "0001-01-01T00:00:00+23:59",
        5,
        None,
        {},
    ],
)
def test_what_names_no_moment_is_none(value: object) -> None:
    assert times.parse_time(value) is None


def test_a_timestamp_that_yaml_has_read_already_is_taken_as_utc() -> None:
    assert times.parse_time(datetime(2026, 11, 23, 9)) == datetime(2026, 11, 23, 9, tzinfo=UTC)  # noqa: DTZ001, RUF100
    assert times.format_time(datetime(2026, 11, 23, 9, tzinfo=UTC)) == "2026-11-23T09:00:00Z"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0s"),
        (0.9, "0s"),
        (45, "45s"),
        (119, "119s"),
        (120, "2m"),
        (125, "2m5s"),
        (599, "9m59s"),
        (600, "10m"),
        (3600, "60m"),
        (3 * 3600 - 1, "179m"),
        (3 * 3600, "3h"),
        (3 * 3600 + 60, "3h1m"),
        (8 * 3600 - 1, "7h59m"),
        (8 * 3600 + 60, "8h"),
        (47 * 3600, "47h"),
        (48 * 3600, "2d"),
        (76 * 3600, "3d4h"),
        (8 * 86400 - 1, "7d23h"),
        (8 * 86400 + 3600, "8d"),
        (729 * 86400, "729d"),
        (730 * 86400, "2y"),
        (800 * 86400, "2y70d"),
        (8 * 365 * 86400 + 86400, "8y"),
    ],
)
def test_an_age_reads_as_in_kubectl(seconds: float, text: str) -> None:
    assert times.age(NOW - timedelta(seconds=seconds), NOW) == text


def test_a_clock_one_second_ahead_is_forgiven_and_a_time_to_come_is_said() -> None:
    assert times.age(NOW + timedelta(seconds=1), NOW) == "0s"
    assert times.age(NOW + timedelta(minutes=5), NOW) == "in 5m"
    assert times.age(None, NOW) == "<unknown>"
    assert times.human(-300) == "-5m"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("15m", 900),
        ("2h", 7200),
        ("1d", 86400),
        ("1w", 604800),
        ("1h30m", 5400),
        ("10m0s", 600),
        ("1.5h", 5400),
        ("500ms", 0.5),
        ("0s", 0),
        (" 2 days ", 172800),
        ("1 hour 30 minutes", 5400),
        ("5 Min", 300),
    ],
)
def test_durations_are_read_as_people_type_them(text: str, seconds: float) -> None:
    assert times.parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("30", "Name a unit: '30s', '30m' or '30h'."),
        ("-15m", "write '15m', not '-15m'"),
        ("", "Write numbers with units"),
        ("soon", "Write numbers with units"),
        ("15x", "Write numbers with units"),
        ("m15", "Write numbers with units"),
        ("1h 30", "Write numbers with units"),
        ("99999999999999999999d", "Write numbers with units"),
        ("1s" * 40, "Write numbers with units"),
    ],
)
def test_what_is_no_duration_is_refused_with_what_would_do(text: str, hint: str) -> None:
    with pytest.raises(InputError, match="is not a duration") as caught:
        times.parse_duration(text)
    assert hint in caught.value.hint
    assert len(str(caught.value)) < 250


@given(st.integers(min_value=0, max_value=10**9))
def test_a_span_in_words_is_a_duration_again_and_never_longer_than_the_span(seconds: int) -> None:
    text = times.human(seconds).replace("y", "*365d")
    if "*" not in text:
        back = times.parse_duration(text).total_seconds()
        assert back <= seconds
        assert seconds - back <= 0.13 * seconds


@given(st.text(max_size=100))
def test_text_is_read_or_refused_and_nothing_else(text: str) -> None:
    assert times.parse_time(text) is None or text[:1].isdigit()
    with suppress(InputError):
        assert times.parse_duration(text) >= timedelta(0)
