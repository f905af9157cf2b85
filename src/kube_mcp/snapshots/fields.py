"""Field selectors: which fields of which kind can be selected by, and whether they match."""

from __future__ import annotations

from collections.abc import Mapping

from kube_mcp.errors import InputError
from kube_mcp.objects import Obj, ResourceType, dig, dig_list, dig_str
from kube_mcp.snapshots import jsonpath, kinds
from kube_mcp.snapshots.responses import bad_request
from kube_mcp.words.selectors import parse_field_selector

_META = ("metadata.name", "metadata.namespace")

# The API server knows these and no others; asking for another is an error, not an empty list.
_SELECTABLE: Mapping[str, tuple[str, ...]] = {
    "pods": (
        *_META,
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "spec.hostNetwork",
        "status.phase",
        "status.podIP",
        "status.podIPs",
        "status.nominatedNodeName",
    ),
    "nodes": ("metadata.name", "spec.unschedulable"),
    "replicationcontrollers": (*_META, "status.replicas"),
    "replicasets.apps": (*_META, "status.replicas"),
    "events": (
        *_META,
        "involvedObject.kind",
        "involvedObject.namespace",
        "involvedObject.name",
        "involvedObject.uid",
        "involvedObject.apiVersion",
        "involvedObject.resourceVersion",
        "involvedObject.fieldPath",
        "reason",
        "reportingComponent",
        "source",
        "type",
    ),
    "namespaces": ("metadata.name", "status.phase"),
    "secrets": (*_META, "type"),
    "services": (*_META, "spec.clusterIP", "spec.type"),
    "jobs.batch": (*_META, "status.successful"),
    "certificatesigningrequests.certificates.k8s.io": ("metadata.name", "spec.signerName"),
}
_ELSEWHERE = {"status.successful": "status.succeeded"}

# What the API server compares with where the field is not set.
_UNSET = {
    "spec.unschedulable": "false",
    "spec.hostNetwork": "false",
    "status.replicas": "0",
    "status.successful": "0",
}


class FieldSelector:
    """A parsed field selector for one type. Raises `Failure` (400) for what cannot be selected."""

    def __init__(self, text: str, resource: ResourceType, crd: Obj | None) -> None:
        try:
            self.terms = parse_field_selector(text)
        except InputError as problem:
            raise bad_request(f"invalid selector: {problem.message}") from problem
        for name, _, _ in self.terms:
            _check(name, resource, crd)

    def matches(self, obj: Obj) -> bool:
        """Whether every condition holds."""
        return all(
            (_value(obj, name) == wanted) == (operator == "=")
            for name, operator, wanted in self.terms
        )


def _check(name: str, resource: ResourceType, crd: Obj | None) -> None:
    known = _SELECTABLE.get(resource.full_name)
    if crd is not None:
        version = kinds.crd_version(crd, resource.version)
        declared = dig_list(version, "selectableFields")
        known = (*_META, *(dig_str(one, "jsonPath").lstrip(".") for one in declared))
    if known is None and name not in _META:
        raise bad_request(
            f'"{name}" is not a known field selector: only "metadata.name", "metadata.namespace"'
        )
    if known is not None and name not in known:
        if resource.full_name == "jobs.batch":
            raise bad_request(f'field label "{name}" not supported for Job')
        raise bad_request(f"field label not supported: {name}")


def _value(obj: Obj, name: str) -> str:
    if name == "source":
        component = dig_str(obj, "source", "component")
        return component or dig_str(obj, "reportingComponent")
    if name == "status.podIPs":
        return ",".join(dig_str(ip, "ip") for ip in dig_list(obj, "status", "podIPs"))
    value = dig(obj, *_ELSEWHERE.get(name, name).split("."))
    if value is None:
        value = jsonpath.first(f".{name}", obj)
    if value is None:
        return _UNSET.get(name, "")
    return str(value).lower() if isinstance(value, bool) else str(value)
