"""docs/tools.md and the schema snapshots, from the tools themselves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from kube_mcp.tools._tool import Tool, discover


def schemas() -> Mapping[str, str]:
    """Each tool as clients see it, for a reviewer to read when it changes."""
    return {
        tool.name: json.dumps(
            {
                "name": tool.name,
                "title": tool.title,
                "toolset": tool.toolset,
                "description": tool.description,
                "inputSchema": tool.schema,
            },
            indent=2,
            ensure_ascii=False,
        )
        + "\n"
        for tool in discover()
    }


def page() -> str:
    """The documentation of every tool."""
    lines = [
        "# Tools",
        "",
        "Every tool only reads. Where the server has several clusters each takes `cluster` too.",
        "This page is generated from the tools.",
    ]
    for tool in discover():
        lines += ["", f"## {tool.name}", "", tool.description, ""]
        lines += _arguments(tool)
        lines.append(f"Toolset `{tool.toolset}`." + _needs(tool))
    return "\n".join(lines) + "\n"


def _arguments(tool: Tool) -> list[str]:
    properties: Mapping[str, Any] = tool.schema.get("properties", {})
    if not properties:
        return []
    lines = ["| argument | type | |", "|---|---|---|"]
    required = set(tool.schema.get("required", ()))
    for name, schema in properties.items():
        said = schema.get("description", "")
        if "enum" in schema:
            said = f"{said} One of {', '.join(f'`{v}`' for v in schema['enum'] if v)}.".strip()
        if "default" in schema:
            said = f"{said} Default {schema['default']!r}.".strip()
        must = " (required)" if name in required else ""
        text = said.replace("|", "\\|")
        lines.append(f"| `{name}`{must} | {_type(schema)} | {text} |")
    return [*lines, ""]


def _type(schema: Mapping[str, Any]) -> str:
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    return str(schema.get("type", "string"))


def _needs(tool: Tool) -> str:
    named = [need for need in tool.needs if need.resource != "*"]
    if any(need.resource == "*" for need in tool.needs):
        return " Reads whatever kind it is asked for."
    if not named:
        return ""
    parts = [
        f"`{need.resource}{'.' + need.group if need.group else ''}`"
        + (" (can do without)" if need.optional else "")
        for need in named
    ]
    return f" Reads {', '.join(parts)}."
