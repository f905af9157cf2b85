"""What a diagnosis reads outside of its namespace, once something in it points there.

A second step, and a small one: a few objects by selector or by name, only where something that is
wrong here says that its cause lies there, under the same policy as everything else. What it brings
are objects of another namespace beside those of the scene's own, so a `Scene` still says of that
namespace that it was not read.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from kube_mcp.access.cluster import Cluster, why_unreadable
from kube_mcp.access.gather import by_key, uncollected
from kube_mcp.diagnosis.aliases import alias_of
from kube_mcp.diagnosis.backends import is_external
from kube_mcp.diagnosis.check import all_checks
from kube_mcp.diagnosis.conditions import status_is
from kube_mcp.diagnosis.engine import run
from kube_mcp.diagnosis.finding import Diagnosis, Skipped
from kube_mcp.diagnosis.shapes import SHAPES
from kube_mcp.diagnosis.slim import slim
from kube_mcp.diagnosis.starving import REASON, suspects
from kube_mcp.diagnosis.unreached import (
    answering,
    is_cluster_dns,
    some_name_unresolved,
)
from kube_mcp.errors import ClusterError, NotAllowed
from kube_mcp.graph.gateways import ROUTES, parents
from kube_mcp.objects import Obj, Ref, dig_map, dig_str
from kube_mcp.scene import BUILT_IN, LogTail, Scene, Unreadable, key_for
from kube_mcp.words.selectors import field_equals, text_of_labels

#: Together with the reading before it and the logs this stays below what a call may take.
DEADLINE_S = 6.0

_DNS_NAMESPACE = "kube-system"
# Every distribution labels the Service that pods ask for names with one of the two, whatever it
# calls it.
_DNS_SERVICES = "k8s-app in (coredns,kube-dns)"
_MOST_SERVICES = 2
# A node lives in no namespace; the events about it are kept here.
_NODE_EVENTS = "default"
# A chain across namespaces is short: a release, its chart, the repository of that.
_MOST_ROUNDS = 3
_MOST_NAMED = 8
# The check of a shared Gateway: routes that it has accepted do not say that it serves nothing.
_UNSERVED = "gateway-not-programmed"
# Of these only the names of their keys are ever read, and that they exist says little.
_UNASKED = frozenset({"Secret", "ConfigMap", "Namespace", "Node", "Pod"})


@dataclass(slots=True)
class _Look:
    """One look: what it is for, and what it could and could not read."""

    cluster: Cluster
    scene: Scene
    code: str
    what: str
    objects: dict[str, Sequence[Obj]] = field(default_factory=dict)
    gaps: list[str] = field(default_factory=list)
    is_missing: bool = False

    async def read(
        self, key: str, namespace: str, *, labels: str = "", fields: str = ""
    ) -> Sequence[Obj] | None:
        """Some objects of a kind; None, and why, where they could not be read."""
        served = await self.cluster.resources()
        resource = by_key(served.types).get(key)
        if resource is None:
            return None
        try:
            listing = await self.cluster.list(
                resource,
                namespace=namespace,
                label_selector=labels,
                field_selector=fields,
                keep=lambda item: slim(key, item),
                shape=SHAPES.get(key),
            )
        except (ClusterError, NotAllowed) as error:
            self.gaps.append(why_unreadable(error, resource=resource, namespace=namespace))
            return None
        return listing.items


async def look_elsewhere(cluster: Cluster, scene: Scene) -> tuple[Scene, tuple[Skipped, ...]]:
    """The scene with what its crashes point to elsewhere, and what of that could not be read.

    The very scene, and nothing asked of the cluster, where none points anywhere.
    """
    looks: list[tuple[_Look, Callable[[_Look], Awaitable[None]]]] = []
    if (
        _holds(scene, "Service", "Pod")
        and not _covers(cluster, scene, _DNS_NAMESPACE)
        and some_name_unresolved(scene)
    ):
        looks.append((_Look(cluster, scene, "cluster-dns-down", "the cluster's DNS"), _dns))
    if (
        _holds(scene, "Event", "Pod")
        and not _covers(cluster, scene, _NODE_EVENTS)
        and suspects(scene)
    ):
        look = _Look(cluster, scene, "node-out-of-memory", f"the {REASON} events of nodes")
        looks.append((look, _kills))
    gaps: list[Skipped] = []
    if looks:
        await asyncio.gather(*(_in_time(look, ask) for look, ask in looks))
        gaps += [Skipped(gap, (look.code,)) for look, _ in looks for gap in look.gaps]
        scene = extended(scene, [look.objects for look, _ in looks])
    asked: set[Ref] = set()
    for _ in range(_MOST_ROUNDS if scene.namespace else 0):
        with uncollected():
            named = {ref: code for ref, code in _named(scene) if ref not in asked}
        wanted = dict(list(named.items())[: _MOST_NAMED - len(asked)])
        if not wanted:
            break
        asked |= set(wanted)
        found = [_Look(cluster, scene, code, str(ref)) for ref, code in wanted.items()]
        await asyncio.gather(
            *(
                _in_time(look, partial(_by_name, ref=ref))
                for look, ref in zip(found, wanted, strict=True)
            )
        )
        gaps += [Skipped(gap, (look.code,)) for look in found for gap in look.gaps]
        lost = [ref for look, ref in zip(found, wanted, strict=True) if look.is_missing]
        if not lost and not any(look.objects for look in found):
            break
        scene = extended(scene, [look.objects for look in found], lost)
    return scene, tuple(gaps)


def _diagnosed(scene: Scene) -> Diagnosis:
    return run(all_checks(), scene)


def _named(scene: Scene) -> Iterator[tuple[Ref, str]]:
    """What is blamed here and lies elsewhere, and the check that asks for it; what was read, or is
    known to be missing, left out."""
    for ref, code in _pointers(scene):
        key = key_for(ref.kind, ref.group)
        elsewhere = ref.namespace != scene.namespace if ref.namespace else key not in BUILT_IN
        if not elsewhere or key in _UNASKED or ref in scene.missing:
            continue
        if (ref.namespace and key not in scene.kinds) or scene.peek(key, ref.namespace, ref.name):
            continue
        yield ref, code


def _pointers(scene: Scene) -> Iterator[tuple[Ref, str]]:
    diagnosis = scene.derived(_diagnosed)
    for root in (*diagnosis.roots, *diagnosis.notes):
        for each in (root.finding, *root.consequences):
            for ref in sorted(each.blames):
                yield ref, each.code
    for kind in ROUTES:
        for route in scene.seen(kind):
            for _, parent, _ in parents(route):
                yield parent, _UNSERVED
    for service in scene.seen("Service"):
        meant = alias_of(service) if is_external(service) else None
        if meant is not None:
            yield meant, "service-alias-to-nowhere"


async def _by_name(look: _Look, *, ref: Ref) -> None:
    """One object; of a Service also what stands behind it, where it does not answer."""
    key = key_for(ref.kind, ref.group)
    found = await look.read(key, ref.namespace, fields=field_equals({"metadata.name": ref.name}))
    if found is None:
        return
    look.is_missing = not found
    if key == "Service":
        for service in found:
            await _behind(look, service)
    elif look.code == _UNSERVED:
        # One that serves explains nothing, and its other listeners are not what was asked about.
        look.objects[key] = [each for each in found if not _serves(each)]
    elif found:
        look.objects[key] = found


def _serves(gateway: Obj) -> bool:
    return not any(status_is(gateway, kind, "False") for kind in ("Accepted", "Programmed"))


def diagnose_with(scene: Scene, home: Scene, gaps: Iterable[Skipped]) -> Diagnosis:
    """What the checks say of a scene that `look_elsewhere` made of ``home``.

    What could not be read elsewhere is among what was skipped, each reason once. That a check
    could not look further around an object from elsewhere is not: nobody asked about that
    namespace, and it would read as if something of this one had been left out.
    """
    diagnosis = scene.derived(_diagnosed)
    skipped = diagnosis.skipped if scene is home else _of_home(diagnosis.skipped, home)
    codes: dict[str, set[str]] = defaultdict(set)
    for each in (*skipped, *gaps):
        codes[each.reason].update(each.codes)
    merged = (Skipped(reason, tuple(sorted(found))) for reason, found in sorted(codes.items()))
    return replace(diagnosis, skipped=tuple(merged))


def _of_home(skipped: Sequence[Skipped], home: Scene) -> Iterator[Skipped]:
    """Without the checks that were only skipped for an object from elsewhere."""
    ending = f"was read in namespace {home.namespace} only"
    outside = {each.reason for each in skipped if each.reason.endswith(ending)}
    doubtful = {code for each in skipped if each.reason in outside for code in each.codes}
    at_home = run([each for each in all_checks() if each.code in doubtful], home)
    kept = {each.reason: each for each in at_home.skipped}
    for each in skipped:
        if each.reason not in outside:
            yield each
        elif each.reason in kept:
            yield kept[each.reason]


def _holds(scene: Scene, *keys: str) -> bool:
    """Whether the scene has these kinds. Where it has not, the answer says so already, and a few
    objects from elsewhere would look like all there are."""
    return all(key in scene.kinds for key in keys)


def _covers(cluster: Cluster, scene: Scene, namespace: str) -> bool:
    """Whether the reading was of this namespace too."""
    if scene.namespace:
        return scene.namespace == namespace
    return cluster.policy.allows_namespace(namespace)


async def _in_time(look: _Look, ask: Callable[[_Look], Awaitable[None]]) -> None:
    try:
        async with asyncio.timeout(DEADLINE_S):
            await ask(look)
    except TimeoutError:
        look.objects.clear()
        look.gaps.append(f"reading {look.what} took longer than {DEADLINE_S:.0f} s")


async def _dns(look: _Look) -> None:
    """The DNS Service with its pods and endpoints, where it does not answer.

    One that answers explains nothing, and its pods are not what was asked about.
    """
    services = await look.read("Service", _DNS_NAMESPACE, labels=_DNS_SERVICES)
    known = [each for each in services or () if is_cluster_dns(each)]
    for service in known[:_MOST_SERVICES]:
        await _behind(look, service)


async def _behind(look: _Look, service: Obj) -> None:
    selector = text_of_labels(dig_map(service, "spec", "selector"))
    if not selector:
        return
    namespace = dig_str(service, "metadata", "namespace")
    name = dig_str(service, "metadata", "name")
    of_service = f"kubernetes.io/service-name={name}"
    before = len(look.gaps)
    pods, slices = await asyncio.gather(
        look.read("Pod", namespace, labels=selector),
        look.read("EndpointSlice", namespace, labels=of_service),
    )
    read = {"Service": [service], "Pod": pods, "EndpointSlice": slices}
    kinds = {key: found for key, found in read.items() if found is not None}
    seen = Scene(now=look.scene.now, namespace=namespace, kinds=kinds)
    try:
        _, ready = answering(service, seen)
    except Unreadable:
        return  # the gaps say why
    if ready:
        del look.gaps[before:]  # one of the two was enough to know
        return
    for key, found in kinds.items():
        look.objects[key] = [*look.objects.get(key, ()), *found]


async def _kills(look: _Look) -> None:
    """The kernel's kills on the nodes of the pods in question."""
    nodes = suspects(look.scene)
    events = await look.read(
        "Event",
        _NODE_EVENTS,
        fields=field_equals({"involvedObject.kind": "Node", "reason": REASON}),
    )
    look.objects["Event"] = [
        each for each in events or () if dig_str(each, "involvedObject", "name") in nodes
    ]


def extended(
    scene: Scene,
    found: Iterable[Mapping[str, Sequence[Obj]]] = (),
    missing: Iterable[Ref] = (),
    logs: Mapping[tuple[str, str, str], LogTail] | None = None,
) -> Scene:
    """A new scene with more in it; the same where there is no more.

    New, because what was derived from the old one did not know these objects.
    """
    found, missing = list(found), frozenset(missing)
    if not (any(found) or missing or logs):
        return scene
    kinds = dict(scene.kinds)
    for objects in found:
        for key, more in objects.items():
            # A kind that lives in no namespace is read by name only; none of it is called missing.
            if more and (key in kinds or key not in BUILT_IN):
                kinds[key] = [*kinds.get(key, ()), *more]
    return Scene(
        now=scene.now,
        namespace=scene.namespace,
        kinds=kinds,
        unreadable=scene.unreadable,
        absent=scene.absent,
        logs={**scene.logs, **(logs or {})},
        partial=scene.partial,
        missing=scene.missing | missing,
    )
