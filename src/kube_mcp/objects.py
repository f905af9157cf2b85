"""What a cluster holds, as plain data: the types every layer may use, and no I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: A Kubernetes object as decoded JSON. Nothing about its shape may be trusted: a custom resource,
#: or an old API server, can put a string where a map is expected.
Obj = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ResourceType:
    """One resource the API server serves, as discovery describes it.

    ``name`` is the plural used in paths (``deployments``); ``kind`` is the type's name
    (``Deployment``). Core resources have an empty ``group``.
    """

    group: str
    version: str
    name: str
    kind: str
    namespaced: bool
    verbs: frozenset[str] = frozenset({"get", "list", "watch"})
    singular: str = ""
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()

    @property
    def api_version(self) -> str:
        """As it stands in an object: ``v1``, ``apps/v1``."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def full_name(self) -> str:
        """Unambiguous among all groups: ``pods``, ``deployments.apps``."""
        return f"{self.name}.{self.group}" if self.group else self.name

    @property
    def base_path(self) -> str:
        """``/api/v1`` or ``/apis/apps/v1``."""
        return f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"

    @property
    def built_in(self) -> bool:
        """Whether it is of Kubernetes' own groups, whose texts nobody in the cluster wrote."""
        return "." not in self.group or self.group.endswith(".k8s.io")


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """Names one object. ``namespace`` is empty for cluster-scoped ones, ``group`` for core ones."""

    kind: str
    namespace: str
    name: str
    group: str = ""

    def __str__(self) -> str:
        return f"{self.kind}/{self.name}"

    @property
    def full(self) -> str:
        """``Pod shop/web-1`` or ``Node worker-1``: readable, and enough to find it."""
        where = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind} {where}{self.name}"


def dig(obj: object, *path: str | int, default: Any = None) -> Any:
    """The value at ``path``, or ``default`` as soon as a step is missing or of the wrong shape.

    ``dig(pod, "status", "containerStatuses", 0, "state")`` never raises, whatever ``pod`` is.
    """
    at: Any = obj
    for step in path:
        # Decoded JSON is made of dicts, and asking for the abstract type costs ten times as much.
        if type(at) is dict:
            at = at.get(step)
        elif isinstance(step, int):
            if (
                not isinstance(at, Sequence)
                or isinstance(at, str)
                or not -len(at) <= step < len(at)
            ):
                return default
            at = at[step]
        elif isinstance(at, Mapping):
            at = at.get(step)
        else:
            return default
        if at is None:
            return default
    return at


def dig_map(obj: object, *path: str | int) -> Mapping[str, Any]:
    """Like `dig`, for a place that should hold a map: anything else counts as an empty one."""
    at = obj
    for step in path:
        if type(at) is not dict:
            at = dig(obj, *path)
            break
        at = at.get(step)
    return at if type(at) is dict or isinstance(at, Mapping) else {}


def dig_list(obj: object, *path: str | int) -> Sequence[Any]:
    """Like `dig`, for a place that should hold a list: anything else counts as an empty one."""
    at = obj
    for step in path:
        if type(at) is not dict:
            at = dig(obj, *path)
            break
        at = at.get(step)
    if type(at) is list:
        return at
    if at is None:
        return ()
    return at if isinstance(at, Sequence) and not isinstance(at, str | bytes) else ()


def dig_str(obj: object, *path: str | int) -> str:
    """Like `dig`, for a place that should hold text: anything else counts as empty."""
    at = obj
    for step in path:
        # The whole of a large cluster is asked through here: a second call for each costs a third.
        if type(at) is not dict:
            at = dig(obj, *path)
            break
        at = at.get(step)
    return at if isinstance(at, str) else ""


def dig_int(obj: object, *path: str | int, default: int = 0) -> int:
    """Like `dig`, for a place that should hold a whole number: anything else is ``default``."""
    value = dig(obj, *path)
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def ref_of(obj: Obj, *, kind: str = "") -> Ref:
    """The object's own reference. ``kind`` serves where a list's items do not carry theirs."""
    api_version = dig_str(obj, "apiVersion")
    return Ref(
        kind=dig_str(obj, "kind") or kind,
        namespace=dig_str(obj, "metadata", "namespace"),
        name=dig_str(obj, "metadata", "name"),
        group=api_version.split("/", 1)[0] if "/" in api_version else "",
    )
