"""Objects can be of any shape: no check, projection or relation may trip over one."""

from __future__ import annotations

import copy
import os
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kube_mcp.diagnosis.check import all_checks, needs
from kube_mcp.diagnosis.crashes import wants_logs
from kube_mcp.diagnosis.engine import run
from kube_mcp.diagnosis.slim import slim
from kube_mcp.render.findings import findings_text
from kube_mcp.scene import Scene, key_of
from tests.support.cases import cases, load
from tests.support.odd import ODD, paths, replace

_CASES = cases(Path(__file__).parents[1] / "checks")
_NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def _survives(objects: list[dict[str, Any]], *, slimmed: bool) -> None:
    if slimmed:
        objects = [slim(key_of(obj), obj) for obj in objects]
    scene = Scene.of(objects, now=_NOW, served=needs(all_checks()))
    diagnosis = run(all_checks(), scene)
    failed = [each for each in diagnosis.skipped if "failed" in each.reason]
    assert failed == []
    assert findings_text(diagnosis, max_bytes=7000)
    wants_logs(scene)


@settings(
    max_examples=int(os.environ.get("KUBE_MCP_FUZZ", "800")),
    deadline=None,
    derandomize="KUBE_MCP_FUZZ" not in os.environ,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(data=st.data())
def test_a_case_with_values_replaced_by_odd_ones_makes_no_check_fail(data: st.DataObject) -> None:
    objects = copy.deepcopy(_objects(data.draw(st.sampled_from(_CASES))))
    for _ in range(data.draw(st.integers(1, 4))):
        victim = data.draw(st.sampled_from(objects))
        # The kind is what files an object: it is never odd in what an API server serves.
        places = [each for each in paths(victim) if each != ("kind",)]
        replace(
            victim,
            data.draw(st.sampled_from(places)),
            copy.deepcopy(data.draw(st.sampled_from(ODD))),
        )
    _survives(objects, slimmed=data.draw(st.booleans()))


@cache
def _objects(path: Path) -> list[dict[str, Any]]:
    return load(path).objects


@pytest.mark.parametrize("kind", sorted(needs(all_checks())))
def test_an_object_of_which_every_part_is_odd_makes_no_check_fail(kind: str) -> None:
    name, _, group = kind.partition(".")
    objects: list[dict[str, Any]] = []
    for odd in ODD:
        base = {"kind": name, "apiVersion": f"{group}/v1" if group else "v1"}
        objects.append({**base, "metadata": odd, "spec": odd, "status": odd})
        objects.append({**base, "metadata": {"name": "x"}, "spec": odd, "status": odd})
    _survives(objects, slimmed=False)
    _survives(objects, slimmed=True)
