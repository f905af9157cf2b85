"""docs/configuration.md, from the settings themselves."""

from __future__ import annotations

from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from kube_mcp.settings import Settings, env_name

_HEAD = """# Configuration

Later sources win: defaults, the TOML file (`--config`, `KUBE_MCP_CONFIG`), every `*.toml` of the drop-in folder in order (`--config-dir`, `KUBE_MCP_CONFIG_DIR`), the environment, flags.
A key that does not exist is an error that names the nearest one. Lists in environment variables are separated by commas.
Secrets are never settings: where one is needed, the setting is the path of a file that holds it.
This page is generated from the settings.
"""


def page() -> str:
    """The documentation of every setting."""
    lines = [_HEAD]
    for name, field in Settings.model_fields.items():
        model = field.annotation
        assert isinstance(model, type)
        assert issubclass(model, BaseModel)
        lines += _section(model, name)
    return "\n".join(lines).rstrip() + "\n"


def _section(model: type[BaseModel], path: str, *, is_list: bool = False) -> list[str]:
    bracket = f"[[{path}]]" if is_list else f"[{path}]"
    lines = [f"## `{bracket}`", "", (model.__doc__ or "").strip(), ""]
    rows: list[str] = []
    below: list[str] = []
    for name, field in model.model_fields.items():
        inner, many = _inner(field.annotation)
        if inner is not None:
            below += _section(inner, f"{path}.{name}", is_list=many)
            if many:
                rows.append(_row(name, "list of tables", "", field.description or "", ""))
            continue
        env = "" if is_list else f"`{env_name(f'{path}.{name}')}`"
        rows.append(
            _row(name, _type(field.annotation), _default(field), field.description or "", env)
        )
    if rows:
        lines += ["| key | type | default | | environment |", "|---|---|---|---|---|", *rows, ""]
    return lines + below


def _inner(annotation: Any) -> tuple[type[BaseModel] | None, bool]:
    many = get_origin(annotation) is tuple
    inner = get_args(annotation)[0] if many else annotation
    if isinstance(inner, type) and issubclass(inner, BaseModel):
        return inner, many
    return None, False


def _row(name: str, kind: str, default: str, said: str, env: str) -> str:
    return f"| `{name}` | {kind} | {default} | {said.replace('|', chr(92) + '|')} | {env} |"


def _type(annotation: Any) -> str:
    if get_origin(annotation) is tuple:
        inner = get_args(annotation)[0]
        return "list of text" if inner is str else f"list of {_type(inner)}"
    if options := get_args(annotation):
        return " or ".join(f"`{option}`" for option in options)
    return {str: "text", int: "number", float: "number", bool: "true or false"}[annotation]


def _default(field: Any) -> str:
    value = field.default
    if value is PydanticUndefined:
        return "required"
    if value in ("", ()):
        return "empty"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple):
        return f"`{list(value)!r}`".replace("'", '"')
    return f"`{value}`"
