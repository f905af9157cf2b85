"""Writes a cluster into a folder or an archive, as far as it may be read, already masked.

What is written comes from an object that masks (the server's own view of a cluster), so nothing
is in a snapshot that a tool would not have shown. What could not be read is written down too:
who opens the snapshot is told so instead of finding nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import anyio.to_thread
import orjson

from kube_mcp.errors import ClusterError, KubeMcpError
from kube_mcp.kube.logs import LogQuery
from kube_mcp.objects import Obj, ResourceType, dig, dig_int, dig_list, dig_map, dig_str
from kube_mcp.redaction.objects import mask_tree
from kube_mcp.redaction.text import mask_text
from kube_mcp.snapshots import events, layout
from kube_mcp.snapshots.sinks import Sink, open_sink
from kube_mcp.snapshots.store import Unread

# Side by side: enough to keep a distant API server busy, few enough not to be throttled.
_LOGS_AT_ONCE = 8

# A line of a log has a hundred bytes, more often than not; the byte limit decides in the end.
_BYTES_A_LINE = 100

#: Deprecated since 1.19, and asking for it makes the API server probe its components.
_SKIPPED = frozenset({"componentstatuses"})

Report = Callable[[str], None]


class _Served(Protocol):
    @property
    def types(self) -> Sequence[ResourceType]: ...

    @property
    def failed(self) -> Mapping[str, str]: ...


class _Listed(Protocol):
    items: list[Any]


class _Tabled(Protocol):
    rows: list[Any]

    def index(self, name: str) -> int | None: ...


class _Read(Protocol):
    lines: list[tuple[str, str]]
    cut: str


class Source(Protocol):
    """The reads a capture is made of: a cluster whose every answer is masked already."""

    name: str

    async def resources(self) -> _Served:
        """Everything the API server serves."""
        ...

    async def list(self, resource: ResourceType, *, namespace: str = "") -> _Listed:
        """Every object of a type, from all pages."""
        ...

    async def table(self, resource: ResourceType, *, namespace: str = "") -> _Tabled:
        """The server's own table."""
        ...

    async def log(self, query: LogQuery, *, keep: int, max_kept_bytes: int) -> _Read:
        """The newest lines of one log."""
        ...

    async def version(self) -> Mapping[str, Any]:
        """What ``/version`` says."""
        ...

    async def document(self, path: str) -> Any:
        """The JSON at a path."""
        ...

    async def clock(self) -> datetime | None:
        """What time the API server thinks it is, if it says so."""
        ...


@dataclass
class Captured:
    """What a capture came to. ``gaps`` are sentences, one for each thing that is missing."""

    path: Path
    objects: int = 0
    types: int = 0
    logs: int = 0
    written_bytes: int = 0
    gaps: list[str] = field(default_factory=list)


