"""Field paths: what they find, and what they keep of an object."""

from __future__ import annotations

from typing import Any

import pytest

from kube_mcp.errors import InputError
from kube_mcp.render.fields import is_field, parse_field
from tests.support import build

POD = build.pod(
    "web-1",
    labels={"app": "web", "app.kubernetes.io/name": "shop"},
    containers=[build.container("a", image="x:1", env={"A": "1"}), build.container("b")],
    patch={"spec": {"hostNetwork": True, "initContainers": [{"name": "i", "image": "init:1"}]}},
)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (".spec.nodeName", "worker-1"), ("spec.nodeName", "worker-1"),
        ("$.spec.nodeName", "worker-1"), ("{.spec.nodeName}", "worker-1"),
        (".spec.containers[0].name", "a"), (".spec.containers[-1].name", "b"),
        (".spec.containers[*].name", "a,b"), (".spec.containers.name", "a,b"),
        (".spec.containers[9].name", None), (".spec.nothing", None), (".spec.nodeName.x", None),
        (".metadata.labels['app.kubernetes.io/name']", "shop"),
        ('.metadata.labels["app"]', "web"), ("label:app.kubernetes.io/name", "shop"),
        ("label:none", None), ("labels", "app=web,app.kubernetes.io/name=shop"),
        (".spec.hostNetwork", "true"),
        ("images", "init:1,x:1,registry.example.com/app:1.0"),
        (".metadata.labels[*]", "web,shop"),
    ],
)  # fmt: skip
def test_a_path_leads_where_it_says(path: str, text: str | None) -> None:
    assert is_field(path)
    field = parse_field(path)
    assert field.text(POD) == text
    # What a list keeps of each object must be enough for the same answer.
    assert field.text({"metadata": {}, **field.keep(POD)}) == text


@pytest.mark.parametrize("path", ["", " ", ".", "..a", ".a..b", ".a[", ".a[x]", ".a b", "[", "$"])
def test_what_is_no_path_is_quoted_where_it_stops_making_sense(path: str) -> None:
    with pytest.raises(InputError, match="is not a field path"):
        parse_field(path)


@pytest.mark.parametrize("column", ["status", "Name", "-restarts", "up-to-date", "last seen"])
def test_columns_of_tables_are_no_paths(column: str) -> None:
    assert not is_field(column)


@pytest.mark.parametrize(
    "obj", [None, 5, "x", [], {"spec": None}, {"spec": []}, {"spec": {"containers": {"a": 1}}},
            {"spec": {"containers": [None, 5, "x"]}}],
)  # fmt: skip
def test_an_object_of_any_shape_is_survived(obj: Any) -> None:
    for path in ("images", ".spec.containers[*].image", "labels", ".spec.containers[0]"):
        parse_field(path).text(obj)
