"""What extends or steers the API server itself, and the devices and certificates of nodes."""

from __future__ import annotations

from datetime import datetime

from kube_mcp.objects import Obj, dig, dig_int, dig_list, dig_map, dig_str
from kube_mcp.snapshots.printers.cells import (
    NAME_AND_AGE,
    NONE,
    UNSET,
    Cell,
    Printer,
    age,
    columns,
    condition_is_true,
    labels,
    name,
    since,
)
from kube_mcp.words.times import human


def webhooks(obj: Obj, now: datetime) -> list[Cell]:
    """A webhook configuration's row."""
    return [name(obj), len(dig_list(obj, "webhooks")), age(obj, now)]


def admission_policy(obj: Obj, now: datetime) -> list[Cell]:
    """A ValidatingAdmissionPolicy's row, or a MutatingAdmissionPolicy's."""
    kind = dig_map(obj, "spec", "paramKind")
    shown = f"{dig_str(kind, 'apiVersion')}/{dig_str(kind, 'kind')}" if kind else UNSET
    rules = len(dig_list(obj, "spec", "validations")) + len(dig_list(obj, "spec", "mutations"))
    return [name(obj), rules, shown, age(obj, now)]


def admission_policy_binding(obj: Obj, now: datetime) -> list[Cell]:
    """The row of a ValidatingAdmissionPolicyBinding or a MutatingAdmissionPolicyBinding."""
    reference = dig_map(obj, "spec", "paramRef")
    shown = UNSET
    if named := dig_str(reference, "name"):
        shown = f"{dig_str(reference, 'namespace') or '*'}/{named}"
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


def custom_resource_definition(obj: Obj, now: datetime) -> list[Cell]:
    """A CustomResourceDefinition's row."""
    versions = [
        f"{dig_str(one, 'name')}{'(storage)' if dig(one, 'storage') is True else ''}"
        for one in dig_list(obj, "spec", "versions")
        if dig(one, "served") is True
    ]
    return [
        name(obj),
        dig_str(obj, "spec", "scope"),
        ",".join(sorted(versions)),
        dig_str(obj, "metadata", "creationTimestamp"),
        dig_str(obj, "spec", "group"),
        dig_str(obj, "spec", "names", "kind"),
        ",".join(str(one) for one in dig_list(obj, "spec", "names", "shortNames")),
        condition_is_true(obj, "Established"),
    ]


def flow_schema(obj: Obj, now: datetime) -> list[Cell]:
    """A FlowSchema's row."""
    dangling = "?"
    for one in dig_list(obj, "status", "conditions"):
        if dig_str(one, "type") == "Dangling":
            dangling = dig_str(one, "status")
    return [
        name(obj),
        dig_str(obj, "spec", "priorityLevelConfiguration", "name"),
        dig_int(obj, "spec", "matchingPrecedence"),
        dig_str(obj, "spec", "distinguisherMethod", "type") or NONE,
        age(obj, now),
        dangling,
    ]


def priority_level(obj: Obj, now: datetime) -> list[Cell]:
    """A PriorityLevelConfiguration's row."""
    limited = dig_map(obj, "spec", "limited")
    queuing = dig_map(limited, "limitResponse", "queuing")
    return [
        name(obj),
        dig_str(obj, "spec", "type"),
        dig(limited, "nominalConcurrencyShares", default=NONE),
        dig(queuing, "queues", default=NONE),
        dig(queuing, "handSize", default=NONE),
        dig(queuing, "queueLengthLimit", default=NONE),
        age(obj, now),
    ]


def cluster_trust_bundle(obj: Obj, now: datetime) -> list[Cell]:
    """A ClusterTrustBundle's row."""
    return [name(obj), dig_str(obj, "spec", "signerName") or NONE]


def pod_certificate_request(obj: Obj, now: datetime) -> list[Cell]:
    """A PodCertificateRequest's row."""
    state = "Pending"
    for one in dig_list(obj, "status", "conditions"):
        if dig_str(one, "type") in ("Issued", "Denied", "Failed"):
            state = dig_str(one, "type")
    return [
        name(obj),
        dig_str(obj, "spec", "podName"),
        dig_str(obj, "spec", "serviceAccountName"),
        dig_str(obj, "spec", "nodeName"),
        dig_str(obj, "spec", "signerName"),
        state,
        labels(dig(obj, "spec", "unverifiedUserAnnotations")),
    ]


