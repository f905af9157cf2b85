"""Nodes, namespaces, events, configuration and access."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from kube_mcp.objects import Obj, dig, dig_int, dig_list, dig_map, dig_str
from kube_mcp.snapshots.printers.cells import (
    CREATED_AT,
    NAME,
    NAME_AND_AGE,
    NONE,
    Cell,
    Column,
    Printer,
    age,
    boolean,
    columns,
    condition_is_true,
    mapping_size,
    name,
    since,
)
from kube_mcp.words.quantities import bytes_, cpu

_ROLE_PREFIX = "node-role.kubernetes.io/"


def node(obj: Obj, now: datetime) -> list[Cell]:
    """A Node's row."""
    conditions = {dig_str(one, "type") for one in dig_list(obj, "status", "conditions")}
    status = "Unknown"
    if "Ready" in conditions:
        status = "Ready" if condition_is_true(obj, "Ready") else "NotReady"
    if dig(obj, "spec", "unschedulable") is True:
        status += ",SchedulingDisabled"
    labels = dig_map(obj, "metadata", "labels")
    roles = {key.removeprefix(_ROLE_PREFIX) for key in labels if key.startswith(_ROLE_PREFIX)}
    roles.add(str(labels.get("kubernetes.io/role", "")))
    info = dig_map(obj, "status", "nodeInfo")
    kernel = dig_str(info, "kernelVersion") or "<unknown>"
    architecture = dig_str(info, "architecture")
    return [
        name(obj),
        status,
        ",".join(sorted(roles - {""})) or NONE,
        age(obj, now),
        dig_str(info, "kubeletVersion"),
        _address(obj, "InternalIP"),
        _address(obj, "ExternalIP"),
        dig_str(info, "osImage") or "<unknown>",
        f"{kernel} ({architecture})" if architecture else kernel,
        dig_str(info, "containerRuntimeVersion") or "<unknown>",
    ]


def _address(obj: Obj, kind: str) -> str:
    for one in dig_list(obj, "status", "addresses"):
        if dig_str(one, "type") == kind:
            return dig_str(one, "address")
    return NONE


def namespace(obj: Obj, now: datetime) -> list[Cell]:
    """A Namespace's row."""
    return [name(obj), dig_str(obj, "status", "phase"), age(obj, now)]


def event(obj: Obj, now: datetime) -> list[Cell]:
    """An Event's row."""
    first_time = dig(obj, "firstTimestamp") or dig(obj, "eventTime")
    last_time = dig(obj, "lastTimestamp") or first_time
    count = dig_int(obj, "count") or 1
    if series := dig_map(obj, "series"):
        last_time, count = dig(series, "lastObservedTime"), dig_int(series, "count")
    target = dig_str(obj, "involvedObject", "kind").lower()
    if involved := dig_str(obj, "involvedObject", "name"):
        target = f"{target}/{involved}"
    component = dig_str(obj, "source", "component") or dig_str(obj, "reportingComponent")
    host = dig_str(obj, "source", "host") or dig_str(obj, "reportingInstance")
    return [
        since(last_time, now),
        dig_str(obj, "type"),
        dig_str(obj, "reason"),
        target,
        dig_str(obj, "involvedObject", "fieldPath"),
        f"{component}, {host}" if host else component,
        dig_str(obj, "message").strip(),
        since(first_time, now),
        count,
        name(obj),
    ]


def config_map(obj: Obj, now: datetime) -> list[Cell]:
    """A ConfigMap's row: how many keys, never a value."""
    return [name(obj), mapping_size(obj, "data", "binaryData"), age(obj, now)]


def secret(obj: Obj, now: datetime) -> list[Cell]:
    """A Secret's row: how many keys, never a value. A snapshot has the number only."""
    count = mapping_size(obj, "data") or dig_int(obj, "dataCount")
    return [name(obj), dig_str(obj, "type") or "Opaque", count, age(obj, now)]


def lease(obj: Obj, now: datetime) -> list[Cell]:
    """A Lease's row."""
    return [name(obj), dig_str(obj, "spec", "holderIdentity"), age(obj, now)]


def resource_quota(obj: Obj, now: datetime) -> list[Cell]:
    """A ResourceQuota's row."""
    hard, used = dig_map(obj, "status", "hard"), dig_map(obj, "status", "used")
    requests: list[str] = []
    limits: list[str] = []
    for key in sorted(hard):
        column = limits if key.startswith("limits.") else requests
        column.append(f"{key}: {used.get(key, '0')}/{hard[key]}")
    return [name(obj), ", ".join(requests), ", ".join(limits), age(obj, now)]


