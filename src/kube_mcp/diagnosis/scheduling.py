"""The scheduler's sentence about a pod that fits nowhere, taken apart into counted causes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from kube_mcp.diagnosis.conditions import condition, since
from kube_mcp.diagnosis.events import latest
from kube_mcp.diagnosis.placement import admits
from kube_mcp.diagnosis.pods import created, is_going, older_than, phase
from kube_mcp.objects import Obj, dig, dig_str
from kube_mcp.scene import Scene

#: A new pod is tried within a second; half a minute leaves room for an autoscaler's first look.
SETTLED_S = 30

# What each part of the sentence is about. The first match counts, so what is narrower stands
# before what is wider. The wording is kube-scheduler's, old and new.
_KINDS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "claim",
        re.compile(
            r"unbound immediate PersistentVolumeClaim|persistentvolumeclaim .*not found"
            r"|persistentvolumeclaim .*is being deleted|didn't find available persistent volumes"
            r"|storageclass\S* .*not found|ephemeral volume controller|bound to non-existent"
            r"|VolumeBinding",
            re.IGNORECASE,
        ),
    ),
    (
        "volume",
        re.compile(
            r"volume node affinity conflict|max volume count|no available volume zone"
            r"|no available disk|ReadWriteOncePod|exceed.*volume|not enough free storage",
            re.IGNORECASE,
        ),
    ),
    ("cordon", re.compile(r"were unschedulable|node\.kubernetes\.io/unschedulable")),
    ("resources", re.compile(r"^(Insufficient \S+|Too many pods)")),
    ("spread", re.compile(r"topology spread constraints")),
    (
        "pod-affinity",
        re.compile(r"pod affinity|pod anti-affinity|existing pods'? anti-affinity|inter-pod", re.I),
    ),
    # Where a pod may run on certain nodes only, as each of a DaemonSet's, the rest is named so.
    ("pinned", re.compile(r"satisfy plugin\(s\) \[NodeAffinity\]")),
    ("device", re.compile(r"cannot allocate all claims|resource ?claim|deviceclass", re.I)),
    ("selector", re.compile(r"node affinity|node selector|requested node name|NodeName", re.I)),
    ("taint", re.compile(r"untolerated taint|didn't tolerate|taint\(s\)", re.IGNORECASE)),
    ("port", re.compile(r"free ports", re.IGNORECASE)),
    ("no-nodes", re.compile(r"no nodes available", re.IGNORECASE)),
)
# Where two causes matter and bar as much, the one a person can more probably act upon.
_ORDER = (
    "claim",
    "volume",
    "selector",
    "pod-affinity",
    "spread",
    "port",
    "device",
    "resources",
    "cordon",
    "taint",
    "no-nodes",
    "pinned",
    "other",
)
# What the scheduler asks about a node only after its labels were found to fit.
_ASKED_LATER = ("port", "resources", "volume", "spread", "pod-affinity", "device")
_PART = re.compile(r"^(\d+) (?:node\(s\) )?(.*)$", re.DOTALL)
_TAINT = re.compile(r"taint\(?s?\)? \{([^}]*)\}")
# A control plane that takes no ordinary pods is how clusters are built, not what is wrong.
_NORMAL_TAINTS = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
# Taints by which controllers mark a node that is unwell or not set up: the node is the cause.
_UNWELL_TAINTS = ("node.kubernetes.io/", "node.cloudprovider.kubernetes.io/", "node.cilium.io/")


@dataclass(frozen=True, slots=True)
class Cause:
    """Why ``nodes`` of the nodes were ruled out, in the scheduler's words."""

    nodes: int
    kind: str
    text: str

    @property
    def taint(self) -> str:
        """``key: value`` of the taint, where one is named."""
        found = _TAINT.search(self.text)
        return found[1].strip().rstrip(":").strip() if found else ""

    @property
    def is_unwell(self) -> bool:
        """Whether it is a taint that says that the nodes are not in order."""
        return self.taint.startswith(_UNWELL_TAINTS)


