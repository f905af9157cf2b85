"""The API server's own documentation of its types (OpenAPI v3), one group version at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kube_mcp.objects import ResourceType, dig, dig_list, dig_map, dig_str

_PREFIX = "#/components/schemas/"


@dataclass(frozen=True, slots=True)
class FieldDoc:
    """One field of a type: its type in words, its documentation, and whether it must be set."""

    name: str
    type: str
    description: str
    required: bool


@dataclass(frozen=True)
class Schema:
    """One type inside an OpenAPI document."""

    document: Mapping[str, Any]
    schema: Mapping[str, Any]

    @property
    def description(self) -> str:
        """The type's own documentation."""
        return dig_str(self.schema, "description")

    def fields(self) -> list[FieldDoc]:
        """The fields of the type, required ones first, then by name."""
        required = set(map(str, dig_list(self.schema, "required")))
        found = [
            FieldDoc(name, type_of(self._own(raw), raw), _description(raw, self._own(raw)),
                     name in required)
            for name, raw in dig_map(self.schema, "properties").items()
        ]  # fmt: skip
        return sorted(found, key=lambda each: (not each.required, each.name))

    def field(self, name: str) -> Schema | None:
        """The type of one field; through lists and maps to what they hold."""
        raw = dig_map(self.schema, "properties").get(name)
        if raw is None:
            return None
        own = self._own(raw)
        for step in ("items", "additionalProperties"):
            if isinstance(dig(own, step), Mapping):
                own = {**self._own(own[step]), "description": _description(raw, own)}
        if not dig_str(own, "description"):
            own = {**own, "description": _description(raw, own)}
        return Schema(self.document, own)

    def _own(self, raw: Any) -> Mapping[str, Any]:
        """The schema itself where ``raw`` only refers to it."""
        ref = dig_str(raw, "$ref")
        if not ref:
            many = dig_list(raw, "allOf")
            ref = dig_str(many, 0, "$ref") if len(many) == 1 else ""
        if ref.startswith(_PREFIX):
            return dig_map(self.document, "components", "schemas", ref.removeprefix(_PREFIX))
        return raw if isinstance(raw, Mapping) else {}


def type_of(own: Mapping[str, Any], raw: Any) -> str:
    """``string``, ``[]Container``, ``map[string]string``, ``ObjectMeta``."""
    ref = dig_str(raw, "$ref") or dig_str(raw, "allOf", 0, "$ref")
    kind = dig_str(own, "type")
    if kind == "array":
        items = own.get("items")
        return f"[]{type_of(items if isinstance(items, Mapping) else {}, items)}"
    if isinstance(own.get("additionalProperties"), Mapping):
        inner = own["additionalProperties"]
        return f"map[string]{type_of(inner, inner)}"
    if dig(own, "x-kubernetes-int-or-string") is True:
        return "int or string"
    if ref:
        return ref.rsplit(".", 1)[-1]
    options = dig_list(own, "enum")
    if options:
        return "one of " + ", ".join(str(each) for each in options[:12])
    return kind or "any"


def find_schema(document: Mapping[str, Any], resource: ResourceType) -> Schema | None:
    """The type of a resource in its group version's document."""
    for schema in dig_map(document, "components", "schemas").values():
        for each in dig_list(schema, "x-kubernetes-group-version-kind"):
            if (
                dig_str(each, "group") == resource.group
                and dig_str(each, "version") == resource.version
                and dig_str(each, "kind") == resource.kind
            ):
                return Schema(document, schema)
    return None


def _description(raw: Any, own: Mapping[str, Any]) -> str:
    return dig_str(raw, "description") or dig_str(own, "description")
