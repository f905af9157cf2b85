"""check_network: would NetworkPolicies let this reach that, and which rule decides."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import Meta

from kube_mcp.access.gather import gather
from kube_mcp.diagnosis.network import NEEDS, OTHER_POLICIES, Side, Verdict
from kube_mcp.diagnosis.network import check_network as judge
from kube_mcp.errors import InputError
from kube_mcp.objects import Obj
from kube_mcp.render.budget import fit
from kube_mcp.scene import CLUSTER_SCOPED, Scene
from kube_mcp.tools._call import Call
from kube_mcp.tools._find import check_namespace
from kube_mcp.tools._tool import Need, ToolArgs, tool

DEADLINE_S = 30.0

_HOW = "Write a pod's name, svc/NAME, * for any pod of the namespace, outside, or an IP address."


class Args(ToolArgs):
    source: Annotated[
        str,
        Meta(description="Pod, * (any pod of the namespace), outside, or an IP", max_length=300),
    ]
    target: Annotated[str, Meta(description="Pod, svc/NAME, *, outside, or an IP", max_length=300)]
    source_namespace: Annotated[str, Meta(max_length=200)] = ""
    target_namespace: Annotated[str, Meta(max_length=200)] = ""
    port: Annotated[
        str, Meta(description="Number or name; omit to be told which are open", max_length=63)
    ] = ""
    protocol: Literal["TCP", "UDP", "SCTP"] = "TCP"


@tool(
    title="Check network policies",
    needs=(
        Need("networkpolicies", "networking.k8s.io"),
        Need("pods"),
        Need("namespaces"),
        Need("services"),
    ),
)
async def check_network(args: Args, call: Call) -> str:
    """Whether every NetworkPolicy that applies would let a pod, a namespace or an outside address
    reach a pod or Service on a port: allowed, denied, or cannot tell, with the deciding rule named.
    It judges policies only, not routes or listeners. Next: get_relations, diagnose.
    """
    source = _side(args.source, args.source_namespace or args.target_namespace, "source")
    target = _side(args.target, args.target_namespace or args.source_namespace, "target")
    if source.kind == "service":
        raise InputError("A Service does not open connections.", hint="Name one of its pods.")
    if source.kind == target.kind == "outside":
        raise InputError("Both sides are outside the cluster; no policy applies there.")
    namespaces = list(dict.fromkeys(side.namespace for side in (source, target) if side.namespace))
    for namespace in namespaces:
        await check_namespace(call.cluster, namespace)
    scene = await _scene(call, namespaces)
    port = int(args.port) if args.port.isdigit() else args.port or None
    verdict = judge(scene, source=source, target=target, port=port, protocol=args.protocol)
    return _answer(args, call, source, target, verdict)


def _side(text: str, namespace: str, which: str) -> Side:
    given = text.strip()
    if given.lower() == "outside":
        return Side("outside")
    try:
        return Side("outside", address=str(ipaddress.ip_address(given)))
    except ValueError:
        pass
    if not namespace:
        raise InputError(f"check_network needs {which}_namespace for '{given}'.")
    if given == "*":
        return Side("namespace", namespace)
    word, slash, name = given.rpartition("/")
    kinds = {"": "pod", "pod": "pod", "po": "pod", "svc": "service", "service": "service"}
    kind = kinds.get(word.lower() if slash else "")
    if kind is None or not name:
        raise InputError(f"'{given}' is not a {which}.", hint=_HOW)
    return Side(kind, namespace, name)


async def _scene(call: Call, namespaces: Sequence[str]) -> Scene:
    """Both namespaces in one scene. Nothing else is asked of it, so what is missing is not missed."""
    now = call.now()
    kinds = (*NEEDS, *OTHER_POLICIES)
    scenes = await asyncio.gather(
        *(
            gather(
                call.cluster,
                kinds if at == 0 else [kind for kind in kinds if kind not in CLUSTER_SCOPED],
                namespace=namespace,
                now=now,
                deadline_s=DEADLINE_S,
            )
            for at, namespace in enumerate(namespaces)
        )
    )
    if len(scenes) == 1:
        return scenes[0]
    merged: dict[str, list[Obj]] = {}
    unreadable: dict[str, str] = {}
    for scene in scenes:
        unreadable.update(scene.unreadable)
        for kind, objects in scene.kinds.items():
            merged.setdefault(kind, []).extend(objects)
    for kind in unreadable:
        merged.pop(kind, None)
    return Scene(
        now=now, kinds=merged, unreadable=unreadable, absent=scenes[0].absent - set(merged)
    )


def _answer(args: Args, call: Call, source: Side, target: Side, verdict: Verdict) -> str:
    on = f" on port {args.port}/{args.protocol}" if args.port else ""
    lines = [f"{source} to {target}{on}: {verdict.answer.upper()}.", verdict.reason]
    if verdict.ports and not args.port:
        lines.append(f"open ports: {verdict.ports}")
    lines += [f"{step.direction}: {step.answer}. {step.reason}" for step in verdict.steps]
    lines += [f"note: {note}" for note in verdict.notes]
    kept, left = fit(dict.fromkeys(line for line in lines if line), call.max_bytes - 100)
    if left:
        kept.append(f"({left} more lines)")
    return "\n".join(kept)
