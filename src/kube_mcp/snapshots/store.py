"""The objects of one cluster, in memory, as files or tests put them there."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from kube_mcp.objects import Obj, ResourceType, dig_str
from kube_mcp.snapshots import events, kinds
from kube_mcp.words.times import parse_time

#: A group and a plural: the versions of a type share their objects.
Key = tuple[str, str]

_CRD = ("apiextensions.k8s.io", "customresourcedefinitions")
_DEFAULT_VERSION = {"major": "", "minor": "", "gitVersion": "unknown", "platform": "unknown"}


@dataclass(frozen=True, slots=True)
class Unread:
    """Why a type's objects are missing: what the API server said when they were asked for."""

    code: int
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class LogFile:
    """One container's log. ``timestamped`` lines begin with the time the kubelet gave them."""

    text: str
    timestamped: bool = False

    @classmethod
    def of(cls, text: str) -> LogFile:
        """A log whose lines were stamped by the kubelet if the first one begins with a time."""
        stamp = text.split("\n", 1)[0].partition(" ")[0]
        return cls(text, timestamped=parse_time(stamp) is not None)


class Store:
    """What a cluster holds at one moment.

    ``captured_at`` is that moment, in UTC: ages are counted to it, not to the day of reading.
    ``namespaces`` are the only ones that were looked at; empty means every one.
    ``types`` are those served, if not the usual ones. ``unread`` is by full name (``secrets``,
    ``deployments.apps``) and namespace, which is empty where all of it is missing: asking for such
    a type must give the reason, never an empty list. ``failed`` are group versions whose own
    server did not answer, and why. ``documents`` are whole bodies by path: OpenAPI, and
    what a kubelet answered.
    """

    def __init__(
        self,
        objects: Iterable[Obj] = (),
        *,
        captured_at: datetime | None = None,
        cluster_name: str = "",
        version: Mapping[str, Any] | None = None,
        namespaces: Iterable[str] = (),
        types: Iterable[ResourceType] | None = None,
    ) -> None:
        self.captured_at = captured_at or datetime.now(UTC)
        self.cluster_name = cluster_name
        self.version: Mapping[str, Any] = {**_DEFAULT_VERSION, **(version or {})}
        self.namespaces = frozenset(namespaces)
        self.unread: dict[tuple[str, str], Unread] = {}
        self.failed: dict[str, str] = {}
        self.logs: dict[tuple[str, str, str, bool], LogFile] = {}
        self.documents: dict[str, bytes] = {}
        self.notes: list[str] = []
        self.revision = 1
        self._types: dict[tuple[str, str, str], ResourceType] = {}
        self._by_kind: dict[tuple[str, str], ResourceType] = {}
        self._objects: dict[Key, dict[str, Obj]] = {}
        self._order: dict[Key, list[str]] = {}
        self.serve(*(kinds.builtin_types() if types is None else types))
        self.add(*objects)

    # --- types -------------------------------------------------------------------------------

    @property
    def types(self) -> tuple[ResourceType, ...]:
        """Every type served, groups in the order they came to be known."""
        return tuple(self._types.values())

    def serve(self, *types: ResourceType) -> None:
        """Make types known; one already known (same group, version, plural) is replaced."""
        for resource in types:
            self._types[resource.group, resource.version, resource.name] = resource
            self._by_kind[resource.group, resource.kind] = resource
            self._objects.setdefault((resource.group, resource.name), {})

    def withdraw(self, full_name: str) -> None:
        """Forget a type in all its versions, and its objects."""
        for at, resource in list(self._types.items()):
            if resource.full_name == full_name:
                del self._types[at]
                self._by_kind.pop((resource.group, resource.kind), None)
                self._objects.pop((resource.group, resource.name), None)
                self._order.pop((resource.group, resource.name), None)

    def why_unread(self, resource: ResourceType, namespace: str) -> Unread | None:
        """Why objects of a type are missing here; a list of all namespaces misses them as well."""
        name = resource.full_name
        if namespace:
            return self.unread.get((name, "")) or self.unread.get((name, namespace))
        return next((why for (of, _), why in self.unread.items() if of == name), None)

    def type_of(self, group: str, version: str, plural: str) -> ResourceType | None:
        """The type at a path, if it is served."""
        return self._types.get((group, version, plural))

    def is_builtin(self, resource: ResourceType) -> bool:
        """Whether the type is one of Kubernetes' own."""
        return resource in kinds.builtin_types()

    def crd_of(self, resource: ResourceType) -> Obj | None:
        """The definition of a custom type, if it is among the objects."""
        return self._objects.get(_CRD, {}).get(f"{resource.name}.{resource.group}")

    # --- objects -----------------------------------------------------------------------------

    def add(self, *objects: Obj) -> None:
        """Add or replace objects; a definition makes its types known, and so does an object.

        Raises `ValueError` for something without ``apiVersion``, ``kind`` or a name.
        """
        for obj in objects:
            if dig_str(obj, "apiVersion") == f"{events.GROUP}/v1":
                obj = events.to_core(obj)
            if dig_str(obj, "kind") == "CustomResourceDefinition":
                self.serve(*reversed(list(kinds.crd_types(obj))))
            resource = self._type_for(obj)
            namespace = dig_str(obj, "metadata", "namespace")
            if resource.namespaced and not namespace:
                # kubectl puts an object there too when a manifest names no namespace.
                namespace = "default"
                obj = {**obj, "metadata": {**obj["metadata"], "namespace": namespace}}
            self.revision += 1
            key = (resource.group, resource.name)
            at = object_key(namespace if resource.namespaced else "", obj["metadata"]["name"])
            self._objects[key][at] = obj
            self._order.pop(key, None)

    def remove(
        self, kind: str, name: str, *, namespace: str = "", group: str | None = None
    ) -> None:
        """Take an object away. Raises `KeyError` where it is not there."""
        for resource in set(self._by_kind.values()):
            if resource.kind != kind or group not in (None, resource.group):
                continue
            key = (resource.group, resource.name)
            if self._objects[key].pop(object_key(namespace, name), None) is not None:
                self.revision += 1
                self._order.pop(key, None)
                return
        raise KeyError(f"{kind} {namespace}/{name}")

    def get(self, resource: ResourceType, namespace: str, name: str) -> Obj | None:
        """The object, or None."""
        found = self._objects.get((resource.group, resource.name), {})
        return found.get(object_key(namespace if resource.namespaced else "", name))

    def after(self, resource: ResourceType, start: str) -> Iterator[tuple[str, Obj]]:
        """Objects from key ``start`` on, in the API server's order: by ``namespace/name``."""
        key = (resource.group, resource.name)
        found = self._objects.get(key, {})
        order = self._order.get(key)
        if order is None:
            order = self._order[key] = sorted(found)
        for index in range(bisect_left(order, start), len(order)):
            yield order[index], found[order[index]]

    def all(self, kind: str, *, group: str | None = None) -> list[Obj]:
        """Every object of a kind, in the API server's order."""
        keys = {
            (one.group, one.name)
            for one in self._by_kind.values()
            if one.kind == kind and group in (None, one.group)
        }
        return [obj for key in sorted(keys) for _, obj in sorted(self._objects[key].items())]

    def _type_for(self, obj: Obj) -> ResourceType:
        api_version, kind = dig_str(obj, "apiVersion"), dig_str(obj, "kind")
        if not api_version or not kind or not dig_str(obj, "metadata", "name"):
            raise ValueError(
                f"no Kubernetes object: {kind or 'no kind'}, {api_version or 'no apiVersion'}"
            )
        group, _, version = api_version.rpartition("/")
        known = self._by_kind.get((group, kind))
        if known is not None:
            return known
        for metrics in kinds.METRICS:
            if (metrics.group, metrics.kind) == (group, kind):
                self.serve(*kinds.METRICS)
                return metrics
        namespaced = bool(dig_str(obj, "metadata", "namespace"))
        guessed = kinds.guessed_type(group, version, kind, namespaced=namespaced)
        self.serve(guessed)
        return guessed


def object_key(namespace: str, name: str) -> str:
    """Where etcd would keep it, below the type's prefix."""
    return f"{namespace}/{name}" if namespace else name
