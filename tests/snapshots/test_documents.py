"""Objects from files that anybody may have written."""

from __future__ import annotations

import pytest

from kube_mcp.snapshots.documents import Unparsable, objects_in, parse

BOMB = b"""
a: &a [x,x,x,x,x,x,x,x,x]
b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]
c: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]
d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]
e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]
f: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]
"""


def test_yaml_may_hold_many_documents_and_empty_ones() -> None:
    assert parse("x.yaml", b"---\na: 1\n---\n---\nb: 2\n") == [{"a": 1}, {"b": 2}]


def test_timestamps_stay_the_text_they_are() -> None:
    assert parse("x.yaml", b"at: 2026-11-24T12:00:00Z\nday: 2026-11-24") == [
        {"at": "2026-11-24T12:00:00Z", "day": "2026-11-24"}
    ]


def test_keys_are_text_as_in_json() -> None:
    assert parse("x.yaml", b"8080: a\ntrue: b\nnull: c") == [
        {"8080": "a", "true": "b", "null": "c"}
    ]


def test_json_lines_are_one_document_each() -> None:
    assert parse("x.jsonl", b'{"a":1}\n\n{"b":2}\n') == [{"a": 1}, {"b": 2}]


def test_anchors_that_explode_are_refused_and_ordinary_ones_are_not() -> None:
    with pytest.raises(Unparsable, match="expand to far more"):
        parse("x.yaml", BOMB)
    assert parse("x.yaml", b"a: &a {x: 1}\nb: *a\nc: *a") == [
        {"a": {"x": 1}, "b": {"x": 1}, "c": {"x": 1}}
    ]


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("x.yaml", b"a: [1"),
        ("x.yaml", b"!!python/object/apply:os.system [id]"),
        ("x.yaml", b"a: {{ .Values.x }}"),
        ("x.json", b"{"),
        ("x.yaml", b"[" * 100_000),
        ("x.yaml", b"- " * 100_000),
        ("x.json", b"[" * 100_000),
    ],
)
def test_what_cannot_be_read_says_in_which_file(name: str, data: bytes) -> None:
    with pytest.raises(Unparsable, match=r"^x\."):
        parse(name, data)


def test_lists_are_taken_apart_and_items_get_the_kind_of_the_list() -> None:
    pods = {"apiVersion": "v1", "kind": "PodList", "items": [{"metadata": {"name": "a"}}]}
    both = {"apiVersion": "v1", "kind": "List", "items": [pods, {"kind": "Nothing"}]}
    assert list(objects_in(both)) == [
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}}
    ]


@pytest.mark.parametrize("document", [None, [], "text", {"kind": "Pod"}, {"name": "values"}])
def test_what_is_no_object_gives_none(document: object) -> None:
    assert list(objects_in(document)) == []
