"""api_resources: which kinds this cluster serves."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from kube_mcp.errors import suggest
from kube_mcp.render.budget import fit, shorten
from kube_mcp.render.table import table_lines
from kube_mcp.tools._call import Call
from kube_mcp.tools._tool import ToolArgs, tool


class Args(ToolArgs):
    search: Annotated[
        str, Meta(description="Part of a kind, group, short name or category", max_length=200)
    ] = ""
    custom_only: Annotated[bool, Meta(description="Only kinds outside Kubernetes' own groups")] = (
        False
    )


@tool(title="List API resources")
async def api_resources(args: Args, call: Call) -> str:
    """The kinds this cluster serves, custom ones included, with short names, group, version and
    scope. Use it when a kind is not found. Next: explain_resource, list_resources.
    """
    known = await call.cluster.resources()
    wanted = args.search.lower()
    found = [
        each
        for each in known.types
        if (
            not wanted
            or wanted in f"{each.full_name} {each.kind}".lower()
            or wanted in each.short_names
            or wanted in each.categories
        )
        and not (args.custom_only and (not each.group or "." not in each.group
                                       or each.group.endswith(".k8s.io")))
    ]  # fmt: skip
    notes = [
        f"The API group {group} could not be read: {shorten(why, 200)}."
        for group, why in sorted(known.failed.items())
    ]
    if not found:
        hint = suggest(args.search, known.words()) if args.search else ""
        outside = " outside Kubernetes' own groups" if args.custom_only else ""
        matches = f" matches '{args.search}'" if args.search else ""
        return "\n".join([f"No kind{outside}{matches}. {hint}".rstrip(), *notes])
    rows = [
        [
            each.kind,
            each.full_name,
            ",".join(each.short_names),
            each.api_version,
            "namespaced" if each.namespaced else "cluster",
            "" if {"get", "list"} <= each.verbs else "cannot be listed",
        ]
        for each in sorted(found, key=lambda each: (each.group, each.name))
    ]
    if not any(row[-1] for row in rows):
        rows = [row[:-1] for row in rows]
    notes, more_notes = fit(notes, 2000)
    if more_notes:
        notes.append(f"(and {more_notes} more groups that could not be read)")
    lines = table_lines(["kind", "name", "short", "version", "scope", "note"][: len(rows[0])], rows)
    kept, left = fit(lines, call.max_bytes - 2600)
    of = f" of {len(known.types)}" if len(found) < len(known.types) else ""
    out = [f"{len(found)}{of} {'kind' if len(found) == 1 and not of else 'kinds'}:", *kept]
    if left:
        out.append(f"({left} more: narrow with search)")
    return "\n".join([*out, *notes])
