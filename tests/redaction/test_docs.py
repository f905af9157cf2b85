"""The page about masking lists what is masked, and its examples are true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kube_mcp.redaction.docs import table
from kube_mcp.redaction.text import mask_text

PAGE = (Path(__file__).parents[2] / "docs" / "redaction.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(
    r"^\| `(.+?)` \| `(.+?)` \|$", PAGE.split("## By their shape")[0], re.MULTILINE
)


def test_the_table_of_shapes_is_the_one_in_use() -> None:
    listed = PAGE.partition("<!-- shapes: generated -->\n")[2].partition("\n<!-- shapes: end -->")[
        0
    ]
    assert listed == table(), "kube_mcp.redaction.docs.table() gives the new one"


@pytest.mark.parametrize(("given", "shown"), EXAMPLES)
def test_an_example_reads_as_the_page_says(given: str, shown: str) -> None:
    assert mask_text(given) == shown


def test_the_page_has_examples() -> None:
    assert len(EXAMPLES) >= 10
