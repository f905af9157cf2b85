"""What was read of a cluster at one moment, indexed, and what could not be read, and why.

Silence is impossible: asking for a kind that could not be read raises, so a check can never take
"I may not look" for "there is nothing".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar, cast

from kube_mcp.objects import Obj, Ref, dig_map, dig_str

T = TypeVar("T")

#: The group of every kind whose key is its bare name. Kinds of other groups are keyed
#: ``Kind.group``, because names such as Gateway, Service or Cluster are taken several times.
BUILT_IN: Mapping[str, str] = {
    **dict.fromkeys(
        (
            "ConfigMap",
            "Endpoints",
            "Event",
            "LimitRange",
            "Namespace",
            "Node",
            "PersistentVolume",
            "PersistentVolumeClaim",
            "Pod",
            "ReplicationController",
            "ResourceQuota",
            "Secret",
            "Service",
            "ServiceAccount",
        ),
        "",
    ),
    **dict.fromkeys(
        ("ControllerRevision", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"), "apps"
    ),
    **dict.fromkeys(("CronJob", "Job"), "batch"),
    "HorizontalPodAutoscaler": "autoscaling",
    "PodDisruptionBudget": "policy",
    **dict.fromkeys(("Ingress", "IngressClass", "NetworkPolicy"), "networking.k8s.io"),
    "EndpointSlice": "discovery.k8s.io",
    **dict.fromkeys(("CSIDriver", "CSINode", "StorageClass", "VolumeAttachment"), "storage.k8s.io"),
    **dict.fromkeys(
        ("ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"), "rbac.authorization.k8s.io"
    ),
    **dict.fromkeys(
        ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"),
        "admissionregistration.k8s.io",
    ),
    "APIService": "apiregistration.k8s.io",
    "CustomResourceDefinition": "apiextensions.k8s.io",
    "Lease": "coordination.k8s.io",
    "PriorityClass": "scheduling.k8s.io",
    "RuntimeClass": "node.k8s.io",
}

#: Built-in kinds that live in no namespace.
CLUSTER_SCOPED = frozenset(
    {
        "APIService",
        "CSIDriver",
        "CSINode",
        "ClusterRole",
        "ClusterRoleBinding",
        "CustomResourceDefinition",
        "IngressClass",
        "MutatingWebhookConfiguration",
        "Namespace",
        "Node",
        "PersistentVolume",
        "PriorityClass",
        "RuntimeClass",
        "StorageClass",
        "ValidatingWebhookConfiguration",
        "VolumeAttachment",
    }
)


def key_for(kind: str, group: str) -> str:
    """The key of a kind in a `Scene`: ``Pod``, or ``Kind.group`` outside the built-in groups."""
    return kind if not group or BUILT_IN.get(kind) == group else f"{kind}.{group}"


def key_of(obj: Obj) -> str:
    """The key under which an object that says its own kind stands in a `Scene`."""
    return key_for(dig_str(obj, "kind"), _group_of(obj))


def refer(key: str, namespace: str, name: str) -> Ref:
    """A reference by key, so that the same object is always named by an equal `Ref`."""
    kind, _, group = key.partition(".")
    return Ref(kind, namespace, name, group or BUILT_IN.get(kind, ""))


def ref_to(obj: Obj) -> Ref:
    """The reference of an object of a `Scene`, equal to what `refer` makes of its key."""
    kind, group = dig_str(obj, "kind"), _group_of(obj)
    return Ref(
        kind,
        dig_str(obj, "metadata", "namespace"),
        dig_str(obj, "metadata", "name"),
        group or BUILT_IN.get(kind, ""),
    )


def _group_of(obj: Obj) -> str:
    api_version = dig_str(obj, "apiVersion")
    return api_version.split("/", 1)[0] if "/" in api_version else ""


class Unreadable(LookupError):
    """A kind was asked for that could not be read, or was never asked of the cluster."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(f"{kind}: {reason}")
        self.kind = kind
        self.reason = reason


@dataclass(frozen=True, slots=True)
class LogTail:
    """The last lines of one container's log, oldest first; ``previous`` is the run before."""

    lines: tuple[str, ...]
    previous: bool


