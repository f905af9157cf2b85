"""Authentik's blueprints: read with their YAML tags, checked against Authentik's own schema."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema.validators
import yaml

from tests.support.helm import ROOT


def schema_file() -> Path:
    """``$KUBE_MCP_BLUEPRINT_SCHEMA``, or where it lies beside this work tree; it may be missing."""
    chosen = os.environ.get("KUBE_MCP_BLUEPRINT_SCHEMA")
    return Path(chosen) if chosen else ROOT.parent / "shared/authentik/blueprint-schema.json"


@dataclass(frozen=True)
class Tag:
    """A value that only Authentik can know, such as ``!Find [...]``."""

    name: str
    value: Any


class _Loader(yaml.SafeLoader):
    pass


def _construct(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> Tag:
    if isinstance(node, yaml.SequenceNode):
        return Tag(suffix, loader.construct_sequence(node, deep=True))
    assert isinstance(node, yaml.ScalarNode)
    return Tag(suffix, loader.construct_scalar(node))


_Loader.add_multi_constructor("!", _construct)


def load(text: str) -> dict[str, Any]:
    """The blueprint, its tags as `Tag`."""
    blueprint: dict[str, Any] = yaml.load(text, _Loader)
    return blueprint


def problems(blueprint: dict[str, Any], schema: dict[str, Any]) -> list[str]:
    """What the schema has against it, and every field Authentik would silently ignore.

    The schema wants numbers where a tag stands, so a tag fits everywhere.
    """
    base = jsonschema.validators.validator_for(schema)

    def lenient(keyword: Any) -> Any:
        def check(validator: Any, value: Any, instance: Any, at: Any) -> Iterator[Any]:
            if not isinstance(instance, Tag):
                yield from keyword(validator, value, instance, at) or ()

        return check

    validator = jsonschema.validators.extend(  # type: ignore[no-untyped-call]
        base, {name: lenient(check) for name, check in base.VALIDATORS.items()}
    )(schema)
    found = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(blueprint)]
    for number, entry in enumerate(blueprint["entries"]):
        model = schema["$defs"].get(f"model_{entry['model']}")
        if model is None:
            found.append(f"entries[{number}]: no model {entry['model']}")
            continue
        for place in ("attrs", "identifiers"):
            # A binding's identifiers and attrs are the same fields; both become the object.
            found += [
                f"entries[{number}].{place}.{key}: no such field"
                for key in entry.get(place, {})
                if key not in model["properties"]
            ]
    return found


def schema() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(schema_file().read_text())
    return loaded
