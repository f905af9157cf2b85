"""Values that must render, and values that must be refused: one file each, with the reason."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.helm import HelmRefused, template

NEEDS_TOOLS = ("helm4", "helm3")

VALUES = Path(__file__).parent / "values"
RENDERS = sorted((VALUES / "renders").glob("*.yaml"))
REFUSED = sorted((VALUES / "refused").glob("*.yaml"))


@pytest.mark.parametrize("path", RENDERS, ids=lambda path: path.stem)
def test_values_that_must_render_give_the_same_with_helm_3_and_4(path: Path) -> None:
    objects = template(path, version="helm4")

    assert objects == template(path, version="helm3")
    named = [
        (o["kind"], o["metadata"].get("namespace", ""), o["metadata"]["name"]) for o in objects
    ]
    assert len(set(named)) == len(named)


@pytest.mark.parametrize("path", REFUSED, ids=lambda path: path.stem)
def test_values_that_must_be_refused_name_the_key(path: Path) -> None:
    reason, says = re.match(r"# (.+)\n# says: (.+)\n", path.read_text()).groups()  # type: ignore[union-attr]
    assert reason.endswith(".")

    for version in ("helm3", "helm4"):
        with pytest.raises(HelmRefused) as refused:
            template(path, version=version)
        assert says in str(refused.value)