@dataclass(frozen=True, slots=True)
class Obstacles:
    """What keeps one pod from being placed. ``main`` is the cause that matters most."""

    message: str
    path: str
    since: datetime | None
    causes: tuple[Cause, ...]
    main: Cause

    def others(self) -> str:
        """The further causes, as half a sentence; empty where there are none."""
        rest = [f"{each.nodes} {each.text}" for each in self.causes if each is not self.main]
        return f" (and {', '.join(rest)})" if rest else ""


def obstacles(pod: Obj, scene: Scene, *kinds: str) -> Obstacles | None:
    """What keeps the pod from being placed, if the main cause is of one of these kinds."""
    if phase(pod) not in ("Pending", "") or dig(pod, "spec", "nodeName") or is_going(pod):
        return None
    found = condition(pod, "PodScheduled")
    if not older_than(since(found) or created(pod), SETTLED_S, scene.now):
        return None
    message, path, start = "", "", None
    if found.get("status") == "False" and dig_str(found, "reason") != "SchedulingGated":
        message = dig_str(found, "message")
        path, start = "status.conditions[PodScheduled].message", since(found)
    if not message:
        event = latest(pod, scene, "FailedScheduling")
        if event is None:
            return None
        message, path, start = event.message, "event FailedScheduling", event.first
    causes = tuple(parse(message))
    selects = any(each.kind == "selector" for each in causes)
    passed = any(each.kind in _ASKED_LATER for each in causes)
    asked_for = passed or _asks_for_a_node(pod, scene) if selects else None
    main = min(causes, key=lambda cause: _weight(cause, asked_for))
    if main.kind not in kinds:
        return None
    return Obstacles(message, path, start or created(pod), causes, main)


def parse(message: str) -> Iterator[Cause]:
    """The causes in a message such as ``0/3 nodes are available: 3 Insufficient cpu.``

    At least one; a message of another form is one cause by itself.
    """
    head, colon, tail = message.partition("nodes are available: ")
    if not colon:
        yield Cause(0, _kind(message), message.strip().rstrip("."))
        return
    # What was tried afterwards (preemption, devices that could be given back) comes after the first
    # full stop and repeats the causes; it is not why the pod waits.
    tail = re.split(r"\.? ?preemption: |\. (?=\S)", tail, maxsplit=1)[0]
    for part in re.split(r", (?=\d+ )", tail.strip().rstrip(".")):
        found = _PART.match(part)
        text = found[2] if found else part
        yield Cause(int(found[1]) if found else _total(head), _kind(text), text)


def _total(head: str) -> int:
    found = re.search(r"/(\d+) $", head)
    return int(found[1]) if found else 0


def _kind(text: str) -> str:
    return next((kind for kind, pattern in _KINDS if pattern.search(text)), "other")


def _asks_for_a_node(pod: Obj, scene: Scene) -> bool | None:
    """Whether any node there is meets the pod's own selector and affinity; None if unknown."""
    nodes = scene.seen("Node")
    return any(admits(pod, node) for node in nodes) if nodes else None


def _weight(cause: Cause, asked_for: bool | None) -> tuple[int, int, int]:
    """Less is graver. Nodes that are left out on purpose matter less than what is wrong with the
    others: a pod that asks for a pool waits because that pool is full, not because of the rest.
    """
    return (_rank(cause, asked_for), -cause.nodes, _ORDER.index(cause.kind))


def _rank(cause: Cause, asked_for: bool | None) -> int:
    if cause.kind == "claim":
        return 0  # decided before any node is looked at
    if cause.kind == "pinned":
        return 5
    if cause.kind == "selector":
        # Where some node is asked for, the selector did what it is for.
        return {False: 1, None: 3, True: 5}[asked_for]
    if cause.kind == "taint" and not cause.is_unwell:
        return 4 if cause.taint.startswith(_NORMAL_TAINTS) else 3
    return 2
