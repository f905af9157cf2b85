"""The paths that printer columns use; a real API server has the last word elsewhere."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube_mcp.snapshots.jsonpath import first

OBJECT = {
    "metadata": {"labels": {"a.b/c": "dotted", "plain": "yes"}},
    "spec": {"list": [{"n": 1}, {"n": 2}], "empty": [], "nothing": None, "text": "abc"},
    "status": {
        "conditions": [
            {"type": "Synced", "status": "False", "n": 1},
            {"type": "Ready", "status": "True", "n": 2, "on": True},
        ]
    },
}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (".spec.text", "abc"),
        ("spec.text", "abc"),
        (".spec['text']", "abc"),
        ('.spec["text"]', "abc"),
        (".metadata.labels.a\\.b/c", "dotted"),
        (".metadata.labels['a\\.b/c']", "dotted"),
        (".spec.list[0].n", 1),
        (".spec.list[-1].n", 2),
        (".spec.list[5].n", None),
        (".spec.list[*].n", 1),
        (".spec.list", [{"n": 1}, {"n": 2}]),
        (".spec.empty[*]", None),
        (".spec.nothing.more", None),
        (".spec.text.more", None),
        (".spec.text[0]", None),
        ('.status.conditions[?(@.type=="Ready")].status', "True"),
        (".status.conditions[?(@.type=='Ready')].status", "True"),
        ('.status.conditions[?(@.type!="Ready")].status', "False"),
        (".status.conditions[?(@.n==2)].type", "Ready"),
        (".status.conditions[?(@.on==true)].type", "Ready"),
        ('.status.conditions[?(@.type=="Gone")].status', None),
        (".metadata.labels.*", "dotted"),
        ("$.spec", None),
        (".spec[", None),
        (".spec[?(nonsense)]", None),
    ],
)
def test_the_first_value_at_a_path(path: str, expected: Any) -> None:
    assert first(path, OBJECT) == expected


@given(st.text(".[]'\"?(@=)*\\ab-1", max_size=30))
def test_no_path_whatever_it_is_raises(path: str) -> None:
    first(path, OBJECT)
