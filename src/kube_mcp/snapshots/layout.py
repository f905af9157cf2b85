"""The folder that a snapshot is, and how any folder of Kubernetes objects becomes a `Store`.

::

    snapshot.json                        what, when, of which cluster, and what could not be read
    resources/<group>_<version>/<plural>.jsonl    one object a line (``core_v1`` for the core group)
    logs/<namespace>/<pod>/<container>[.previous].log     each line begins with its time
    openapi/<path>.json                  documents by their path below ``/openapi``

The same in a ``.tar`` or ``.tar.gz``. What ``kubectl cluster-info dump`` writes, and any folder
of manifests, is read too (see `foreign`).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

import orjson

from kube_mcp.errors import SettingsError
from kube_mcp.objects import Obj, ResourceType, dig, dig_int, dig_list, dig_map, dig_str
from kube_mcp.snapshots import documents, files, foreign
from kube_mcp.snapshots.store import LogFile, Store, Unread
from kube_mcp.words.times import format_time, parse_time

#: Goes up when a reader of the last format would misread the new one.
FORMAT_VERSION = 1

_FORMAT = "kube-mcp snapshot"
_HEADER = "snapshot.json"


def open_snapshot(path: str | Path) -> Store:
    """The cluster that a snapshot, a dump or a folder of manifests holds.

    Values of Secrets are dropped, should a file hold any. Raises `SettingsError` where the path
    cannot be read, is too large, or holds no object.
    """
    place = Path(path)
    found = files.read(place)
    root = _root(found)
    if root is None:
        return foreign.load(found, where=str(place))
    return _load(
        {name.removeprefix(root): data for name, data in found.items() if name.startswith(root)},
        where=str(place),
    )


def header(
    *,
    captured_at: datetime,
    cluster_name: str,
    version: Mapping[str, Any],
    namespaces: tuple[str, ...],
    types: tuple[ResourceType, ...],
    unread: Mapping[tuple[str, str], Unread],
    failed: Mapping[str, str],
    notes: tuple[str, ...] = (),
) -> bytes:
    """The contents of ``snapshot.json``."""
    return orjson.dumps(
        {
            "format": _FORMAT,
            "version": FORMAT_VERSION,
            "capturedAt": format_time(captured_at),
            "cluster": cluster_name,
            "serverVersion": version,
            "namespaces": list(namespaces),
            "unread": [
                {
                    "resource": resource,
                    "namespace": namespace,
                    "code": one.code,
                    "reason": one.reason,
                    "message": one.message,
                }
                for (resource, namespace), one in unread.items()
            ],
            "failed": dict(failed),
            "notes": list(notes),
            "types": [_written_type(one) for one in types],
        },
        option=orjson.OPT_INDENT_2,
    )


def header_path() -> str:
    """Where the header lies."""
    return _HEADER


def resource_path(resource: ResourceType) -> str:
    """Where the objects of a type lie."""
    return f"resources/{resource.group or 'core'}_{resource.version}/{resource.name}.jsonl"


def log_path(namespace: str, pod: str, container: str, *, previous: bool) -> str:
    """Where a container's log lies."""
    return f"logs/{namespace}/{pod}/{container}{'.previous' if previous else ''}.log"


def document_path(path: str) -> str:
    """Where the answer to an OpenAPI path lies."""
    return f"{path.strip('/')}.json"


def without_values(obj: Obj) -> Obj:
    """A Secret without its values; anything else as it is.

    How many keys there were stays (``dataCount``), because the table shows it.
    """
    if dig_str(obj, "kind") != "Secret" or dig_str(obj, "apiVersion") != "v1":
        return obj
    count = dig_int(obj, "dataCount") or len({*dig_map(obj, "data"), *dig_map(obj, "stringData")})
    kept = {key: value for key, value in obj.items() if key not in ("data", "stringData")}
    return {**kept, "dataCount": count}


