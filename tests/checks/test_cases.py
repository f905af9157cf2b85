"""Every case: objects with the expectation in the same file, run through every check."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cases import Case, cases, load, names

_CASES = cases(Path(__file__).parent)


@pytest.mark.parametrize("path", _CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_case_gives_the_findings_that_it_expects(path: Path) -> None:
    case = load(path)
    diagnosis = case.diagnose()

    assert names(diagnosis.roots) == sorted(case.expect)
    assert names(diagnosis.notes) == sorted(case.notes)
    for text in case.says:
        assert text in case.text(diagnosis)
    assert not [each for each in diagnosis.skipped if "failed" in each.reason]


@pytest.mark.parametrize("path", _CASES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_the_consequences_of_a_case_are_folded_under_their_cause(path: Path) -> None:
    case: Case = load(path)

    folded = {
        f"{each.code} {each.subject.kind}/{each.subject.full.split(' ', 1)[1]}"
        for root in (*case.diagnose().roots, *case.diagnose().notes)
        for each in root.consequences
    }
    assert folded == set(case.folded)
