"""Folders that were not written by this program: ``kubectl cluster-info dump``, or manifests."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import PurePosixPath

from kube_mcp.errors import SettingsError
from kube_mcp.objects import Obj, dig, dig_list, dig_str
from kube_mcp.snapshots import documents
from kube_mcp.snapshots.store import LogFile, Store
from kube_mcp.words.times import parse_time

_OBJECT_FILES = (".yaml", ".yml", ".json", ".jsonl")
_START = re.compile(r"^==== START logs for container (\S+) of pod ([^/\s]+)/(\S+) ====$", re.M)
_NO_LOG = ("Create log request error:", "Request log error:")


def load(found: Mapping[str, bytes], *, where: str) -> Store:
    """A store of every object in the files; what holds none is noted and left out.

    Its moment is the latest one that the objects tell of, because that is when somebody looked.
    Raises `SettingsError` where there is no object at all.
    """
    # The import is here because `layout` reads foreign folders through this module.
    from kube_mcp.snapshots.layout import without_values

    objects: list[Obj] = []
    notes: list[str] = []
    logs: dict[tuple[str, str, str, bool], LogFile] = {}
    for name, data in found.items():
        if PurePosixPath(name).name == "logs.txt":
            logs |= _dumped_logs(data.decode("utf-8", "replace"))
        if not name.endswith(_OBJECT_FILES):
            continue
        try:
            in_file = [
                without_values(obj)
                for document in documents.parse(name, data)
                for obj in documents.objects_in(document)
                if dig_str(obj, "metadata", "name")
            ]
        except documents.Unparsable as problem:
            notes.append(f"left out: {problem}")
            continue
        if not in_file:
            notes.append(f"left out: {name} holds no Kubernetes object")
        objects += in_file
    if not objects:
        told = f" ({'; '.join(notes[:3])})" if notes else ""
        raise SettingsError(
            [f"There is no Kubernetes object in {where}{told}."],
            hint="A snapshot is what 'kube-mcp snapshot capture' or "
            "'kubectl cluster-info dump --output-directory' writes, or a folder of manifests.",
        )
    store = Store(captured_at=max(_moments(objects), default=None), cluster_name=where)
    # Definitions first: they say how the other kinds are called and whether they have a namespace.
    objects.sort(key=lambda obj: dig_str(obj, "kind") != "CustomResourceDefinition")
    store.add(*objects)
    store.logs |= logs
    store.notes += notes
    return store


def _moments(objects: list[Obj]) -> Iterator[datetime]:
    """When something was observed; certificates' and tokens' days to come do not count."""
    for obj in objects:
        told: list[object] = []
        match dig_str(obj, "kind"):
            case "Event":
                told = [dig(obj, "lastTimestamp"), dig(obj, "eventTime")]
                told.append(dig(obj, "series", "lastObservedTime"))
            case "Lease":
                told = [dig(obj, "spec", "renewTime")]
            case "Node":
                conditions = dig_list(obj, "status", "conditions")
                told = [dig(one, "lastHeartbeatTime") for one in conditions]
            case "Pod":
                conditions = dig_list(obj, "status", "conditions")
                told = [dig(one, "lastTransitionTime") for one in conditions]
        told.append(dig(obj, "metadata", "creationTimestamp"))
        yield from filter(None, map(parse_time, told))


def _dumped_logs(text: str) -> Iterator[tuple[tuple[str, str, str, bool], LogFile]]:
    """The logs in one ``logs.txt``: every container of a pod, one after another."""
    starts = list(_START.finditer(text))
    for at, start in enumerate(starts):
        container, namespace, pod = start.groups()
        until = starts[at + 1].start() if at + 1 < len(starts) else len(text)
        body = text[start.end() + 1 : until]
        end = f"==== END logs for container {container} of pod {namespace}/{pod} ===="
        body = body[: body.rfind(end)] if end in body else body
        if not body.startswith(_NO_LOG):
            yield (namespace, pod, container, False), LogFile(body)