def resource_claim(obj: Obj, now: datetime) -> list[Cell]:
    """A ResourceClaim's row."""
    going = dig(obj, "metadata", "deletionTimestamp") is not None
    states = ["deleted"] if going else []
    if dig(obj, "status", "allocation") is None:
        states += [] if going else ["pending"]
    else:
        states.append("allocated")
        states += ["reserved"] if dig_list(obj, "status", "reservedFor") else []
    return [name(obj), ",".join(states), age(obj, now)]


def resource_slice(obj: Obj, now: datetime) -> list[Cell]:
    """A ResourceSlice's row."""
    return [
        name(obj),
        dig_str(obj, "spec", "nodeName"),
        dig_str(obj, "spec", "driver"),
        dig_str(obj, "spec", "pool", "name"),
        age(obj, now),
    ]


def device_taint_rule(obj: Obj, now: datetime) -> list[Cell]:
    """A DeviceTaintRule's row."""
    taint = dig_map(obj, "spec", "taint")
    added = dig(taint, "timeAdded")
    return [
        name(obj),
        dig_str(taint, "key"),
        dig_str(taint, "value"),
        dig_str(taint, "effect"),
        since(added, now) if added else "",
        age(obj, now),
    ]


_WEBHOOKS = Printer(columns("Name, Webhooks:integer, Age"), webhooks)
_BINDING = Printer(columns("Name, PolicyName, ParamRef, Age"), admission_policy_binding)

PRINTERS = {
    "mutatingwebhookconfigurations.admissionregistration.k8s.io": _WEBHOOKS,
    "validatingwebhookconfigurations.admissionregistration.k8s.io": _WEBHOOKS,
    "validatingadmissionpolicies.admissionregistration.k8s.io": Printer(
        columns("Name, Validations:integer, ParamKind, Age"), admission_policy
    ),
    "mutatingadmissionpolicies.admissionregistration.k8s.io": Printer(
        columns("Name, Mutations:integer, ParamKind, Age"), admission_policy
    ),
    "validatingadmissionpolicybindings.admissionregistration.k8s.io": _BINDING,
    "mutatingadmissionpolicybindings.admissionregistration.k8s.io": _BINDING,
    "certificatesigningrequests.certificates.k8s.io": Printer(
        columns("Name, Age, SignerName, Requestor, RequestedDuration, Condition"),
        certificate_signing_request,
    ),
    "clustertrustbundles.certificates.k8s.io": Printer(
        columns("Name, SignerName"), cluster_trust_bundle
    ),
    "podcertificaterequests.certificates.k8s.io": Printer(
        columns(
            "Name, PodName, ServiceAccountName, NodeName, SignerName, State, "
            "UnverifiedUserAnnotations"
        ),
        pod_certificate_request,
    ),
    "customresourcedefinitions.apiextensions.k8s.io": Printer(
        columns(
            "Name, Scope, Versions, Created At:date, Group*, Kind*, ShortNames*, "
            "Established:boolean*"
        ),
        custom_resource_definition,
    ),
    "apiservices.apiregistration.k8s.io": Printer(
        columns("Name, Service, Available, Age"), api_service
    ),
    "flowschemas.flowcontrol.apiserver.k8s.io": Printer(
        columns("Name, PriorityLevel, MatchingPrecedence, DistinguisherMethod, Age, MissingPL"),
        flow_schema,
    ),
    "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io": Printer(
        columns("Name, Type, NominalConcurrencyShares, Queues, HandSize, QueueLengthLimit, Age"),
        priority_level,
    ),
    "deviceclasses.resource.k8s.io": NAME_AND_AGE,
    "resourceclaimtemplates.resource.k8s.io": NAME_AND_AGE,
    "resourceclaims.resource.k8s.io": Printer(columns("Name, State, Age"), resource_claim),
    "resourceslices.resource.k8s.io": Printer(
        columns("Name, Node, Driver, Pool, Age"), resource_slice
    ),
    "devicetaintrules.resource.k8s.io": Printer(
        columns("Name, Key, Value, Effect, TimeAdded, Age"), device_taint_rule
    ),
}