@dataclass
class Scene:
    """One reading of a cluster, a namespace, or what surrounds one object.

    ``kinds`` maps a kind's key (``Pod``; ``Kustomization.kustomize.toolkit.fluxcd.io`` for kinds
    outside the built-in groups) to its objects, each of which carries its ``kind`` and, outside
    the core group, its ``apiVersion`` (the items of a list do not: whoever reads adds them).
    ``unreadable`` maps a kind's key to why it is missing, as half a sentence ("may not list pods
    in shop"). ``partial`` maps a kind's key to why only some of its objects are here: what is
    there may be used, what is not there proves nothing. ``absent`` are kinds that this cluster
    does not serve: that is an answer, not a gap. ``namespace`` is empty for a cluster; where it
    is set, kinds that live in namespaces hold this one's objects, and perhaps a few from others.
    ``logs`` are keyed by (namespace, pod, container). ``missing`` are objects of other namespaces
    that were asked for by name and do not exist.
    """

    now: datetime
    namespace: str = ""
    kinds: Mapping[str, Sequence[Obj]] = field(default_factory=dict)
    unreadable: Mapping[str, str] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    logs: Mapping[tuple[str, str, str], LogTail] = field(default_factory=dict)
    partial: Mapping[str, str] = field(default_factory=dict)
    missing: frozenset[Ref] = frozenset()
    _derived: dict[object, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def of(
        cls,
        objects: Iterable[Obj],
        *,
        now: datetime,
        namespace: str = "",
        served: Iterable[str] = (),
        unreadable: Mapping[str, str] | None = None,
        absent: Iterable[str] = (),
        logs: Mapping[tuple[str, str, str], LogTail] | None = None,
    ) -> Scene:
        """A scene of objects that say their own kind; ``served`` are kinds that may have none."""
        kinds: dict[str, list[Obj]] = {key: [] for key in served}
        for obj in objects:
            kinds.setdefault(key_of(obj), []).append(obj)
        hidden = dict(unreadable or {})
        return cls(
            now=now,
            namespace=namespace,
            kinds={key: found for key, found in kinds.items() if key not in hidden},
            unreadable=hidden,
            absent=frozenset(absent),
            logs=dict(logs or {}),
        )

    def can_see(self, kind: str) -> bool:
        """Whether `all` has an answer for this kind."""
        return kind in self.kinds or kind in self.absent

    def why_not(self, kind: str) -> str:
        """Why `can_see` is false, as half a sentence."""
        return self.unreadable.get(kind, f"{kind} was not read")

    def all(self, kind: str) -> Sequence[Obj]:
        """Every object of the kind, in the order read. Raises `Unreadable`."""
        if kind in self.kinds:
            return self.kinds[kind]
        if kind in self.absent:
            return ()
        raise Unreadable(kind, self.why_not(kind))

    def inside(self, kind: str, namespace: str) -> Sequence[Obj]:
        """Every object of the kind in one namespace. Raises `Unreadable`.

        Also where the reading was of another namespace, so that "none there" is never a guess.
        """
        found = self._by_namespace(kind).get(namespace, ())
        if not found and self._is_outside(kind, namespace):
            raise Unreadable(kind, f"{kind} was read in namespace {self.namespace} only")
        return found

    def get(self, kind: str, namespace: str, name: str) -> Obj | None:
        """The object, or None if there is none of that name.

        Raises `Unreadable` also where the object is not among what was read but could exist.
        """
        found = self._by_name(kind).get((namespace, name))
        if found is None:
            if self._is_outside(kind, namespace):
                if self.missing and refer(kind, namespace, name) in self.missing:
                    return None
                raise Unreadable(kind, f"{kind} was read in namespace {self.namespace} only")
            if kind in self.partial:
                raise Unreadable(kind, self.partial[kind])
        return found

    def find(self, ref: Ref) -> Obj | None:
        """`get` by reference. Raises `Unreadable`."""
        return self.get(key_for(ref.kind, ref.group), ref.namespace, ref.name)

    def peek(self, kind: str, namespace: str, name: str) -> Obj | None:
        """The object if it was read; None says nothing. For what only adds detail."""
        return self._by_name(kind).get((namespace, name)) if kind in self.kinds else None

    def seen(self, kind: str) -> Sequence[Obj]:
        """The objects of the kind that were read, if any. For what only adds detail."""
        return self.kinds.get(kind, ())

    def lacks(self, kind: str, namespace: str, name: str) -> bool:
        """Whether it is certain that there is no such object: false where nobody could look."""
        try:
            return self.get(kind, namespace, name) is None
        except Unreadable:
            return False

    def derived(self, build: Callable[[Scene], T]) -> T:
        """What ``build`` makes of this scene, made once. For indexes that several callers share."""
        try:
            return cast("T", self._derived[build])
        except KeyError:
            found = self._derived[build] = build(self)
            return found

    def derived_for(self, obj: Obj, build: Callable[[Obj, Scene], T]) -> T:
        """What ``build`` makes of one object in this scene, made once for all who ask."""
        known = self._derived.setdefault(build, {})
        entry = known.get(id(obj))
        if entry is None:
            # The object is kept beside it, so that no other can come to have its identity.
            entry = known[id(obj)] = (obj, build(obj, self))
        return cast("T", entry[1])

    def _is_outside(self, kind: str, namespace: str) -> bool:
        return bool(self.namespace and namespace) and namespace != self.namespace

    def _by_name(self, kind: str) -> dict[tuple[str, str], Obj]:
        key = ("by name", kind)
        if key not in self._derived:
            self._derived[key] = {
                (dig_str(obj, "metadata", "namespace"), dig_str(obj, "metadata", "name")): obj
                for obj in self.all(kind)
            }
        return cast("dict[tuple[str, str], Obj]", self._derived[key])

    def _by_namespace(self, kind: str) -> dict[str, list[Obj]]:
        key = ("by namespace", kind)
        if key not in self._derived:
            index: dict[str, list[Obj]] = {}
            for obj in self.all(kind):
                index.setdefault(dig_str(obj, "metadata", "namespace"), []).append(obj)
            self._derived[key] = index
        return cast("dict[str, list[Obj]]", self._derived[key])


def labels_of(obj: Obj) -> Mapping[str, Any]:
    """The object's labels; empty where it has none."""
    return dig_map(obj, "metadata", "labels")
