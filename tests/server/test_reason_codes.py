"""Every reason code that a refusal can have is explained to whoever finds it in the log."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.server.test_bearer_refusals import CASES

ROOT = Path(__file__).parents[2]
#: What makes a refusal; the code is its first argument.
MAKERS = frozenset({"refuse", "refusal", "Denied", "Wait"})


def _codes() -> Iterator[str]:
    for package in ("auth", "access", "server"):
        for file in (ROOT / "src" / "kube_mcp" / package).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                match node:
                    case ast.Call(ast.Name(maker), [ast.Constant(str(code)), *_]):
                        if maker in MAKERS:
                            yield code


def _explained() -> set[str]:
    page = (ROOT / "docs" / "troubleshooting.md").read_text()
    table = page.partition("| reason code |")[2].partition("\n\n")[0]
    first_cells = [line.split("|")[1] for line in table.splitlines()[1:] if line.startswith("|")]
    return set(re.findall(r"`([a-z0-9-]+)`", " ".join(first_cells)))


def test_every_code_in_the_source_and_in_the_matrix_is_in_the_table() -> None:
    written = {*_codes(), *(case.code for case in CASES)}
    assert len(written) > 30
    assert written - _explained() == set()


def test_the_table_explains_nothing_that_is_not_there() -> None:
    source = "\n".join(file.read_text() for file in (ROOT / "src" / "kube_mcp").rglob("*.py"))
    written = {*_codes(), *(case.code for case in CASES)}
    assert [code for code in _explained() - written if f'"{code}"' not in source] == []
