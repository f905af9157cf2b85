"""explain_resource: what a field means, from the API server itself."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from kube_mcp.errors import InputError, NotFound, suggest
from kube_mcp.kube.openapi import Schema, find_schema
from kube_mcp.redaction.text import clean_text, mask_text
from kube_mcp.render.budget import fit, shorten
from kube_mcp.render.untrusted import framed
from kube_mcp.tools._call import Call
from kube_mcp.tools._params import Kind
from kube_mcp.tools._tool import ToolArgs, tool

#: Fields below fields are listed down to here when asked for.
_DEEPEST = 3


class Args(ToolArgs):
    kind: Kind
    field: Annotated[
        str, Meta(description="Field path: spec.template.spec.containers", max_length=300)
    ] = ""
    depth: Annotated[int, Meta(description="Levels of fields to list", ge=1, le=_DEEPEST)] = 1


@tool(title="Explain a resource")
async def explain_resource(args: Args, call: Call) -> str:
    """Documentation of a kind or of one of its fields, as this cluster's API server has it: type,
    meaning, required fields, allowed values. Works for custom resources. Use it before reasoning
    about a field you are not sure of.
    """
    cluster = call.cluster
    resource = await cluster.resolve(args.kind)
    path = f"/openapi/v3{resource.base_path}"
    try:
        document = await cluster.document(path)
    except NotFound as error:
        raise InputError(
            f"The API server publishes no documentation for {resource.api_version}.",
            hint="get_resource view=yaml shows an object of that kind instead.",
        ) from error
    schema = find_schema(document, resource)
    if schema is None:
        raise InputError(f"The API server does not document {resource.kind}.")
    steps = [step.split("[")[0] for step in args.field.strip(". ").split(".") if step]
    walked, type_name = resource.kind, ""
    for step in steps:
        below = schema.field(step)
        if below is None:
            names = [clean_text(field.name) for field in schema.fields()]
            raise InputError(
                f"{walked} has no field '{step}'.",
                hint=suggest(step, names) or _what_it_has(names),
            )
        type_name = next((each.type for each in schema.fields() if each.name == step), "")
        schema, walked = below, f"{walked}.{step}"
    head = f"{walked} ({resource.api_version})" + (f" <{type_name}>" if type_name else "")
    lines = [shorten(schema.description, 2000) or "(no description)"]
    lines += _fields(schema, depth=args.depth, indent="")
    if not resource.built_in:
        # Whoever defined the kind wrote this, and examples of credentials in it.
        lines = [mask_text(line.replace("\n", " ")) for line in lines]
    kept, left = fit(lines, call.max_bytes - 500)
    out = [head, *(kept if resource.built_in else framed(kept, what="documentation"))]
    if left:
        out.append(f"({left} more fields: ask for one with field=)")
    return "\n".join(out)


def _what_it_has(names: list[str]) -> str:
    if not names:
        return "It is a plain value, without fields."
    more = f" and {len(names) - 40} more" if len(names) > 40 else ""
    return f"It has: {', '.join(names[:40])}{more}."


def _fields(schema: Schema, *, depth: int, indent: str) -> list[str]:
    lines = []
    for field in schema.fields():
        must = ", required" if field.required else ""
        text = shorten(field.description, 240 if not indent else 120)
        lines.append(f"{indent}{field.name} <{field.type}{must}> {text}".rstrip())
        if depth > 1:
            below = schema.field(field.name)
            if below is not None:
                lines += _fields(below, depth=depth - 1, indent=indent + "  ")
    return lines
