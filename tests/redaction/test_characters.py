"""Characters that paint, reorder or hide text do not reach a reader."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube_mcp.redaction.text import clean_text


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("plain\ttext\n", "plain\ttext\n"),
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x9b31mred", "red"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1b]8;;https://evil\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b(Bx\x1b)0y\x1bz", "xyz"),
        ("\x1bPdata\x9cx", "x"),
        ("\x1bPdata\nx", "Pdata\nx"),
        ("a\r\nb\rc", "a\nb c"),
        ("a\u2028b\u2029c\x85d", "a b c d"),
        ("a\x00b\x08c\x7fd\x80e", "abcde"),
        ("pass\u200bword\u200c\u200d\ufeff\u00ad\u2060", "password"),
        ("\u202eevil\u202c \u2066x\u2069\u200e\u061c", "evil x"),
        ("\U000e0041\U000e0042hidden\U000e007f", "hidden"),
        ("x\ufe0f\U000e0100", "x"),
        ("\ud800x", "x"),
        ("grüße 日本 🚀", "grüße 日本 🚀"),
        ("", ""),
    ],
)
def test_text_is_cleaned(text: str, clean: str) -> None:
    assert clean_text(text) == clean


@given(st.text())
def test_nothing_invisible_is_left_and_cleaning_twice_changes_nothing(text: str) -> None:
    clean = clean_text(text)
    assert clean_text(clean) == clean
    assert not [
        char for char in clean if unicodedata.category(char) in {"Cc", "Cs"} and char not in "\n\t"
    ]


def test_every_character_that_reorders_or_joins_is_taken_out() -> None:
    invisible = [
        chr(code)
        for code in range(0x110000)
        if unicodedata.category(chr(code)) == "Cf"
        # Signs of Arabic, Syriac, Kaithi and Egyptian writing that are seen as what they stand before.
        and not unicodedata.name(chr(code), "").startswith(
            ("ARABIC NUMBER", "ARABIC SIGN", "ARABIC FOOTNOTE", "ARABIC END", "ARABIC DISPUTED",
             "ARABIC POUND", "ARABIC PIASTRE", "SYRIAC", "KAITHI", "EGYPTIAN", "SHORTHAND")
        )
    ]  # fmt: skip
    assert clean_text("".join(invisible)) == ""
