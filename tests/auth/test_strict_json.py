"""What two parsers could read differently is no token."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube_mcp.auth.strict_json import decode_object, decode_segment
from tests.support.issuer import base64url


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1, "a": 1}',
        '{"a": {"b": 1, "b": 2}}',
        '{"a": [{"b": 1, "b": 2}]}',
        '{"a": 1, "\\u0061": 2}',
        '{"a": NaN}',
        '{"a": -Infinity}',
        "[]",
        '"text"',
        "null",
        "",
        "{}{}",
        "\ufeff{}",
        '{"a": ' + "9" * 5000 + "}",
        '{"a":' * 100_000,
    ],
)
def test_a_text_with_two_readings_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        decode_object(text)


@pytest.mark.parametrize("segment", ["", "e30=", "e30 ", "e3 0", "e30\n", "e+0", "é"])
def test_a_second_spelling_of_a_segment_is_refused(segment: str) -> None:
    with pytest.raises(ValueError):
        decode_segment(segment)


@given(st.binary(max_size=200))
def test_any_bytes_are_an_object_or_a_value_error(data: bytes) -> None:
    try:
        found = decode_segment(base64url(data))
    except ValueError:
        return
    assert isinstance(found, dict)
