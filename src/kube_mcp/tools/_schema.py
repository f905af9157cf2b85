"""A tool's arguments as the leanest JSON Schema that says the same.

Every token of the tool list is paid for in every conversation, so titles, references and
``anyOf: [..., null]`` for optional arguments are folded away.
"""

from __future__ import annotations

from typing import Any

import msgspec

#: Lengths are checked, but no model counts characters before it writes.
_LEFT_OUT = frozenset({"title", "default", "minLength", "maxLength", "maxItems"})


def lean_schema(args: type[msgspec.Struct]) -> dict[str, Any]:
    """The JSON Schema (2020-12) of ``args``: an object root, no references, no titles."""
    (root,), components = msgspec.json.schema_components((args,), ref_template="{name}")
    schema = components[root["$ref"]]
    lean: dict[str, Any] = {
        "type": "object",
        "properties": {
            name: _lean(prop, components) for name, prop in schema["properties"].items()
        },
        "additionalProperties": False,
    }
    if schema.get("required"):
        lean["required"] = list(schema["required"])
    if not lean["properties"]:
        del lean["properties"]
    return lean


def _lean(prop: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in prop:
        prop = {**components[prop["$ref"]], **{k: v for k, v in prop.items() if k != "$ref"}}
    out = {key: value for key, value in prop.items() if key not in _LEFT_OUT}
    if "anyOf" in out:
        options = [each for each in out.pop("anyOf") if each.get("type") != "null"]
        if len(options) == 1:
            out = {**_lean(options[0], components), **out}
        else:
            out["anyOf"] = [_lean(each, components) for each in options]
    if isinstance(out.get("items"), dict):
        out["items"] = _lean(out["items"], components)
    default = prop.get("default")
    if default not in (None, "", [], (), False):
        out["default"] = default
    return out
