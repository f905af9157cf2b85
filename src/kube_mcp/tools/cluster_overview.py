"""cluster_overview: the first look at a cluster."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from kube_mcp.access.gather import gather
from kube_mcp.diagnosis.capacity import amount, rooms
from kube_mcp.diagnosis.check import all_checks
from kube_mcp.diagnosis.engine import run
from kube_mcp.diagnosis.shapes import SHAPES
from kube_mcp.diagnosis.slim import slim
from kube_mcp.errors import ClusterError
from kube_mcp.objects import Obj, dig, dig_int, dig_list, dig_str
from kube_mcp.render.budget import count, fit, shorten, size
from kube_mcp.render.events import event_line, event_lines, fold
from kube_mcp.render.untrusted import framed
from kube_mcp.scene import Scene
from kube_mcp.tools._call import Call
from kube_mcp.tools._tool import Need, ToolArgs, tool

KINDS = (
    "Node", "Namespace", "Pod", "Deployment", "StatefulSet", "DaemonSet", "Event", "ReplicaSet",
    "PersistentVolumeClaim",
)  # fmt: skip

#: Reading must leave time to answer before the call's own deadline.
DEADLINE_S = 40.0

_MOST_NAMESPACES = 15
_MOST_NODES = 12
_MOST_EVENTS = 8
_MOST_FINDINGS = 8


class Args(ToolArgs):
    pass


@tool(
    title="Cluster overview",
    needs=tuple(
        Need(name, group, optional=True)
        for name, group in (
            ("nodes", ""), ("namespaces", ""), ("pods", ""), ("events", ""),
            ("deployments", "apps"), ("statefulsets", "apps"), ("daemonsets", "apps"),
            ("replicasets", "apps"), ("persistentvolumeclaims", ""),
        )
    ),
)  # fmt: skip
async def cluster_overview(args: Args, call: Call) -> str:
    """The first look at a cluster: version, nodes and their trouble, workloads that are not ready
    by namespace, capacity, the gravest findings, warnings of the last hour, and what could not be
    read. Next: diagnose for causes, list_resources, get_events.
    """
    cluster = call.cluster
    failed: ClusterError | None = None
    try:
        version = dig_str(await cluster.version(), "gitVersion") or "unknown version"
    except ClusterError as error:
        failed, version = error, f"version not read ({error.message})"
    done = 0

    def told(kind: str) -> None:
        nonlocal done
        done += 1

    scene = await gather(
        cluster,
        KINDS,
        namespace="",
        now=call.now(),
        deadline_s=DEADLINE_S,
        keep=slim,
        shapes=SHAPES,
        on_kind=told,
    )
    if failed is not None and not scene.kinds:
        raise failed
    name = f" {cluster.name}" if cluster.name else ""
    lines = [f"Cluster{name}: Kubernetes {version}, read as {cluster.reads_as}."]
    if cluster.policy.narrows_namespaces:
        lines.append(f"Only {cluster.everywhere} are counted.")
    lines += _nodes(scene)
    lines += _pods(scene)
    lines += _workloads(scene)
    found = [*_findings(scene), *_events(scene)]
    gaps, more_gaps = fit(
        (f"Not read: {why}." for why in dict.fromkeys(scene.unreadable.values())),
        call.max_bytes // 4,
    )
    if more_gaps:
        gaps.append(f"(and {more_gaps} more that could not be read)")
    room = call.max_bytes - 400 - sum(size(gap) + 1 for gap in gaps)
    kept, left = fit(lines, room // 2)
    inside, cut = fit(found, room - sum(size(line) + 1 for line in kept))
    if left + cut:
        gaps.insert(0, f"({left + cut} more lines did not fit)")
    return "\n".join([*kept, *framed(inside, what="findings and events"), *gaps])


def _nodes(scene: Scene) -> list[str]:
    if not scene.can_see("Node"):
        return []
    nodes = scene.all("Node")
    bad = [(node, trouble) for node in nodes if (trouble := _node_trouble(node))]
    lines = [f"Nodes: {len(nodes)}, {len(nodes) - len(bad)} without trouble."]
    for node, trouble in bad[:_MOST_NODES]:
        lines.append(f"  {dig_str(node, 'metadata', 'name')}: {', '.join(trouble)}")
    if len(bad) > _MOST_NODES:
        lines.append(f"  and {len(bad) - _MOST_NODES} more nodes with trouble")
    versions = Counter(dig_str(node, "status", "nodeInfo", "kubeletVersion") for node in nodes)
    if len(versions) > 1:
        listed = ", ".join(f"{version} x{n}" for version, n in versions.most_common(5))
        lines.append(f"  kubelet versions: {listed}")
    if room := rooms(scene):
        parts = []
        for resource in ("cpu", "memory", "pods"):
            total = sum(each.allocatable.get(resource, 0) for each in room)
            asked = sum(each.requested.get(resource, 0) for each in room)
            if total:
                parts.append(
                    f"{resource} {amount(resource, asked)} of {amount(resource, total)} "
                    f"({asked / total:.0%})"
                )
        lines.append(f"Capacity requested: {', '.join(parts)}.")
    return lines


def _node_trouble(node: Obj) -> list[str]:
    trouble = []
    for each in dig_list(node, "status", "conditions"):
        kind, status = dig_str(each, "type"), dig_str(each, "status")
        if kind == "Ready" and status != "True":
            trouble.append(f"not ready ({dig_str(each, 'reason') or status})")
        elif kind.endswith("Pressure") and status == "True":
            trouble.append(kind)
        elif kind == "NetworkUnavailable" and status == "True":
            trouble.append("network unavailable")
    if dig(node, "spec", "unschedulable") is True:
        trouble.append("cordoned")
    return trouble


def _pods(scene: Scene) -> list[str]:
    if not scene.can_see("Pod"):
        return []
    pods = scene.all("Pod")
    phases = Counter(dig_str(pod, "status", "phase") or "Unknown" for pod in pods)
    listed = ", ".join(f"{phase} {n:,}" for phase, n in phases.most_common())
    spaces = len({dig_str(pod, "metadata", "namespace") for pod in pods})
    return [f"Pods: {len(pods):,} in {count(spaces, 'namespace')}: {listed}."]


def _workloads(scene: Scene) -> list[str]:
    """Workloads with fewer ready replicas than wanted, by namespace."""
    missing: dict[str, list[str]] = {}
    total = 0
    for kind in ("Deployment", "StatefulSet", "DaemonSet"):
        for obj in scene.seen(kind):
            total += 1
            if kind == "DaemonSet":
                wanted = dig_int(obj, "status", "desiredNumberScheduled")
                ready = dig_int(obj, "status", "numberReady")
            else:
                wanted = dig_int(obj, "spec", "replicas", default=1)
                ready = dig_int(obj, "status", "readyReplicas")
            if ready < wanted:
                namespace = dig_str(obj, "metadata", "namespace")
                name = dig_str(obj, "metadata", "name")
                missing.setdefault(namespace, []).append(f"{kind} {name} {ready}/{wanted}")
    if not total:
        return []
    broken = sum(map(len, missing.values()))
    lines = [f"Workloads: {total:,}, {broken:,} not ready."]
    ranked = sorted(missing.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    for namespace, names in ranked[:_MOST_NAMESPACES]:
        more = f" and {len(names) - 5} more" if len(names) > 5 else ""
        lines.append(f"  {namespace}: {', '.join(names[:5])}{more}")
    if len(ranked) > _MOST_NAMESPACES:
        lines.append(f"  and {len(ranked) - _MOST_NAMESPACES} more namespaces")
    return lines


def _findings(scene: Scene) -> list[str]:
    checks = [each for each in all_checks() if set(each.kinds) & set(KINDS)]
    diagnosis = run(checks, scene)
    if not diagnosis.roots:
        return ["Findings (of the kinds read here): none; diagnose looks at more kinds."]
    rows = [
        [
            str(root.severity),
            root.finding.code,
            f"{root.finding.subject.full}: {root.finding.first.title}",
        ]
        for root in diagnosis.roots[:_MOST_FINDINGS]
    ]
    lines = [f"Findings (of the kinds read here): {len(diagnosis.roots)}, gravest first:"]
    lines += [f"  {severity} {code}: {shorten(what, 220)}" for severity, code, what in rows]
    if len(diagnosis.roots) > _MOST_FINDINGS:
        lines.append(f"  and {len(diagnosis.roots) - _MOST_FINDINGS} more: diagnose")
    return lines


def _events(scene: Scene) -> list[str]:
    if not scene.can_see("Event"):
        return []
    hour = timedelta(hours=1)
    warnings: Sequence[Obj] = [
        event for event in scene.all("Event") if dig_str(event, "type") == "Warning"
    ]
    recent = [
        line
        for line in map(event_line, warnings)
        if line.last is not None and scene.now - line.last <= hour
    ]
    if not recent:
        return ["Warnings in the last hour: none."]
    folded = fold(recent)
    shown = event_lines(folded[:_MOST_EVENTS], now=scene.now, with_namespace=True)
    head = f"Warnings in the last hour: {len(recent):,}, folded to {len(folded)}, newest first:"
    more = len(folded) - len(shown)
    tail = [f"  and {more} more: get_events type=Warning"] if more else []
    return [head, *(f"  {line}" for line in shown), *tail]
