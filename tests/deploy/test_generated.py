"""What is generated is what lies in the tree."""

from __future__ import annotations

from pathlib import Path

from deploy.scripts.generate import docs_table, outputs, stale, values_table


def test_generating_again_would_change_nothing() -> None:
    assert stale(outputs()) == []


def test_a_file_that_differs_or_is_missing_is_stale(tmp_path: Path) -> None:
    same, other, missing = (tmp_path / name for name in ("same", "other", "missing"))
    same.write_text("text")
    other.write_text("old text")

    assert stale({same: "text", other: "text", missing: "text"}) == [other, missing]


def test_a_table_is_replaced_between_its_markers_only() -> None:
    made = docs_table("before\n<!-- rules: generated -->\nold\n<!-- rules: end -->\nafter\n")

    assert made.startswith("before\n<!-- rules: generated -->\n| API group")
    assert made.endswith("<!-- rules: end -->\nafter\n")
    assert "old" not in made
    assert docs_table(made) == made


def test_values_are_read_with_their_path_default_and_comment() -> None:
    text = "# One.\na: 1\n\n# Two\n# lines.\nb:\n  # Three.\n  c: [x]\nd: {}\n"

    assert list(values_table(text)) == [
        ("a", 1, "One."),
        ("b", {"c": ["x"]}, "Two lines."),
        ("b.c", ["x"], "Three."),
        ("d", {}, ""),
    ]