def priority_class(obj: Obj, now: datetime) -> list[Cell]:
    """A PriorityClass's row."""
    return [
        name(obj),
        dig_int(obj, "value"),
        boolean(dig(obj, "globalDefault"), False),
        age(obj, now),
        dig_str(obj, "preemptionPolicy"),
    ]


def runtime_class(obj: Obj, now: datetime) -> list[Cell]:
    """A RuntimeClass's row."""
    return [name(obj), dig_str(obj, "handler"), age(obj, now)]


def binding(obj: Obj, now: datetime) -> list[Cell]:
    """A RoleBinding's or ClusterRoleBinding's row."""
    subjects = dig_list(obj, "subjects")

    def names(kind: str) -> list[str]:
        return [_subject(one) for one in subjects if dig_str(one, "kind") == kind]

    return [
        name(obj),
        f"{dig_str(obj, 'roleRef', 'kind')}/{dig_str(obj, 'roleRef', 'name')}",
        age(obj, now),
        ", ".join(names("User")),
        ", ".join(names("Group")),
        ", ".join(names("ServiceAccount")),
    ]


def _subject(subject: Obj) -> str:
    account = dig_str(subject, "kind") == "ServiceAccount"
    at = dig_str(subject, "namespace")
    return f"{at}/{dig_str(subject, 'name')}" if account else dig_str(subject, "name")


def component_status(obj: Obj, now: datetime) -> list[Cell]:
    """A ComponentStatus's row."""
    for one in dig_list(obj, "conditions"):
        if dig_str(one, "type") == "Healthy":
            healthy = "Healthy" if dig_str(one, "status") == "True" else "Unhealthy"
            return [name(obj), healthy, dig_str(one, "message"), dig_str(one, "error")]
    return [name(obj), "Unknown", "", ""]


_BINDING = Printer(columns("Name, Role, Age, Users*, Groups*, ServiceAccounts*"), binding)


def pod_metrics(obj: Obj, now: datetime) -> list[Cell]:
    """A PodMetrics' row, as metrics-server prints it: the sum over the containers."""
    usages = [dig_map(one, "usage") for one in dig_list(obj, "containers")]
    return [name(obj), *_usage(usages), dig_str(obj, "window")]


def node_metrics(obj: Obj, now: datetime) -> list[Cell]:
    """A NodeMetrics' row, as metrics-server prints it."""
    return [name(obj), *_usage([dig_map(obj, "usage")]), dig_str(obj, "window")]


def _usage(usages: Sequence[Obj]) -> list[Cell]:
    cores = sum(cpu(one.get("cpu")) or 0.0 for one in usages)
    size = sum(bytes_(one.get("memory")) or 0 for one in usages)
    return [f"{round(cores * 1e9)}n", f"{size // 1024}Ki"]


_METRICS = (
    NAME,
    Column("cpu", format="quantity"),
    Column("memory", format="quantity"),
    Column("Window", format="duration"),
)

PRINTERS = {
    "pods.metrics.k8s.io": Printer(_METRICS, pod_metrics),
    "nodes.metrics.k8s.io": Printer(_METRICS, node_metrics),
    "nodes": Printer(
        columns(
            "Name, Status, Roles, Age, Version, Internal-IP*, External-IP*, OS-Image*, "
            "Kernel-Version*, Container-Runtime*"
        ),
        node,
    ),
    "componentstatuses": Printer(columns("Name, Status, Message, Error"), component_status),
    "namespaces": Printer(columns("Name, Status, Age"), namespace),
    **dict.fromkeys(
        ("events", "events.events.k8s.io"),
        Printer(
            columns(
                "Last Seen, Type, Reason, Object, Subobject*, Source*, Message, First Seen*, "
                "Count*, Name*"
            ),
            event,
        ),
    ),
    "configmaps": Printer(columns("Name, Data, Age"), config_map),
    "secrets": Printer(columns("Name, Type, Data, Age"), secret),
    "serviceaccounts": NAME_AND_AGE,
    "leases.coordination.k8s.io": Printer(columns("Name, Holder, Age"), lease),
    "resourcequotas": Printer(columns("Name, Request, Limit, Age"), resource_quota),
    "limitranges": CREATED_AT,
    "roles.rbac.authorization.k8s.io": CREATED_AT,
    "clusterroles.rbac.authorization.k8s.io": CREATED_AT,
    "rolebindings.rbac.authorization.k8s.io": _BINDING,
    "clusterrolebindings.rbac.authorization.k8s.io": _BINDING,
    "priorityclasses.scheduling.k8s.io": Printer(
        columns("Name, Value:integer, Global-Default:boolean, Age, PreemptionPolicy"),
        priority_class,
    ),
    "runtimeclasses.node.k8s.io": Printer(columns("Name, Handler, Age"), runtime_class),
}
