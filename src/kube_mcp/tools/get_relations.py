"""get_relations: what an object owns, selects, uses and routes to, and what depends on it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Annotated

from msgspec import Meta

from kube_mcp.access.gather import gather, scene_key
from kube_mcp.diagnosis.shapes import SHAPES
from kube_mcp.diagnosis.slim import slim
from kube_mcp.graph.build import build, kinds
from kube_mcp.graph.walk import around
from kube_mcp.objects import Obj
from kube_mcp.render.relations import relations_text
from kube_mcp.scene import Scene, ref_to
from kube_mcp.tools._call import Call
from kube_mcp.tools._find import Target, find
from kube_mcp.tools._params import Kind, Name, Namespace
from kube_mcp.tools._tool import Need, ToolArgs, tool

DEADLINE_S = 30.0

#: Kinds that reach into other namespaces, so they are read everywhere: what a Flux Kustomization
#: applies is in its own namespace least of all.
_REACH = ("fluxcd.io", "gateway.networking.k8s.io")


class Args(ToolArgs):
    kind: Kind
    name: Name
    namespace: Namespace = ""
    depth: Annotated[int, Meta(description="Steps from the object", ge=1, le=5)] = 3


@tool(title="Get relations", needs=(Need("*"),))
async def get_relations(args: Args, call: Call) -> str:
    """The tree around an object, in both directions, each with its status: owners and what is
    owned, Services and what they select, ConfigMaps, Secrets, claims and accounts in use, routes
    that lead there, bindings, node, policies, the Flux objects that apply it. Use it for "what
    depends on this?". Next: diagnose, check_network.
    """
    target = await find(call.cluster, kind=args.kind, name=args.name, namespace=args.namespace)
    scene = await _scene(target, call)
    tree = around(build(scene), ref_to(target.obj), depth=args.depth)
    return relations_text(tree, scene, max_bytes=min(call.max_bytes, 12_000))


async def _scene(target: Target, call: Call) -> Scene:
    wanted = {*kinds(), scene_key(target.resource)}
    now = call.now()
    if not target.namespace:
        # A node or a volume is related to objects of every namespace: slim ones will do.
        scene = await gather(
            call.cluster, wanted, namespace="", now=now, deadline_s=DEADLINE_S,
            keep=slim, shapes=SHAPES,
        )  # fmt: skip
        return _with(scene, target)
    reach = {key for key in wanted if key.endswith(_REACH)}
    here, everywhere = await asyncio.gather(
        gather(
            call.cluster,
            wanted - reach,
            namespace=target.namespace,
            now=now,
            deadline_s=DEADLINE_S,
        ),
        gather(call.cluster, reach, namespace="", now=now, deadline_s=DEADLINE_S),
    )
    return _with(
        replace(
            here,
            kinds={**here.kinds, **everywhere.kinds},
            unreadable={**here.unreadable, **everywhere.unreadable},
            absent=here.absent | everywhere.absent,
        ),
        target,
    )


def _with(scene: Scene, target: Target) -> Scene:
    """The scene with the object itself in it: it was read even where its kind may not be listed."""
    key = scene_key(target.resource)
    known: list[Obj] = list(scene.kinds.get(key, ()))
    if scene.peek(key, target.namespace, target.name) is not None:
        return scene
    rest = {kind: why for kind, why in scene.unreadable.items() if kind != key}
    partial = dict(scene.partial)
    if key in scene.unreadable:
        partial[key] = scene.unreadable[key]
    return replace(
        scene, kinds={**scene.kinds, key: [*known, target.obj]}, unreadable=rest, partial=partial
    )
