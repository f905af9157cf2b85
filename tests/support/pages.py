"""What stands in the documentation's code blocks."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path


def blocks(page: Path, language: str) -> list[str]:
    """Every block of a language, those inside lists too, without their indentation."""
    found = re.findall(
        rf"^( *)```{language}\n(.*?)^\1```", page.read_text(), re.MULTILINE | re.DOTALL
    )
    return [textwrap.dedent(text) for _, text in found]
