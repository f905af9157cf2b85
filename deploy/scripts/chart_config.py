"""The chart's ``config`` values and their schema, made from the server's own settings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Literal, get_args, get_origin

import yaml
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from kube_mcp.auth.config import ASYMMETRIC_ALGORITHMS
from kube_mcp.settings import Settings

START, END = "# <config: generated from src/kube_mcp/settings.py>", "# </config>"

#: What the chart decides itself, or what makes no sense in a pod.
NOT_VALUES = frozenset(
    {
        "server.host",
        "server.port",
        "server.path",
        "server.metrics_host",
        "server.metrics_port",
        "server.insecure_no_auth",
        "cluster.kubeconfig",
        "cluster.contexts",
        "cluster.snapshot",
        "auth.allow_http_loopback",
        # Needs a right that the role never grants.
        "policy.node_logs",
        "auth.introspection.client_secret_file",
        "token_exchange.sts_client_secret_file",
    }
)

_NOT_SYSTEM = {"not": {"pattern": "^[sS][yY][sS][tT][eE][mM]:"}}
_HTTPS = {"pattern": r"^(https://\S+)?$"}

#: Those that the chart can serve; kubelets are asked with a kubeconfig of one's own only.
_TOOLSET = {"enum": ["core", "helm", "logs"]}

#: Refused when the values are written rather than when the pod starts.
TIGHTER: dict[str, dict[str, Any]] = {
    "server.public_urls[]": {
        "pattern": r"^https://[a-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~-]+)*$",
    },
    "server.allowed_origins[]": {"pattern": r"^(\*|https?://[^/\s]+)$"},
    "impersonate.user_prefix": {"minLength": 1, **_NOT_SYSTEM},
    "impersonate.group_prefix": {"minLength": 1, **_NOT_SYSTEM},
    "impersonate.groups[]": {"minLength": 1, **_NOT_SYSTEM},
    "auth.issuers[].issuer": {"pattern": r"^https://[^\s?#]+$"},
    "auth.issuers[].audience": {"minItems": 1},
    "auth.issuers[].allowed_clients": {"minItems": 1},
    "auth.issuers[].jwks_uri": _HTTPS,
    "auth.algorithms": {"minItems": 1},
    "auth.algorithms[]": {"enum": sorted(ASYMMETRIC_ALGORITHMS)},
    "auth.introspection.url": _HTTPS,
    "token_exchange.token_url": _HTTPS,
    "policy.toolsets[]": _TOOLSET,
    "policy.grants[].toolsets[]": _TOOLSET,
    "policy.namespaces_allow[]": {"pattern": r"^[-a-z0-9*?]+$"},
    "policy.namespaces_deny[]": {"pattern": r"^[-a-z0-9*?]+$"},
}


def config_values() -> str:
    """The ``config`` block of values.yaml: every setting with its default, explained above it."""
    lines = [
        "# The server's settings, under the names they have in its configuration file.",
        "config:",
        *_values(Settings, "", 2),
    ]
    return "\n".join(lines) + "\n"


def _values(model: type[BaseModel], trail: str, indent: int) -> Iterator[str]:
    pad = " " * indent
    for name, field in model.model_fields.items():
        path = f"{trail}{name}"
        if path in NOT_VALUES:
            continue
        section = _model(field.annotation)
        if section is not None and get_origin(field.annotation) is None:
            yield f"{pad}# {_first_sentence(section)}"
            yield f"{pad}{name}:"
            yield from _values(section, f"{path}.", indent + 2)
            continue
        text = field.description or ""
        if section is not None:
            inner = "; ".join(_item_key(key, each) for key, each in section.model_fields.items())
            text = f"{text} Each one has {inner}."
        if get_origin(field.annotation) is Literal:
            choices = ", ".join(f"`{each}`" for each in get_args(field.annotation))
            text = f"{text} One of {choices}."
        default = field.default
        if default is PydanticUndefined:
            raise TypeError(f"{path} has no default, and is not in a list")
        yield f"{pad}# {text}"
        yield f"{pad}{name}: {_plain(default)}"


def _item_key(key: str, field: Any) -> str:
    text = (field.description or "").rstrip(".")
    needed = " (required)" if field.is_required() else ""
    return f"`{key}`{needed}: {text}"


def _plain(value: Any) -> str:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, tuple):
        value = list(value)
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000)
    return text.removesuffix("...\n").strip().replace("''", '""')


def _first_sentence(model: type[BaseModel]) -> str:
    return " ".join((model.__doc__ or "").split())


def _model(annotation: Any) -> type[BaseModel] | None:
    """The model of a section, or of a list's items."""
    inner = get_args(annotation)[0] if get_origin(annotation) is tuple else annotation
    return inner if isinstance(inner, type) and issubclass(inner, BaseModel) else None


def config_schema() -> dict[str, Any]:
    """JSON Schema (draft 7) of ``config``: closed everywhere, and tightened by `TIGHTER`."""
    whole = Settings.model_json_schema()
    used: set[str] = set()
    schema = _lean(whole, whole.get("$defs", {}), "", used)
    if unused := set(TIGHTER) - used:
        raise KeyError(f"no such settings: {', '.join(sorted(unused))}")
    return schema


def _lean(node: dict[str, Any], defs: dict[str, Any], path: str, used: set[str]) -> dict[str, Any]:
    if "$ref" in node:
        node = {**defs[node["$ref"].rpartition("/")[2]], **node}
    out = {
        key: value
        for key, value in node.items()
        if key not in {"$ref", "$defs", "title", "description", "default", "properties", "items"}
    }
    if "exclusiveMinimum" in out and out.get("type") == "number":
        out["exclusiveMinimum"] = int(out["exclusiveMinimum"])
    if "properties" in node:
        out["additionalProperties"] = False
        out["properties"] = {
            name: _lean(below, defs, f"{path}.{name}".lstrip("."), used)
            for name, below in node["properties"].items()
            if f"{path}.{name}".lstrip(".") not in NOT_VALUES
        }
    if "items" in node:
        out["uniqueItems"] = True
        out["items"] = _lean(node["items"], defs, f"{path}[]", used)
    if path in TIGHTER:
        used.add(path)
        out.update(TIGHTER[path])
    return out


def schema_text(schema: Any, *, indent: int = 0, width: int = 100) -> str:
    """JSON that a person can read: what fits on a line stays on one."""
    line = json.dumps(schema, ensure_ascii=False)
    if not isinstance(schema, dict | list) or not schema or len(line) + indent <= width:
        return line
    pad = " " * (indent + 2)
    if isinstance(schema, list):
        inner = [f"{pad}{schema_text(each, indent=indent + 2)}" for each in schema]
        return "[\n" + ",\n".join(inner) + f"\n{' ' * indent}]"
    inner = [
        f"{pad}{json.dumps(key)}: {schema_text(value, indent=indent + 2)}"
        for key, value in schema.items()
    ]
    return "{\n" + ",\n".join(inner) + f"\n{' ' * indent}}}"