async def capture(
    source: Source,
    directory: str | Path,
    *,
    namespaces: Sequence[str] = (),
    include_logs: bool = True,
    include_schemas: bool = True,
    max_log_bytes: int = 256 * 1024,
    progress: Report | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> Captured:
    """Write everything that can be read to ``directory``, or to an archive if it is named as one.

    ``namespaces`` limits namespaced types to those; ``max_log_bytes`` is for each container's log,
    of which the end is kept. ``progress`` hears what was read. Files can be read by their
    owner alone. Raises `InputError` where something is in the way, and whatever keeps the cluster
    as a whole from being read; a type that cannot be read becomes a gap.
    """
    target = Path(directory)
    tell = progress or (lambda _: None)
    sink = await anyio.to_thread.run_sync(open_sink, target)
    try:
        # Ages are counted by the API server's clock, which need not be ours.
        now = await source.clock() or clock()
        reading = _Reading(source, sink, tuple(namespaces), tell, now)
        await reading.everything()
        if include_logs:
            await reading.logs(max_log_bytes)
        if include_schemas:
            await reading.schemas()
        await reading.header()
        await anyio.to_thread.run_sync(sink.finish, target)
    except BaseException:
        await anyio.to_thread.run_sync(sink.discard)
        raise
    return reading.captured(target)


class _Reading:
    """One capture under way."""

    def __init__(
        self,
        source: Source,
        sink: Sink,
        namespaces: tuple[str, ...],
        tell: Report,
        now: datetime,
    ) -> None:
        self._source = source
        self._sink = sink
        self._namespaces = namespaces
        self._tell = tell
        self._now = now
        self._version: Mapping[str, Any] = {}
        self._types: tuple[ResourceType, ...] = ()
        self._failed: dict[str, str] = {}
        self._unread: dict[tuple[str, str], Unread] = {}
        self._pods: list[Obj] = []
        self._done = Captured(Path())
        self._writing = asyncio.Lock()

    def captured(self, target: Path) -> Captured:
        """The account of it all."""
        self._done.path = target
        self._done.written_bytes = self._sink.written_bytes
        return self._done

    async def everything(self) -> None:
        """Every object of every type that can be listed."""
        self._version = await self._source.version()
        served = await self._source.resources()
        self._types = tuple(served.types)
        self._failed = dict(served.failed)
        self._gaps(f"{group} is not served: {why}" for group, why in served.failed.items())
        for resource in self._types:
            if "list" not in resource.verbs or resource.full_name in _SKIPPED:
                continue
            if (resource.group, resource.name) == (events.GROUP, "events"):
                continue  # the same objects as the core group's
            objects = [obj async for obj in self._objects(resource)]
            if not objects:
                continue
            self._tell(f"{len(objects):,} {resource.full_name}")
            self._done.objects += len(objects)
            self._done.types += 1
            if resource.full_name == "pods":
                self._pods = objects
            body = b"".join(orjson.dumps(obj, option=orjson.OPT_APPEND_NEWLINE) for obj in objects)
            await self._write(layout.resource_path(resource), body)

    async def _objects(self, resource: ResourceType) -> Any:
        spread = self._namespaces if resource.namespaced and self._namespaces else ("",)
        for namespace in spread:
            try:
                listing = await self._source.list(resource, namespace=namespace)
                shown = await self._secrets(resource, namespace)
            except KubeMcpError as error:
                self._missing(resource, namespace, error)
                continue
            for item in listing.items:
                if not self._belongs(resource, item):
                    continue
                whole: Obj = {**item, "apiVersion": resource.api_version, "kind": resource.kind}
                if resource.full_name == "secrets":
                    whole = _secret(whole, shown)
                yield layout.without_values(whole)

    def _belongs(self, resource: ResourceType, item: Obj) -> bool:
        """Of the namespaces themselves, only those that were asked for."""
        if resource.full_name != "namespaces" or not self._namespaces:
            return True
        return dig_str(item, "metadata", "name") in self._namespaces

    async def _secrets(
        self, resource: ResourceType, namespace: str
    ) -> dict[tuple[str, str], tuple[str, int]]:
        """Type and number of keys of each Secret, which only the table tells without its values."""
        if resource.full_name != "secrets":
            return {}
        table = await self._source.table(resource, namespace=namespace)
        kind, count = table.index("Type"), table.index("Data")
        found = {}
        for row in table.rows:
            key = (row.object.metadata.namespace, row.object.metadata.name)
            keys = row.cells[count] if count is not None else 0
            shown_kind = str(row.cells[kind]) if kind is not None else ""
            found[key] = (shown_kind, int(keys) if str(keys).isdigit() else 0)
        return found

    def _missing(self, resource: ResourceType, namespace: str, error: KubeMcpError) -> None:
        message = mask_text(error.message)
        why = Unread(403, "Forbidden", message)  # this program's own policy said no
        if isinstance(error, ClusterError):
            if error.status in (404, 405):
                return  # in discovery, but there is no such list: nothing is missing
            why = Unread(error.status or 503, error.reason or "ServiceUnavailable", message)
        self._unread[resource.full_name, namespace] = why
        where = f" in {namespace}" if namespace else ""
        self._gaps([f"{resource.full_name}{where}: {message}"])

    def _gaps(self, sentences: Any) -> None:
        for sentence in sentences:
            self._done.gaps.append(sentence)
            self._tell(f"could not read {sentence}")

    async def logs(self, max_bytes: int) -> None:
        """The logs of every container that has any."""
        wanted = [query for pod in self._pods for query in _log_queries(pod, max_bytes)]
        self._tell(f"reading {len(wanted)} logs")
        gate = asyncio.Semaphore(_LOGS_AT_ONCE)

        async def one(query: LogQuery) -> None:
            async with gate:
                await self._log(query, max_bytes)

        await asyncio.gather(*(one(query) for query in wanted))

    async def _log(self, query: LogQuery, max_bytes: int) -> None:
        try:
            keep = max(1, max_bytes // 20)
            read = await self._source.log(query, keep=keep, max_kept_bytes=max_bytes)
        except KubeMcpError as error:
            which = f"{query.namespace}/{query.pod}/{query.container}"
            self._gaps([f"the log of {which}: {mask_text(error.message)}"])
            return
        if not read.lines:
            return
        text = "".join(f"{stamp} {line}\n" if stamp else f"{line}\n" for stamp, line in read.lines)
        path = layout.log_path(query.namespace, query.pod, query.container, previous=query.previous)
        self._done.logs += 1
        await self._write(path, text.encode())

    async def schemas(self) -> None:
        """The OpenAPI documents of every group version, by their own index."""
        try:
            index = await self._source.document("/openapi/v3")
            self._tell("reading the schemas")
            paths: dict[str, Any] = {}
            found: dict[str, Any] = {"/openapi/v3": {"paths": paths}}
            for name, entry in dig_map(index, "paths").items():
                url = dig_str(entry, "serverRelativeURL").partition("?")[0]
                if not url.startswith("/openapi/v3/api"):
                    continue
                found[url] = _masked_prose(await self._source.document(url))
                paths[name] = {"serverRelativeURL": url}
        except KubeMcpError as error:
            self._gaps([f"the schemas: {mask_text(error.message)}"])
            return
        for path, document in found.items():
            await self._write(layout.document_path(path), orjson.dumps(document))

    async def header(self) -> None:
        """What was captured, when, and what is missing."""
        head = layout.header(
            captured_at=self._now,
            cluster_name=self._source.name,
            version=self._version,
            namespaces=self._namespaces,
            types=self._types,
            unread=self._unread,
            failed=self._failed,
            notes=tuple(self._done.gaps),
        )
        await self._write(layout.header_path(), head)

    async def _write(self, path: str, body: bytes) -> None:
        async with self._writing:
            await anyio.to_thread.run_sync(self._sink.write, path, body)


def _secret(secret: Obj, shown: dict[tuple[str, str], tuple[str, int]]) -> Obj:
    key = (dig_str(secret, "metadata", "namespace"), dig_str(secret, "metadata", "name"))
    kind, count = shown.get(key, ("", 0))
    return {**secret, "type": kind or "Opaque", "dataCount": count}


def _log_queries(pod: Obj, max_bytes: int) -> Iterator[LogQuery]:
    """One for each container that has begun, and one for the run before if it ended once."""
    tail = max(10, max_bytes // _BYTES_A_LINE)
    namespace, name = dig_str(pod, "metadata", "namespace"), dig_str(pod, "metadata", "name")
    for which in ("initContainerStatuses", "containerStatuses", "ephemeralContainerStatuses"):
        for status in dig_list(pod, "status", which):
            state, ended = dig_map(status, "state"), dig(status, "lastState", "terminated")
            container = dig_str(status, "name")
            if "running" in state or "terminated" in state or ended:
                yield LogQuery(namespace, name, container, tail=tail)
            if ended and dig_int(status, "restartCount"):
                yield LogQuery(namespace, name, container, tail=tail, previous=True)


_PROSE = frozenset({"description", "example", "default"})
#: Under these the schema is still of the same field.
_PARTS = frozenset({"items", "allOf", "anyOf", "oneOf", "additionalProperties"})


def _masked_prose(document: Any, name: str = "") -> Any:
    """A schema with credentials masked in its texts; names of fields are not values.

    ``name`` is the field that the schema is of: what its default is by.
    """
    if isinstance(document, dict):
        return {
            key: _prose(key, value, name)
            if isinstance(value, str) and key in _PROSE
            else _masked_prose(value, name if key in _PARTS else key)
            for key, value in document.items()
        }
    if isinstance(document, list):
        return [_masked_prose(item, name) for item in document]
    return document


def _prose(key: str, value: str, name: str) -> str:
    # As `password: x` would be masked where it is set; a description is a sentence.
    if key == "description" or not name:
        return mask_text(value)
    (shown,) = mask_tree({name: value}).values()
    return str(shown)
