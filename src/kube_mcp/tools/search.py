"""search: find objects by name, label, annotation, image or content, without knowing their kind."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any, Literal

from msgspec import Meta

from kube_mcp.access.cluster import is_secret, why_unreadable
from kube_mcp.errors import OUTAGES, ClusterError, InputError, NotAllowed
from kube_mcp.kube.discovery import Discovered
from kube_mcp.objects import ResourceType, dig_map, dig_str
from kube_mcp.render.budget import count, fit, shorten
from kube_mcp.render.fields import images
from kube_mcp.render.untrusted import framed
from kube_mcp.tools._call import Call
from kube_mcp.tools._find import check_namespace
from kube_mcp.tools._params import NamespaceOrAll
from kube_mcp.tools._tool import Need, ToolArgs, tool

#: Kinds looked through unless others are named: what people mean by "find".
_USUAL = (
    "pods", "deployments.apps", "statefulsets.apps", "daemonsets.apps", "cronjobs.batch",
    "jobs.batch", "services", "ingresses.networking.k8s.io", "configmaps", "secrets",
    "persistentvolumeclaims", "namespaces", "nodes", "serviceaccounts",
)  # fmt: skip

#: Lists in flight.
AT_ONCE = 6

#: Matches shown of one kind before the others get their turn.
_MOST_OF_A_KIND = 40

#: Kinds that have no objects of their own, or too many of no interest.
_NEVER = frozenset({"events", "events.events.k8s.io", "leases.coordination.k8s.io",
                    "endpointslices.discovery.k8s.io", "endpoints",
                    "controllerrevisions.apps"})  # fmt: skip


class Args(ToolArgs):
    text: Annotated[str, Meta(description="Part to look for; case is ignored", min_length=2,
                              max_length=200)]  # fmt: skip
    where: Annotated[
        tuple[Literal["name", "label", "annotation", "image", "content"], ...],
        Meta(description="Default: name, label, image. content: any field"),
    ] = ("name", "label", "image")
    kinds: Annotated[
        tuple[str, ...], Meta(description="Default: the usual ones; ['all'] for every kind",
                              max_length=30),
    ] = ()  # fmt: skip
    namespace: NamespaceOrAll = ""


@tool(title="Search", needs=(Need("*"),))
async def search(args: Args, call: Call) -> str:
    """Find objects of several kinds at once by part of a name, label, annotation, image or any
    field, when kind or namespace are unknown. Next: get_resource, get_relations.
    """
    cluster = call.cluster
    if args.namespace:
        await check_namespace(cluster, args.namespace)
    known = await cluster.resources()
    kinds = await _kinds(args, call, known)
    needle = args.text.lower()
    # Images and content are in the objects; everything else is in their metadata, which is small.
    whole = "content" in args.where or "image" in args.where
    gate = asyncio.Semaphore(AT_ONCE)
    done = 0

    async def one(kind: ResourceType) -> list[tuple[str, str, str]]:
        nonlocal done
        async with gate:
            listing = await cluster.list(
                kind,
                namespace=args.namespace if kind.namespaced else "",
                metadata_only=not whole,
                then=_matcher(needle, args.where),
            )
        done += 1
        await call.progress(done, len(kinds), f"{done} of {len(kinds)} kinds searched")
        return [match for match in listing.items if match]

    results = await asyncio.gather(*(one(kind) for kind in kinds), return_exceptions=True)
    outages = [each for each in results if isinstance(each, OUTAGES)]
    if len(outages) == len(results):
        raise outages[0]  # nothing was looked through: zero matches would be no answer
    found: list[tuple[ResourceType, list[tuple[str, str, str]]]] = []
    gaps: list[str] = []
    for kind, result in zip(kinds, results, strict=True):
        if isinstance(result, ClusterError | NotAllowed):
            gaps.append(why_unreadable(result, resource=kind, namespace=args.namespace))
        elif isinstance(result, BaseException):
            raise result
        elif result:
            found.append((kind, result))
    return _answer(args, call, kinds, found, gaps)


async def _kinds(args: Args, call: Call, known: Discovered) -> list[ResourceType]:
    listable = [each for each in known.types if "list" in each.verbs]
    if args.kinds == ("all",):
        kinds = [each for each in listable if each.full_name not in _NEVER]
    elif args.kinds:
        kinds = [await call.cluster.resolve(kind) for kind in args.kinds]
    else:
        kinds = [each for each in listable if each.full_name in _USUAL]
    if args.namespace:
        kinds = [each for each in kinds if each.namespaced]
    if not kinds:
        raise InputError("There is no kind to search.", hint="Leave kinds out for the usual ones.")
    return list(dict.fromkeys(kinds))


def _matcher(needle: str, where: Sequence[str]) -> Callable[[Any], tuple[str, str, str] | None]:
    """The first place where an object holds the text, as (namespace, name, what matched)."""

    def match(obj: Any) -> tuple[str, str, str] | None:
        metadata = dig_map(obj, "metadata")
        name = dig_str(metadata, "name")
        for what in _places(obj, name, needle, where):
            return dig_str(metadata, "namespace"), name, what
        return None

    return match


def _places(obj: Any, name: str, needle: str, where: Sequence[str]) -> Iterator[str]:
    if "name" in where and needle in name.lower():
        yield "name"
    for place, key in (("label", "labels"), ("annotation", "annotations")):
        if place in where:
            for label, value in dig_map(obj, "metadata", key).items():
                if needle in f"{label}={value}".lower():
                    yield f"{place} {shorten(f'{label}={value}', 100)}"
    if "image" in where:
        for image in images(obj):
            if needle in image.lower():
                yield f"image {shorten(image, 120)}"
    if "content" in where:
        yield from _content(obj, needle, "")


def _content(value: Any, needle: str, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, below in value.items():
            if path == ".metadata" and key in {"managedFields", "uid", "resourceVersion"}:
                continue
            if needle in str(key).lower():
                yield f"field {path}.{key}"
            yield from _content(below, needle, f"{path}.{key}")
    elif isinstance(value, list):
        for at, below in enumerate(value):
            yield from _content(below, needle, f"{path}[{at}]")
    elif isinstance(value, str) and needle in value.lower():
        at = value.lower().index(needle)
        start = max(0, at - 30)
        yield f"{path}: …{shorten(value[start : at + len(needle) + 50], 100)}"


def _answer(
    args: Args,
    call: Call,
    kinds: Sequence[ResourceType],
    found: Sequence[tuple[ResourceType, list[tuple[str, str, str]]]],
    gaps: Sequence[str],
) -> str:
    total = sum(len(matches) for _, matches in found)
    where = f" in {args.namespace or call.cluster.everywhere}"
    searched = f"{', '.join(args.where)} of {count(len(kinds) - len(gaps), 'kind')}{where}"
    lines = []
    for kind, matches in found:
        for namespace, name, what in sorted(matches)[:_MOST_OF_A_KIND]:
            place = f"{namespace}/{name}" if namespace else name
            # The name speaks for itself where it was all that was looked for.
            lines.append(f"{kind.kind} {place}" + (f"  ({what})" if what != "name" else ""))
        if len(matches) > _MOST_OF_A_KIND:
            lines.append(f"{kind.kind}: {len(matches) - _MOST_OF_A_KIND} more")
    kept, left = fit(lines, call.max_bytes - 3000)
    head = f"'{args.text}': {count(total, 'match', 'matches')} in {searched}."
    # What matched is quoted from the cluster.
    out = [head, *(framed(kept, what="matches") if kept else [])]
    if left:
        out.append(f"({left} more lines: narrow with kinds or namespace)")
    if not total and not args.kinds:
        names = shorten(", ".join(kind.name for kind in kinds), 600)
        out.append(f"Searched: {names}. kinds=['all'] searches every kind, where=['content'] "
                   "every field.")  # fmt: skip
    if "content" in args.where and any(is_secret(kind) for kind in kinds):
        out.append("Values of Secrets are never read, so they were not searched.")
    kept_gaps, more = fit((f"Not searched: {gap}." for gap in gaps), 1000)
    out += [*kept_gaps, *([f"(and {more} more kinds that could not be read)"] if more else [])]
    return "\n".join(out)
