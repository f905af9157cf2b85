"""Types in the API server's OpenAPI documents."""

from __future__ import annotations

from typing import Any

import pytest

from kube_mcp.kube.openapi import Schema, find_schema, type_of
from kube_mcp.objects import ResourceType

WIDGETS = ResourceType("example.com", "v1", "widgets", "Widget", namespaced=True)


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string"}, "string"),
        ({"type": "array", "items": {"type": "string"}}, "[]string"),
        ({"type": "array", "items": {"$ref": "#/components/schemas/io.k8s.Container"}},
         "[]Container"),
        ({"type": "object", "additionalProperties": {"type": "string"}}, "map[string]string"),
        ({"allOf": [{"$ref": "#/components/schemas/io.k8s.ObjectMeta"}]}, "ObjectMeta"),
        ({"x-kubernetes-int-or-string": True}, "int or string"),
        ({"type": "string", "enum": ["a", "b"]}, "one of a, b"),
        ({}, "any"),
        ({"type": "array"}, "[]any"),
    ],
)  # fmt: skip
def test_types_are_said_as_programmers_say_them(schema: dict[str, Any], words: str) -> None:
    assert type_of(schema, schema) == words


def test_required_fields_come_first_and_descriptions_beside_a_reference_win() -> None:
    document = {"components": {"schemas": {"S": {"description": "general"}}}}
    schema = Schema(
        document,
        {"required": ["z"], "properties": {
            "a": {"type": "string"},
            "z": {"allOf": [{"$ref": "#/components/schemas/S"}], "description": "special"},
            "y": {"$ref": "#/components/schemas/S"}}},
    )  # fmt: skip
    assert [(each.name, each.description, each.required) for each in schema.fields()] == [
        ("z", "special", True), ("a", "", False), ("y", "general", False),
    ]  # fmt: skip
    below = schema.field("y")
    assert below is not None
    assert below.description == "general"
    assert schema.field("nothing") is None


@pytest.mark.parametrize(
    "document",
    [{}, {"components": None}, {"components": {"schemas": {"x": None, "y": [], "z": "s"}}},
     {"components": {"schemas": {"x": {"x-kubernetes-group-version-kind": "Widget"}}}}],
)  # fmt: skip
def test_a_document_of_any_shape_is_survived(document: dict[str, Any]) -> None:
    assert find_schema(document, WIDGETS) is None


def test_a_type_is_found_by_its_group_version_and_kind() -> None:
    other = {"group": "other.com", "version": "v1", "kind": "Widget"}
    mine = {"group": "example.com", "version": "v1", "kind": "Widget"}
    document = {"components": {"schemas": {
        "a": {"x-kubernetes-group-version-kind": [other]},
        "b": {"x-kubernetes-group-version-kind": [other, mine], "description": "this"},
    }}}  # fmt: skip
    found = find_schema(document, WIDGETS)
    assert found is not None
    assert found.description == "this"
