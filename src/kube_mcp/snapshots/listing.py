"""Lists: selectors, and pages with the API server's own kind of continue token."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from posixpath import normpath
from typing import Any

import orjson

from kube_mcp.errors import InputError
from kube_mcp.objects import Obj, ResourceType, dig, dig_int, dig_map, dig_str
from kube_mcp.snapshots.fields import FieldSelector
from kube_mcp.snapshots.query import Query
from kube_mcp.snapshots.responses import bad_request, continue_expired
from kube_mcp.snapshots.store import Store
from kube_mcp.words.selectors import parse as parse_labels

_TOKEN_VERSION = "meta.k8s.io/v1"  # noqa: S105 - the version of a continue token's format

# The token of a page after an expired one: go on from there, at whatever revision there is now.
_ANY_REVISION = -1


@dataclass(frozen=True, slots=True)
class Page:
    """Some objects of a list and the list's own metadata."""

    items: list[Obj] = field(default_factory=list)
    metadata: dict[str, Any] = field(default_factory=dict)


def page(
    store: Store,
    resource: ResourceType,
    namespace: str,
    query: Query,
    *,
    expired: Callable[[], bool],
) -> Page:
    """One page. ``expired`` is asked only where a continue token is used.

    Raises `Failure`: 400 for a parameter that makes no sense, 410 for an expired token.
    """
    matches = _selection(query, store, resource)
    limit = query.number("limit") or 0
    prefix = f"{namespace}/" if namespace else ""
    start, revision = prefix, store.revision
    if token := query.text("continue"):
        if query.text("resourceVersion") not in ("", "0"):
            raise bad_request("specifying resource version is not allowed when using continue")
        at, pinned = _decode(token)
        start = prefix + at
        if pinned != _ANY_REVISION:
            if expired():
                raise continue_expired(_encode(at, _ANY_REVISION))
            revision = pinned
    return _collect(store, resource, prefix, start, revision, limit, matches)


def _collect(
    store: Store,
    resource: ResourceType,
    prefix: str,
    start: str,
    revision: int,
    limit: int,
    matches: Callable[[Obj], bool] | None,
) -> Page:
    items: list[Obj] = []
    last = ""
    remaining = 0
    for key, obj in store.after(resource, start):
        if not key.startswith(prefix):
            break
        if limit and len(items) >= limit:
            # As with etcd, what follows may not match: the last page can be an empty one.
            remaining += 1
            if matches is not None:
                break
            continue
        last = key
        if matches is None or matches(obj):
            items.append(obj)
    metadata: dict[str, Any] = {"resourceVersion": str(revision)}
    if remaining:
        metadata["continue"] = _encode(last[len(prefix) :] + "\0", revision)
        if matches is None:
            metadata["remainingItemCount"] = remaining
    return Page(items, metadata)


def _selection(query: Query, store: Store, resource: ResourceType) -> Callable[[Obj], bool] | None:
    labels_text, fields_text = query.text("labelSelector"), query.text("fieldSelector")
    if not labels_text and not fields_text:
        return None
    try:
        requirements = parse_labels(labels_text)
    except InputError as problem:
        raise bad_request(f"unable to parse requirement: {problem.message}") from problem
    fields = FieldSelector(fields_text, resource, store.crd_of(resource))

    def matches(obj: Obj) -> bool:
        labels = dig_map(obj, "metadata", "labels")
        return all(one.matches(labels) for one in requirements) and fields.matches(obj)

    return matches


def _encode(start: str, revision: int) -> str:
    token = orjson.dumps({"v": _TOKEN_VERSION, "rv": revision, "start": start})
    return urlsafe_b64encode(token).rstrip(b"=").decode()


def _decode(token: str) -> tuple[str, int]:
    try:
        decoded = orjson.loads(urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except ValueError as problem:
        message = f"invalid continue token: continue key is not valid: {problem}"
        raise bad_request(message) from problem
    start, revision = dig_str(decoded, "start"), dig_int(decoded, "rv")
    # Within its prefix, as etcd's keys are paths to the API server.
    moved = normpath(f"/{start}") != f"/{start}"
    if dig(decoded, "v") != _TOKEN_VERSION or not start or not revision or moved:
        raise bad_request("invalid continue token: continue key is not valid")
    return start, revision
