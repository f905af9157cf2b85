"""get_changes: what changed before it broke, by whom, and where the trouble began."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Annotated

from msgspec import Meta

from kube_mcp.access.cluster import Cluster, why_unreadable
from kube_mcp.access.gather import gather, scene_key
from kube_mcp.diagnosis.changes import KINDS, timeline
from kube_mcp.diagnosis.history import Revision, keep_history, revisions
from kube_mcp.errors import ClusterError, InputError, NotAllowed
from kube_mcp.graph.flux import ALL as FLUX
from kube_mcp.graph.flux import inventory
from kube_mcp.graph.owners import workload_of
from kube_mcp.objects import Obj, Ref, ResourceType
from kube_mcp.render.changes import changes_text, difference_text, revisions_text
from kube_mcp.scene import CLUSTER_SCOPED, Scene, ref_to
from kube_mcp.tools._call import Call
from kube_mcp.tools._find import EVENTS, Target, check_namespace, find
from kube_mcp.tools._params import Namespace
from kube_mcp.tools._tool import Need, ToolArgs, tool
from kube_mcp.tools.diagnose import custom_kinds
from kube_mcp.words.selectors import field_equals
from kube_mcp.words.times import parse_duration

DEADLINE_S = 30.0

#: About 2,000 tokens: a day of a busy namespace.
MOST_BYTES = 7_000

#: Namespaces read for one Flux object, which may apply things everywhere.
MOST_NAMESPACES = 4

_LONGEST = timedelta(days=365)
_REVISIONS = re.compile(r"(\d{1,9})(?:\.\.(\d{1,9}))?")
_HISTORIES = ("Deployment", "StatefulSet", "DaemonSet")


class Args(ToolArgs):
    namespace: Namespace = ""
    kind: Annotated[str, Meta(max_length=200)] = ""
    name: Annotated[str, Meta(max_length=300)] = ""
    since: Annotated[str, Meta(description="How far back: 2h, 7d", max_length=40)] = "24h"
    revisions: Annotated[
        str,
        Meta(description="Of a workload, instead: all, or full differences: 3..4", max_length=40),
    ] = ""


@tool(title="Get changes", needs=(Need("*"),))
async def get_changes(args: Args, call: Call) -> str:
    """What changed before it broke: a timeline of a namespace, or of one object and what surrounds
    it. Rollouts with the differences of their pod templates, who edited which fields with which
    tool, Flux and Helm releases, scaling, restarts, conditions and events; marks the first sign of
    today's trouble and the nearest change before it. Next: diagnose, get_logs.
    """
    since = parse_duration(args.since)
    if not timedelta(0) < since <= _LONGEST:
        raise InputError(f"since '{args.since}' is not between a second and a year.")
    if args.revisions:
        return await _revisions(args, call)
    target = await _target(args, call)
    namespace = args.namespace
    if target is not None and (target.resource.kind, target.resource.group) == ("Namespace", ""):
        namespace, target = target.name, None
    if target is None:
        scene = await _namespace(namespace, call)
        about, where = None, f"namespace {namespace}"
    else:
        scene = await _around(target, call)
        about, where, namespace = target.obj, f"what surrounds {target.label}", target.namespace
    return changes_text(
        timeline(scene, since=since, about=about),
        now=scene.now,
        span=args.since.strip(),
        where=where,
        namespace=namespace,
        gaps=list(dict.fromkeys(scene.unreadable.values())),
        max_bytes=min(MOST_BYTES, call.max_bytes),
    )


async def _target(args: Args, call: Call) -> Target | None:
    """The one object that is meant; None for a namespace, which is then known to exist."""
    if bool(args.kind) != bool(args.name) and "/" not in args.name:
        raise InputError("get_changes needs kind and name together, or neither.")
    if args.name:
        return await find(call.cluster, kind=args.kind, name=args.name, namespace=args.namespace)
    if not args.namespace:
        raise InputError(
            "get_changes needs a namespace, or kind and name.",
            hint="diagnose without arguments says in which namespace something is broken.",
        )
    await check_namespace(call.cluster, args.namespace)
    return None


async def _revisions(args: Args, call: Call) -> str:
    target = await _target(args, call)
    if target is None:
        raise InputError("get_changes needs kind and name to show revisions.")
    scene = await _read(
        call, {"Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "ControllerRevision"},
        target.namespace,
    )  # fmt: skip
    ref: Ref | None = ref_to(target.obj)
    if target.resource.kind not in _HISTORIES or target.resource.group != "apps":
        ref = workload_of(target.obj, scene)
    if ref is None or ref.kind not in _HISTORIES:
        raise InputError(
            f"{target.label} keeps no revisions.",
            hint="A Deployment, StatefulSet or DaemonSet does.",
        )
    holder = "ReplicaSet" if ref.kind == "Deployment" else "ControllerRevision"
    if holder in scene.unreadable:
        return f"The revisions of {ref.full} were not read: {scene.unreadable[holder]}."
    found = revisions(ref, scene)
    most = min(MOST_BYTES, call.max_bytes) - 200
    if args.revisions.strip().lower() == "all":
        return f"{len(found)} revisions of {ref.full}, newest first:\n" + revisions_text(
            found, now=call.now(), max_bytes=most
        )
    old, new = _pick(args.revisions.strip(), found, ref)
    return f"{ref.full}, difference of the pod templates:\n" + difference_text(
        old, new, max_bytes=most
    )


def _pick(asked: str, found: Sequence[Revision], ref: Ref) -> tuple[Revision, Revision]:
    """The two revisions ``3..4`` names; ``4`` alone is compared with the one before it."""
    there = ", ".join(str(each.number) for each in found) or "none"
    given = _REVISIONS.fullmatch(asked)
    if given is None:
        raise InputError(f"revisions: '{asked}' is not one of all, 4 or 3..4.")
    by_number = {each.number: index for index, each in enumerate(found)}
    numbers = [int(each) for each in given.groups() if each]
    for number in numbers:
        if number not in by_number:
            raise InputError(
                f"{ref.full} has no revision {number} any more.", hint=f"There are: {there}."
            )
    if len(numbers) == 2:
        return found[by_number[numbers[0]]], found[by_number[numbers[1]]]
    at = by_number[numbers[0]]
    if at + 1 >= len(found):
        raise InputError(
            f"There is no revision before {numbers[0]} of {ref.full}.", hint=f"There are: {there}."
        )
    return found[at + 1], found[at]


async def _namespace(namespace: str, call: Call) -> Scene:
    """All that changes in a namespace, and the Flux objects elsewhere that may change it."""
    custom = await custom_kinds(call.cluster, namespace)
    here, flux = await asyncio.gather(
        _read(call, {*KINDS, *custom} - set(FLUX), namespace), _flux(call, namespace)
    )
    return _joined(here, flux)


async def _flux(call: Call, namespace: str) -> Scene:
    """Flux objects of all namespaces; of this one where the others may not be read."""
    everywhere = await _read(call, FLUX, "")
    refused = everywhere.unreadable
    if not refused:
        return everywhere
    own = await _read(call, refused, namespace)
    rest = {
        key: f"{why}; only those in {namespace} were" if key in own.kinds else why
        for key, why in refused.items()
    }
    return replace(_joined(everywhere, own), unreadable=rest)


async def _around(target: Target, call: Call) -> Scene:
    if not target.namespace:
        return await _alone(target, call)
    spaces = list(
        dict.fromkeys([target.namespace, *(ref.namespace for ref in inventory(target.obj))])
    )
    spaces = [each for each in spaces if each][:MOST_NAMESPACES]
    scenes = await asyncio.gather(
        *(_namespace(each, call) if at == 0 else _read(call, _namespaced(), each)
          for at, each in enumerate(spaces))
    )  # fmt: skip
    key = scene_key(target.resource)
    scene = scenes[0]
    for other in scenes[1:]:
        scene = replace(_joined(scene, other), namespace="")
    if scene.peek(key, target.namespace, target.name) is None:
        # It was read by its name even where its kind may not be listed, or is not a usual one.
        mine = keep_history(key, target.obj)
        kinds = {**scene.kinds, key: [*scene.seen(key), mine]}
        scene = replace(scene, kinds=kinds, _derived={})
    return scene


def _namespaced() -> set[str]:
    return set(KINDS) - CLUSTER_SCOPED - set(FLUX)


async def _alone(target: Target, call: Call) -> Scene:
    """An object that lives in no namespace: itself and what was said about it."""
    cluster, key = call.cluster, scene_key(target.resource)
    events = field_equals({
        "involvedObject.name": target.name, "involvedObject.kind": target.resource.kind,
    })  # fmt: skip
    itself, said = await asyncio.gather(
        _list(cluster, target.resource, key, field_equals({"metadata.name": target.name})),
        _list(cluster, EVENTS, "Event", events),
    )
    unreadable = {
        what: each for what, each in ((key, itself), ("Event", said)) if isinstance(each, str)
    }
    found: Sequence[Obj] = [] if isinstance(itself, str) else itself
    return Scene(
        now=call.now(),
        kinds={
            key: found or [keep_history(key, target.obj)],
            "Event": [] if isinstance(said, str) else said,
        },
        unreadable=unreadable,
    )


async def _list(
    cluster: Cluster, resource: ResourceType, key: str, selector: str
) -> Sequence[Obj] | str:
    """The selected objects, or why they could not be read."""
    try:
        listing = await cluster.list(
            resource, field_selector=selector, keep=lambda item: keep_history(key, item)
        )
    except (ClusterError, NotAllowed) as error:
        return why_unreadable(error, resource=resource, namespace="")
    return listing.items


async def _read(call: Call, kinds: Iterable[str], namespace: str) -> Scene:
    return await gather(
        call.cluster,
        kinds,
        namespace=namespace,
        now=call.now(),
        deadline_s=DEADLINE_S,
        keep=keep_history,
    )


def _joined(one: Scene, other: Scene) -> Scene:
    """Both readings as one, under the first one's namespace."""
    kinds: dict[str, Sequence[Obj]] = dict(one.kinds)
    for key, objects in other.kinds.items():
        known = {ref_to(each) for each in kinds.get(key, ())}
        more = [each for each in objects if ref_to(each) not in known] if known else objects
        kinds[key] = [*kinds.get(key, ()), *more]
    return replace(
        one,
        kinds=kinds,
        unreadable={**one.unreadable, **other.unreadable},
        absent=(one.absent | other.absent) - set(kinds),
        _derived={},
    )
