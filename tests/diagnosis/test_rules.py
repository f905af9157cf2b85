"""Rules that every check keeps, as loops over the checks there are."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

from kube_mcp.diagnosis.check import ANY_CUSTOM_KIND, Check, all_checks
from kube_mcp.diagnosis.docs import page
from kube_mcp.scene import BUILT_IN
from tests.support.cases import Case, cases, load

_ROOT = Path(__file__).parents[2]
_CASES = _ROOT / "tests" / "checks"
_CHECKS = all_checks()


def _codes(path: Path) -> set[str]:
    case: Case = load(path)
    diagnosis = case.diagnose()
    return {
        each.code
        for root in (*diagnosis.roots, *diagnosis.notes)
        for each in (root.finding, *root.consequences)
    }


@pytest.fixture(scope="module")
def found_by_case() -> dict[str, list[set[str]]]:
    found: dict[str, list[set[str]]] = {}
    for path in cases(_CASES):
        found.setdefault(path.parent.name, []).append(_codes(path))
    return found


def test_there_are_at_least_sixty_checks() -> None:
    assert len(_CHECKS) >= 60


def test_no_two_checks_share_a_code() -> None:
    assert max(Counter(each.code for each in _CHECKS).values()) == 1


@pytest.mark.parametrize("check", _CHECKS, ids=lambda each: each.code)
def test_a_check_has_a_case_that_fires_and_one_that_stays_quiet(
    check: Check, found_by_case: dict[str, list[set[str]]]
) -> None:
    outcomes = found_by_case.get(check.code, [])
    assert any(check.code in each for each in outcomes), "no case fires"
    assert any(check.code not in each for each in outcomes), "no case stays quiet"


def test_every_folder_of_cases_is_named_for_a_check() -> None:
    codes = {each.code for each in _CHECKS}
    assert {path.parent.name for path in cases(_CASES)} - codes - {"_together"} == set()


@pytest.mark.parametrize("check", _CHECKS, ids=lambda each: each.code)
def test_a_check_says_what_it_detects_why_it_matters_and_where_it_cannot_tell(check: Check) -> None:
    assert re.fullmatch(r"[A-Z].*[^.]\.", check.condition)
    for label in ("What it detects: ", "Why it matters: ", "Where it cannot tell: "):
        assert f"\n\n{label}" in check.doc
    assert len(check.doc) < 1400


@pytest.mark.parametrize("check", _CHECKS, ids=lambda each: each.code)
def test_a_check_names_kinds_by_their_keys(check: Check) -> None:
    for kind in (*check.kinds, *check.needs, *check.optional):
        assert kind == ANY_CUSTOM_KIND or kind in BUILT_IN or "." in kind


def test_the_page_of_checks_is_what_the_checks_say() -> None:
    written = (_ROOT / "docs" / "checks.md").read_text()
    assert written == page(_CHECKS), "run: python -m kube_mcp.diagnosis.docs > docs/checks.md"


def test_checks_do_not_import_one_another() -> None:
    for path in (_ROOT / "src/kube_mcp/diagnosis/checks").glob("*.py"):
        assert "kube_mcp.diagnosis.checks" not in path.read_text(), path.name
