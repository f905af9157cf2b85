"""Nodes, namespaces, events, configuration, access, and what extends the API."""

from __future__ import annotations

from datetime import datetime

from kube_mcp.objects import Obj, dig, dig_int, dig_list, dig_map, dig_str
from kube_mcp.snapshots.printers.cells import (
    AGE,
    NAME,
    NONE,
    UNSET,
    Cell,
    Column,
    Printer,
    age,
    boolean,
    columns,
    condition_is_true,
    mapping_size,
    name,
    name_and_age,
    since,
)
from kube_mcp.words.times import human

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


def name_and_creation(obj: Obj, now: datetime) -> list[Cell]:
    """Kinds for which the API server has no printer: a moment instead of an age."""
    return [name(obj), dig_str(obj, "metadata", "creationTimestamp")]


def webhooks(obj: Obj, now: datetime) -> list[Cell]:
    """A webhook configuration's row."""
    return [name(obj), len(dig_list(obj, "webhooks")), age(obj, now)]


def admission_policy(obj: Obj, now: datetime) -> list[Cell]:
    """A ValidatingAdmissionPolicy's row."""
    kind = dig_map(obj, "spec", "paramKind")
    shown = f"{dig_str(kind, 'apiVersion')}/{dig_str(kind, 'kind')}" if kind else UNSET
    return [name(obj), len(dig_list(obj, "spec", "validations")), shown, age(obj, now)]


def admission_policy_binding(obj: Obj, now: datetime) -> list[Cell]:
    """A ValidatingAdmissionPolicyBinding's row."""
    reference = dig_map(obj, "spec", "paramRef")
    shown = UNSET
    if reference:
        namespace_part = dig_str(reference, "namespace")
        named = dig_str(reference, "name") or "*"
        shown = f"{namespace_part}/{named}" if namespace_part else named
    return [name(obj), dig_str(obj, "spec", "policyName"), shown, age(obj, now)]


def certificate_signing_request(obj: Obj, now: datetime) -> list[Cell]:
    """A CertificateSigningRequest's row."""
    types = {dig_str(one, "type") for one in dig_list(obj, "status", "conditions")}
    status = "Pending"
    if "Denied" in types:
        status = "Denied"
    elif "Approved" in types:
        status = "Approved"
    status += ",Failed" if "Failed" in types else ""
    status += ",Issued" if dig(obj, "status", "certificate") else ""
    seconds = dig(obj, "spec", "expirationSeconds")
    return [
        name(obj),
        age(obj, now),
        dig_str(obj, "spec", "signerName") or NONE,
        dig_str(obj, "spec", "username"),
        human(seconds) if isinstance(seconds, int) else NONE,
        status,
    ]


def api_service(obj: Obj, now: datetime) -> list[Cell]:
    """An APIService's row: who serves it, and whether that one is there."""
    service = dig_map(obj, "spec", "service")
    where = "Local"
    if service:
        where = f"{dig_str(service, 'namespace')}/{dig_str(service, 'name')}"
    available = "Unknown"
    for one in dig_list(obj, "status", "conditions"):
        if dig_str(one, "type") == "Available":
            available = dig_str(one, "status")
            if available != "True" and dig_str(one, "reason"):
                available = f"{available} ({dig_str(one, 'reason')})"
    return [name(obj), where, available, age(obj, now)]


_CREATED_AT = Printer((NAME, Column("Created At", "date")), name_and_creation)
_NAME_AND_AGE = Printer((NAME, AGE), name_and_age)
_BINDING = Printer(columns("Name, Role, Age, Users*, Groups*, ServiceAccounts*"), binding)
_WEBHOOKS = Printer(columns("Name, Webhooks:integer, Age"), webhooks)

PRINTERS = {
    "nodes": Printer(
        columns(
            "Name, Status, Roles, Age, Version, Internal-IP*, External-IP*, OS-Image*, "
            "Kernel-Version*, Container-Runtime*"
        ),
        node,
    ),
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
    "serviceaccounts": _NAME_AND_AGE,
    "leases.coordination.k8s.io": Printer(columns("Name, Holder, Age"), lease),
    "resourcequotas": Printer(columns("Name, Request, Limit, Age"), resource_quota),
    "limitranges": _CREATED_AT,
    "roles.rbac.authorization.k8s.io": _CREATED_AT,
    "clusterroles.rbac.authorization.k8s.io": _CREATED_AT,
    "rolebindings.rbac.authorization.k8s.io": _BINDING,
    "clusterrolebindings.rbac.authorization.k8s.io": _BINDING,
    "priorityclasses.scheduling.k8s.io": Printer(
        columns("Name, Value:integer, Global-Default:boolean, Age, PreemptionPolicy"),
        priority_class,
    ),
    "runtimeclasses.node.k8s.io": Printer(columns("Name, Handler, Age"), runtime_class),
    "mutatingwebhookconfigurations.admissionregistration.k8s.io": _WEBHOOKS,
    "validatingwebhookconfigurations.admissionregistration.k8s.io": _WEBHOOKS,
    "validatingadmissionpolicies.admissionregistration.k8s.io": Printer(
        columns("Name, Validations:integer, ParamKind, Age"), admission_policy
    ),
    "validatingadmissionpolicybindings.admissionregistration.k8s.io": Printer(
        columns("Name, PolicyName, ParamRef, Age"), admission_policy_binding
    ),
    "certificatesigningrequests.certificates.k8s.io": Printer(
        columns("Name, Age, SignerName, Requestor, RequestedDuration, Condition"),
        certificate_signing_request,
    ),
    "customresourcedefinitions.apiextensions.k8s.io": _CREATED_AT,
    "apiservices.apiregistration.k8s.io": Printer(
        columns("Name, Service, Available, Age"), api_service
    ),
}