def _root(found: Mapping[str, bytes]) -> str | None:
    """The folder the header is in: the top, or the one folder an archive was made of."""
    if _HEADER in found:
        return ""
    nested = [name for name in found if name.count("/") == 1 and name.endswith(f"/{_HEADER}")]
    return nested[0].removesuffix(_HEADER) if len(nested) == 1 else None


def _load(found: Mapping[str, bytes], *, where: str) -> Store:
    head = _read_header(found[_HEADER], where)
    store = Store(
        captured_at=parse_time(dig_str(head, "capturedAt")),
        cluster_name=dig_str(head, "cluster"),
        version=dig_map(head, "serverVersion"),
        namespaces=[str(name) for name in dig_list(head, "namespaces")],
        types=[_read_type(one) for one in dig_list(head, "types")] or None,
    )
    store.failed |= {str(name): str(why) for name, why in dig_map(head, "failed").items()}
    store.notes += [str(note) for note in dig_list(head, "notes")]
    for one in dig_list(head, "unread"):
        store.unread[dig_str(one, "resource"), dig_str(one, "namespace")] = Unread(
            dig_int(one, "code", default=500), dig_str(one, "reason"), dig_str(one, "message")
        )
    for name, data in found.items():
        top = PurePosixPath(name).parts[0]
        if top == "resources":
            _add_objects(store, name, data, where)
        elif top == "logs":
            _add_log(store, name, data)
        elif top == "openapi" and name.endswith(".json"):
            store.documents[f"/{name.removesuffix('.json')}"] = data
    return store


def _read_header(data: bytes, where: str) -> Any:
    try:
        head = orjson.loads(data)
    except orjson.JSONDecodeError as problem:
        message = f"{where}: {_HEADER} is not JSON: {problem}"
        raise SettingsError([message]) from problem
    if dig(head, "format") != _FORMAT:
        raise SettingsError([f"{where}: {_HEADER} does not describe a snapshot of kube-mcp."])
    version = dig_int(head, "version")
    if not 1 <= version <= FORMAT_VERSION:
        raise SettingsError(
            [f"{where} has format {version}; this version reads up to {FORMAT_VERSION}."],
            hint="Read it with the kube-mcp that wrote it, or a newer one.",
        )
    return head


def _add_objects(store: Store, name: str, data: bytes, where: str) -> None:
    try:
        for document in documents.parse(name, data):
            store.add(*(without_values(obj) for obj in documents.objects_in(document)))
    except ValueError as problem:
        raise SettingsError([f"{where}: {name} cannot be read: {problem}"]) from problem


def _add_log(store: Store, name: str, data: bytes) -> None:
    parts = PurePosixPath(name).parts
    if len(parts) != 4 or not parts[3].endswith(".log"):
        return
    _, namespace, pod, file = parts
    container = file.removesuffix(".log")
    previous = container.endswith(".previous")
    key = (namespace, pod, container.removesuffix(".previous"), previous)
    store.logs[key] = LogFile(data.decode("utf-8", "replace"), timestamped=True)


def _written_type(resource: ResourceType) -> dict[str, Any]:
    return {
        "group": resource.group,
        "version": resource.version,
        "name": resource.name,
        "kind": resource.kind,
        "namespaced": resource.namespaced,
        "verbs": sorted(resource.verbs),
        "singular": resource.singular,
        "shortNames": list(resource.short_names),
        "categories": list(resource.categories),
    }


def _read_type(entry: Any) -> ResourceType:
    return ResourceType(
        dig_str(entry, "group"),
        dig_str(entry, "version"),
        dig_str(entry, "name"),
        dig_str(entry, "kind"),
        dig(entry, "namespaced") is True,
        frozenset(str(verb) for verb in dig_list(entry, "verbs")),
        dig_str(entry, "singular"),
        tuple(str(name) for name in dig_list(entry, "shortNames")),
        tuple(str(name) for name in dig_list(entry, "categories")),
    )
