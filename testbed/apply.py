"""Puts objects into a cluster as they are written, status, owners and all."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from testbed import nodes
from testbed.client import Client
from testbed.errors import ApplyFailed
from testbed.objects import owners_and_subjects, split_status, with_namespace

Obj = dict[str, Any]

#: What `kubectl get -o yaml` prints and a server sets itself: pasted objects may keep it.
SERVER_SET = (
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
)


def apply_objects(
    client: Client, objects: Iterable[Mapping[str, Any]], *, namespace: str = "default"
) -> list[Obj]:
    """Applies them in the given order and returns what the API server stored.

    Fills in the namespace, the uids of owners and of what events are about, a node's address.
    Statuses go through the status subresource. An object with a ``deletionTimestamp`` is deleted
    when all are there (nothing can be created in a namespace that ends), and stays for as long as
    its finalizers or its (fake) kubelet keep it.
    Raises ``ApplyFailed`` with the API server's sentence.
    """
    wanted = list(objects)
    stored = [_store(client, obj, namespace=namespace) for obj in wanted]
    return [
        _end(client, kept, grace_s=obj["metadata"].get("deletionGracePeriodSeconds"))
        if "deletionTimestamp" in obj["metadata"]
        else kept
        for obj, kept in zip(wanted, stored, strict=True)
    ]


def apply_object(client: Client, obj: Mapping[str, Any], *, namespace: str) -> Obj:
    """One object; see ``apply_objects``."""
    return apply_objects(client, [obj], namespace=namespace)[0]


def _store(client: Client, obj: Mapping[str, Any], *, namespace: str) -> Obj:
    kind = client.kind(obj["apiVersion"], obj["kind"])
    wanted: Obj = with_namespace(obj, namespace) if kind.namespaced else dict(obj)
    if kind.kind == "Node":
        wanted = nodes.completed(wanted)
    _fill_references(client, wanted)
    meta = {key: value for key, value in wanted["metadata"].items() if key not in SERVER_SET}
    wanted = {**wanted, "metadata": meta}
    body, status = split_status(wanted)
    if status is not None and not kind.has_status:
        body = wanted
    if "generateName" in meta:
        stored = client.create(kind.path(meta.get("namespace", "")), body)
        wanted = {**wanted, "metadata": {**meta, "name": stored["metadata"]["name"]}}
    else:
        stored = client.apply(body)
    if kind.kind == "Namespace":
        ensure_service_account(client, meta["name"])
    elif kind.kind == "CustomResourceDefinition":
        return _established(client, stored)
    if status is not None and kind.has_status:
        stored = client.put_status(wanted)
    return stored


def _end(client: Client, stored: Obj, *, grace_s: int | None) -> Obj:
    client.delete(client.path_of(stored), grace_s=grace_s)
    ending: Obj = client.find(stored).json()
    return ending


def ensure_service_account(client: Client, namespace: str) -> None:
    """Pods are refused until their namespace has its default ServiceAccount: whoever is first,
    this or the controller, makes it."""
    account = {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": {"name": "default", "namespace": namespace},
    }
    answer = client.request("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts", account)
    if answer.status not in (201, 409):
        raise ApplyFailed(f"No default ServiceAccount in {namespace}: {answer.message}")


def _fill_references(client: Client, obj: Obj) -> None:
    for reference in owners_and_subjects(obj):
        if reference.get("uid"):
            continue
        # Events of the core kinds are often written without it.
        kind = client.kind(reference.get("apiVersion", "v1"), reference["kind"])
        namespace = obj["metadata"].get("namespace", "") if kind.namespaced else ""
        path = kind.path(reference.get("namespace", namespace), reference["name"])
        answer = client.request("GET", path)
        if answer.status == 200:
            reference["uid"] = answer.json()["metadata"]["uid"]
        elif reference in obj["metadata"].get("ownerReferences", ()):
            raise ApplyFailed(
                f"{obj['kind']} {obj['metadata'].get('name')} is owned by {reference['kind']} "
                f"{reference['name']}, which does not exist yet: put the owner above it in the "
                "file, or write a uid to mean an owner that is gone."
            )


def _established(client: Client, crd: Obj) -> Obj:
    """A CRD is served a moment after it is accepted, and found a moment after that."""
    spec = crd["spec"]
    served = [each["name"] for each in spec["versions"] if each["served"]]
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        found: Obj = client.find(crd).json()
        conditions = found.get("status", {}).get("conditions") or ()
        if any(c["type"] == "Established" and c["status"] == "True" for c in conditions) and all(
            client.serves(f"{spec['group']}/{version}", spec["names"]["kind"]) for version in served
        ):
            return found
        time.sleep(0.02)
    raise ApplyFailed(f"CRD {crd['metadata']['name']} was not established within 15 s.")
