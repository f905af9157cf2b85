"""diagnose: what is broken, and why, in one call."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace

from kube_mcp.access.cluster import Cluster
from kube_mcp.access.gather import by_key, gather, uncollected
from kube_mcp.diagnosis.check import all_checks, needs
from kube_mcp.diagnosis.crashes import wants_logs
from kube_mcp.diagnosis.shapes import SHAPES
from kube_mcp.diagnosis.slim import slim
from kube_mcp.errors import ClusterError, InputError, NotAllowed
from kube_mcp.kube.logs import LogQuery
from kube_mcp.render.findings import findings_text
from kube_mcp.scene import BUILT_IN, LogTail, Scene
from kube_mcp.tools._call import Call
from kube_mcp.tools._elsewhere import diagnose_with, extended, look_elsewhere
from kube_mcp.tools._find import check_namespace, find
from kube_mcp.tools._params import NamespaceOrAll
from kube_mcp.tools._tool import Need, ToolArgs, tool

#: Reading must leave time for the logs and the thinking before the call's own deadline.
DEADLINE_S = 40.0

#: Lines of a crashed container's log: the telling ones stand at the end.
LOG_LINES = 60

#: A namespace's diagnosis fits 2,000 tokens, a cluster's 4,000; about 3.6 bytes a token.
NAMESPACE_BYTES = 7_000
CLUSTER_BYTES = 14_000

#: Custom kinds read beside those that checks name. A cluster with more has most of them empty.
MOST_CUSTOM_KINDS = 80


class Args(ToolArgs):
    namespace: NamespaceOrAll = ""
    kind: str = ""
    name: str = ""


@tool(title="Diagnose", toolset="core", needs=(Need("*"), Need("pods/log", verbs=("get",))))
async def diagnose(args: Args, call: Call) -> str:
    """Find what is broken and why: in the cluster, a namespace, or one object (kind and name).
    Reads everything the checks need at once, names root causes first with their consequences
    folded, quotes evidence and the telling lines of crashed containers' logs, gives one next step
    each, and says which checks could not look. Start here when something does not work.
    """
    cluster = call.cluster
    target = None
    namespace = args.namespace
    if args.name or args.kind:
        if not args.name:
            raise InputError("diagnose needs a name with kind.")
        target = await find(cluster, kind=args.kind, name=args.name, namespace=namespace)
        namespace = target.namespace
        if target.resource.kind == "Namespace" and not target.resource.group:
            namespace, target = target.name, None
    elif namespace:
        await check_namespace(cluster, namespace)
    home = await read_scene(call, namespace=namespace)
    scene, gaps = await look_elsewhere(cluster, home)
    if scene is not home:
        # What crashes there has last words too.
        scene = extended(scene, logs=await _last_words(cluster, scene))
    with uncollected():
        diagnosis = diagnose_with(scene, home, gaps)
    if target is not None:
        from kube_mcp.diagnosis.focus import about

        diagnosis = about(diagnosis, scene, target.obj)
    most = NAMESPACE_BYTES if namespace or target else CLUSTER_BYTES
    return findings_text(diagnosis, max_bytes=min(most, call.max_bytes))


async def read_scene(
    call: Call, *, namespace: str, more: Iterable[str] = (), with_logs: bool = True
) -> Scene:
    """Everything that checks look at, and the last words of what crashed."""
    cluster = call.cluster
    kinds = set(needs(all_checks())) | set(more) | await custom_kinds(cluster, namespace)
    total = len(kinds)
    done = 0

    def told(kind: str) -> None:
        nonlocal done
        done += 1

    scene = await gather(
        cluster, kinds, namespace=namespace, now=call.now(), deadline_s=DEADLINE_S,
        keep=slim, shapes=SHAPES, on_kind=told,
    )  # fmt: skip
    await call.progress(done, total, f"{done} kinds read")
    if not with_logs:
        return scene
    found = await _last_words(cluster, scene)
    return replace(scene, logs=found) if found else scene


async def _last_words(cluster: Cluster, scene: Scene) -> dict[tuple[str, str, str], LogTail]:
    """The ends of the logs of what crashed, those that the scene has not got yet."""
    wanted = [each for each in wants_logs(scene) if each[:3] not in scene.logs]
    tails = await asyncio.gather(*(_tail(cluster, *each) for each in wanted))
    return {each[:3]: tail for each, tail in zip(wanted, tails, strict=True) if tail is not None}


async def custom_kinds(cluster: Cluster, namespace: str) -> set[str]:
    """Kinds outside the built-in groups: any of them may say in its conditions what is wrong."""
    served = await cluster.resources()
    keys = [
        key
        for key, resource in by_key(served.types).items()
        if "." in key
        and key.split(".")[0] not in _NO_STATE
        and {"get", "list", "watch"} <= resource.verbs
        and not resource.group.endswith("metrics.k8s.io")
        and (resource.namespaced or not namespace)
        and key not in BUILT_IN
    ]
    return set(sorted(keys)[:MOST_CUSTOM_KINDS])


#: Kinds outside the built-in table that hold no state of their own.
_NO_STATE = frozenset({
    "Event", "SelfSubjectAccessReview", "ComponentStatus", "FlowSchema", "Lease",
    "PriorityLevelConfiguration", "PodTemplate", "CSIStorageCapacity", "IPAddress", "ServiceCIDR",
})  # fmt: skip


async def _tail(
    cluster: Cluster, namespace: str, pod: str, container: str, previous: bool
) -> LogTail | None:
    query = LogQuery(namespace, pod, container, tail=LOG_LINES, previous=previous)
    try:
        read = await cluster.log(query, keep=LOG_LINES, max_kept_bytes=32_000, timeout_s=10.0)
    except (ClusterError, NotAllowed):
        # The finding stands without its log; most often the node no longer has it.
        return None
    return LogTail(tuple(text for _, text in read.lines), previous)
