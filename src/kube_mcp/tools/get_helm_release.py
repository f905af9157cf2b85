"""get_helm_release: Helm's releases, one release's history, and what changed in its values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from kube_mcp.access.cluster import Cluster
from kube_mcp.access.helm import MOST_READ, HelmRelease, Revision, latest
from kube_mcp.errors import (
    ClusterError,
    InputError,
    NotAllowed,
    NotFound,
    ServerFault,
    TooLarge,
    suggest,
)
from kube_mcp.render.budget import count, fit, shorten
from kube_mcp.render.table import table_lines
from kube_mcp.render.untrusted import framed
from kube_mcp.render.yaml import yaml_text
from kube_mcp.tools._call import Call
from kube_mcp.tools._find import check_namespace
from kube_mcp.tools._params import NamespaceOrAll
from kube_mcp.tools._tool import Need, ToolArgs, tool
from kube_mcp.words.times import age, parse_time

#: Revisions told with a release. Helm keeps ten unless told otherwise.
_MOST_REVISIONS = 12

#: What Helm itself takes for a name.
_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,98}[a-z0-9])?")


class Args(ToolArgs):
    name: Annotated[str, Meta(description="Release; omit to list all", max_length=100)] = ""
    namespace: NamespaceOrAll = ""
    revision: Annotated[int, Meta(description="Default: the newest", ge=0, le=1_000_000)] = 0
    compare_with: Annotated[
        int, Meta(description="Compare values with this revision", ge=0, le=1_000_000)
    ] = 0


@tool(title="Get a Helm release", toolset="helm", needs=(Need("secrets"),))
async def get_helm_release(args: Args, call: Call) -> str:
    """Helm releases: all, or one with chart, status, revisions, notes, its user's values (masked) and
    what changed in them since the revision before. Use it when an upgrade broke something. For
    Flux's HelmRelease objects: get_resource.
    """
    cluster = call.cluster
    if args.name and not _NAME.fullmatch(args.name):
        raise InputError(
            f"'{args.name}' is not the name of a Helm release.",
            hint="Leave name out to list the releases there are.",
        )
    try:
        found = await cluster.helm_revisions(namespace=args.namespace, name=args.name)
    except NotAllowed as error:
        raise NotAllowed(error.message, hint=f"{error.hint}{await _flux(cluster)}") from error
    if not args.name:
        return await _all(found, args, call)
    if not found:
        raise await _no_such(args, call)
    spaces = sorted({each.namespace for each in found})
    if len(spaces) > 1:
        raise InputError(
            f"There is a Helm release '{args.name}' in {len(spaces)} namespaces: "
            f"{', '.join(spaces[:20])}.",
            hint="Say which with the argument namespace.",
        )
    return await _one(found, args, call)


async def _flux(cluster: Cluster) -> str:
    """Where else releases can be seen: Flux keeps objects of its own."""
    try:
        known = await cluster.resources()
    except ClusterError:
        return ""
    if any(each.kind == "HelmRelease" for each in known.types):
        return " Releases made by Flux: list_resources kind=HelmRelease."
    return ""


async def _all(found: Sequence[Revision], args: Args, call: Call) -> str:
    newest = latest(found)
    where = args.namespace or call.cluster.everywhere
    if not newest:
        if args.namespace:
            await check_namespace(call.cluster, args.namespace)
        return f"No Helm release in {where} (only releases stored in Secrets are seen)."
    told = await call.cluster.helm_releases(newest[:MOST_READ])
    charts = {(each.revision.namespace, each.revision.name): each for each in told}
    rows = []
    for each in newest:
        release = charts.get((each.namespace, each.name))
        rows.append(
            [
                each.namespace, each.name, each.revision, each.status,
                release.chart if release else "?", release.app_version if release else "?",
                _when(release.updated if release else each.created, call),
            ]
        )  # fmt: skip
    headers = ["namespace", "name", "revision", "status", "chart", "app version", "updated"]
    kept, left = fit(table_lines(headers, rows), call.max_bytes - 900)
    out = [f"{count(len(newest), 'Helm release')} in {where}:", *kept]
    if left:
        out.append(f"({left} more: narrow with namespace)")
    problems, _ = fit(
        (f"{each.revision.namespace}/{each.revision.name}: {each.problem}"
         for each in told if each.problem), 300,
    )  # fmt: skip
    out += problems
    if len(newest) > MOST_READ:
        out.append(f"The charts of {len(newest) - MOST_READ} were not read: narrow with namespace.")
    return "\n".join(out)


async def _one(found: Sequence[Revision], args: Args, call: Call) -> str:
    cluster = call.cluster
    by_number = {each.revision: each for each in found}
    shown = _pick(by_number, args.revision or found[0].revision, args.name)
    told = await cluster.helm_releases([shown, *(e for e in found if e != shown)][:_MOST_REVISIONS])
    release = told[0]
    older = [each for each in found if each.revision < shown.revision]
    before = _pick(by_number, args.compare_with, args.name) if args.compare_with else None
    before = before or (older[0] if older else None)
    if release.problem:
        raise InputError(
            f"Revision {shown.revision} of '{args.name}' was not read: {release.problem}"
        )
    head = (
        f"Helm release {shown.namespace}/{shown.name}: revision {shown.revision}"
        f"{'' if shown == found[0] else f' (newest: {found[0].revision})'}, "
        f"{release.status or shown.status}, chart {release.chart or 'unknown'}"
        f"{f', app {release.app_version}' if release.app_version else ''}, "
        f"updated {_when(release.updated, call)} ago."
    )
    lines = [f"description: {shorten(release.description, 400)}"] if release.description else []
    lines += ["revisions, newest first:", *_history(told, call)]
    if before is not None:
        lines += await _changes(cluster, before, shown)
    values = yaml_text(dict(release.values)).rstrip().split("\n") if release.values else ["(none)"]
    lines += ["values given by its user:", *values]
    if release.notes.strip():
        lines += ["notes:", *release.notes.strip().split("\n")]
    kept, left = fit(lines, call.max_bytes - 600)
    out = [shorten(head, 400), *framed(kept, what="Helm release")]
    if left:
        out.append(f"({left:,} more lines did not fit)")
    if len(found) > len(told):
        out.append(f"({len(found) - len(told)} older revisions are not shown)")
    return "\n".join(out)


def _pick(by_number: dict[int, Revision], wanted: int, name: str) -> Revision:
    if wanted not in by_number:
        there = ", ".join(map(str, sorted(by_number, reverse=True)[:20]))
        raise InputError(
            f"Helm release '{name}' has no revision {wanted}.", hint=f"There are: {there}."
        )
    return by_number[wanted]


def _history(told: Sequence[HelmRelease], call: Call) -> list[str]:
    rows = [
        [
            each.revision.revision, each.status or each.revision.status, each.chart,
            each.app_version, _when(each.updated, call), shorten(each.problem or each.description, 80),
        ]
        for each in sorted(told, key=lambda each: -each.revision.revision)
    ]  # fmt: skip
    headers = ["revision", "status", "chart", "app version", "updated", "description"]
    return table_lines(headers, rows)


async def _changes(cluster: Cluster, before: Revision, after: Revision) -> list[str]:
    try:
        changed = await cluster.helm_changes(before, after)
    except (NotFound, ServerFault, TooLarge) as error:
        return [f"values of revision {before.revision} were not read: {error.message}"]
    if not changed:
        return [f"values are the same as in revision {before.revision}"]
    lines = [f"values changed since revision {before.revision} ({len(changed):,}):"]
    for each in changed:
        was, is_ = shorten(each.before, 120), shorten(each.after, 120)
        path = shorten(each.path, 160)
        if not each.before:
            lines.append(f"  + {path}: {is_}")
        elif not each.after:
            lines.append(f"  - {path}: {was}")
        else:
            lines.append(f"  ~ {path}: {was} -> {is_}{' (another one)' if was == is_ else ''}")
    return lines[:80] + ([f"  and {len(lines) - 80} more"] if len(lines) > 80 else [])


def _when(moment: str, call: Call) -> str:
    found = parse_time(moment)
    return age(found, call.now()) if found else "?"


async def _no_such(args: Args, call: Call) -> InputError:
    names = [each.name for each in latest(await call.cluster.helm_revisions())]
    where = f" in namespace {args.namespace}" if args.namespace else ""
    if args.name in names:
        hint = "There is one in another namespace: leave namespace out."
    else:
        listed = f"There are: {', '.join(sorted(set(names))[:20])}." if names else ""
        hint = suggest(args.name, names) or listed
    return InputError(f"There is no Helm release '{args.name}'{where}.", hint=hint)
