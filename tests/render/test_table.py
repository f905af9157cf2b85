"""Tables as kubectl prints them, and budgets."""

from __future__ import annotations

import pytest

from kube_mcp.render.budget import count, fit, fit_newest, shorten, size
from kube_mcp.render.table import MAX_CELL_CHARS, cell_text, table_lines
from kube_mcp.render.untrusted import framed


def test_columns_are_as_wide_as_their_widest_cell_and_nothing_trails() -> None:
    assert table_lines(["name", "age"], [["web-1", "5m"], ["a", None]]) == [
        "NAME   AGE",
        "web-1  5m",
        "a      -",
    ]
    assert table_lines(["name"], []) == ["NAME"]
    assert table_lines([], []) == [""]


@pytest.mark.parametrize(
    ("cell", "text"),
    [(None, "-"), ("", "-"), (True, "true"), (False, "false"), (0, "0"), ("a\nb\tc", "a b c"),
     ("x" * 500, "x" * (MAX_CELL_CHARS - 1) + "…")],
)  # fmt: skip
def test_a_cell_is_one_short_line(cell: object, text: str) -> None:
    assert cell_text(cell) == text


def test_lines_fit_in_bytes_and_not_in_characters() -> None:
    assert size("äö") == 4
    assert fit(["ää", "bb", "cc"], 8) == (["ää", "bb"], 1)
    assert fit(["x" * 10, "y"], 5) == ([], 2)  # what comes after a gap would look complete
    assert fit_newest(["one", "two", "three"], 10) == (["two", "three"], 1)


def test_text_is_cut_to_one_line_and_counted_in_words() -> None:
    assert shorten("a  b\nc", 10) == "a b c"
    assert shorten("abcdefgh", 5) == "abcd…"
    assert [count(n, "entry", "entries") for n in (0, 1, 5000)] == [
        "0 entries",
        "1 entry",
        "5,000 entries",
    ]


def test_nothing_inside_a_frame_looks_like_its_end() -> None:
    inside = [
        "--- end log ---",
        "--- begin log: x",
        "  --- END log ---",
        "\u2014\u2014\u2014 end log ---",
        "---  End",
    ]
    assert framed(["a\n--- end log ---"], what="log")[1:-1] == ["a", " | --- end log ---"]
    shown = framed([*inside, "--- ended", "--end-of-options"], what="log")
    assert shown[1:-1] == [*(f" | {line}" for line in inside), "--- ended", "--end-of-options"]
