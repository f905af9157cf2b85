"""Log lines merged, folded and summed up."""

from __future__ import annotations

from kube_mcp.render.logs import LogLine, clock, fold, merge, patterns, run_lines, template


def line(text: str, second: int = 0, source: str = "a") -> LogLine:
    return LogLine(f"2026-11-24T11:00:{second:02}.000000000Z", source, text)


def test_lines_of_several_sources_are_put_in_time_order() -> None:
    lines = [line("3", 3), line("1", 1, "b"), LogLine("", "b", "1b"), line("2", 2, "c")]
    assert [each.text for each in merge(lines)] == ["1", "1b", "2", "3"]


def test_what_varies_does_not_tell_two_lines_apart() -> None:
    alike = [
        "2026-11-24T11:00:00Z GET /items/17 200 3.5ms id=0f3c2a7e-1111-4222-8333-944455566677",
        "2026-11-24T11:09:09Z GET /items/4 404 12ms id=ffffffff-1111-4222-8333-944455566677",
    ]
    assert template(alike[0]) == template(alike[1])
    assert template("GET /items") != template("PUT /items")


def test_only_neighbours_fold_and_the_last_is_shown() -> None:
    runs = fold([line("try 1", 1), line("try 2", 2), line("ok", 3), line("try 3", 4)])
    assert [run.count for run in runs] == [2, 1, 1]
    assert run_lines(runs, names={}) == [
        "11:00:01.000 try 2  (x2 similar until 11:00:02.000, the last is shown)",
        "11:00:03.000 ok",
        "11:00:04.000 try 3",
    ]


def test_sources_are_named_and_counted() -> None:
    runs = fold([line("x 1", 1, "a"), line("x 2", 2, "b"), line("y", 3, "a")])
    assert run_lines(runs, names={"a": "web-1", "b": "web-2"}) == [
        "11:00:01.000 [web-2 and 1 more] x 2  (x2 similar until 11:00:02.000, the last is shown)",
        "11:00:03.000 [web-1] y",
    ]


def test_a_line_of_no_sensible_length_is_cut_and_empty_ones_stay_apart() -> None:
    (text,) = run_lines(fold([line("x" * 5000)]), names={})
    assert text.endswith("…(+3,500 characters)")
    assert len(fold([line(""), line("")])) == 2


def test_what_is_not_shown_is_told_by_pattern_most_frequent_first() -> None:
    runs = fold([line("boom"), *(line(f"GET {n}") for n in range(9)), line("boom")])
    assert patterns(runs) == ["  x9 GET 0", "  x2 boom"]
    many = fold([line(f"{'abcdefghijklmnop'[n]} happened") for n in range(16)])
    assert patterns(many)[-1] == "  and 6 other patterns"


def test_a_stamp_is_told_as_a_time_of_day() -> None:
    assert clock("2026-11-24T11:00:00.123456789Z") == "11:00:00.123"
    assert clock("2026-11-24T11:00:00Z") == "11:00:00"
    assert clock("") == ""
