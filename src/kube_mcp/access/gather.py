"""The kinds that some checks need, read together under one deadline, as a `Scene`."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from kube_mcp.access.cluster import Cluster, why_unreadable
from kube_mcp.errors import OUTAGES, ClusterError, NotAllowed, NotFound, TimedOut, Unreachable
from kube_mcp.objects import Obj, ResourceType
from kube_mcp.scene import BUILT_IN, Scene, key_for
from kube_mcp.shapes import Shape

#: Lists in flight. The API server serves these side by side; more only queue at its own limits.
AT_ONCE = 6

#: What takes longest in most clusters goes first, so that nothing long begins at the end.
_BIGGEST = {
    key: place
    for place, key in enumerate(("Pod", "Event", "ReplicaSet", "Secret", "ConfigMap", "Node"))
}


def by_key(types: Iterable[ResourceType]) -> dict[str, ResourceType]:
    """Types under the key a scene files them by.

    Kinds of Kubernetes' own groups go by the bare kind; others by ``Kind.group``.
    """
    found: dict[str, ResourceType] = {}
    for each in types:
        found.setdefault(scene_key(each), each)
    return found


def scene_key(resource: ResourceType) -> str:
    """``Pod``, ``Deployment``, ``Kustomization.kustomize.toolkit.fluxcd.io``."""
    return key_for(resource.kind, resource.group)


async def gather(
    cluster: Cluster,
    kinds: Iterable[str],
    *,
    namespace: str,
    now: datetime,
    deadline_s: float,
    keep: Callable[[str, Any], Any] | None = None,
    shapes: Mapping[str, Shape] | None = None,
    on_kind: Callable[[str], None] | None = None,
) -> Scene:
    """Read every kind that is served; what could not be read is named with the reason.

    Never raises for a single kind: a scene with gaps is an answer. Where an outage let nothing at
    all be read there is none, and that outage is raised: an empty scene would look healthy.
    Cluster-scoped kinds are read whole even for one namespace, because causes live there.
    ``keep`` slims each object by its scene key as it arrives; of the kinds in ``shapes`` no more
    than that is decoded in the first place.
    """
    served = await cluster.resources()
    types = by_key(served.types)
    read: dict[str, Sequence[Obj]] = {}
    unreadable: dict[str, str] = {}
    absent: set[str] = set()
    outages: dict[str, ClusterError] = {}
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(key: str, resource: ResourceType) -> None:
        where = namespace if resource.namespaced else ""
        slim = (lambda item: keep(key, item)) if keep else None
        try:
            async with gate:
                if not read and (gone := _gone(outages)):
                    raise gone  # it has been tried again already, and would be for every kind
                listing = await cluster.list(
                    resource, namespace=where, keep=slim, shape=(shapes or {}).get(key)
                )
            read[key] = listing.items
        except NotFound:
            absent.add(key)  # the kind went away between discovery and the read
        except (ClusterError, NotAllowed) as error:
            if isinstance(error, OUTAGES):
                outages[key] = error
            unreadable[key] = why_unreadable(error, resource=resource, namespace=where)
        if on_kind:
            on_kind(key)

    jobs: dict[str, asyncio.Task[None]] = {}
    for key in sorted(set(kinds), key=lambda key: (_BIGGEST.get(key, len(_BIGGEST)), key)):
        resource = types.get(key)
        if resource is None:
            _missing(key, served.failed, unreadable, absent)
        elif "list" not in resource.verbs:
            unreadable[key] = f"{resource.full_name} cannot be listed"
        else:
            jobs[key] = asyncio.create_task(one(key, resource))
    with uncollected():
        try:
            if jobs:
                _, late = await asyncio.wait(jobs.values(), timeout=deadline_s)
                for key, job in jobs.items():
                    if job in late:
                        late_says = (
                            f"reading {types[key].full_name} took longer than {deadline_s:.0f} s"
                        )
                        unreadable[key] = late_says
                        outages[key] = TimedOut(f"{late_says[0].upper()}{late_says[1:]}.")
        finally:
            for job in jobs.values():
                job.cancel()
            await asyncio.gather(*jobs.values(), return_exceptions=True)
    for job in jobs.values():
        if not job.cancelled() and (error := job.exception()) is not None:
            raise error  # not an answer of the cluster: a defect, and never to be hidden
    if not read and jobs and outages.keys() == jobs.keys():
        raise _gone(outages) or next(iter(outages.values()))
    return Scene(
        now=now,
        namespace=namespace,
        kinds=read,
        unreadable=dict(sorted(unreadable.items())),  # not in the order answers came
        absent=frozenset(absent),
    )


def _gone(outages: Mapping[str, ClusterError]) -> Unreachable | None:
    return next((each for each in outages.values() if isinstance(each, Unreachable)), None)


_undisturbed = 0


@contextmanager
def uncollected() -> Iterator[None]:
    """No search for reference cycles while objects arrive, or are looked through.

    Decoded JSON holds none, and every few thousand new containers the collector would walk all
    objects kept so far: of 5,000 pods it takes longer than reading, decoding and masking them.
    Readings side by side share one pause.
    """
    global _undisturbed
    if _undisturbed == 0 and not gc.isenabled():
        yield  # somebody else has switched it off and will switch it on
        return
    _undisturbed += 1
    gc.disable()
    try:
        yield
    finally:
        _undisturbed -= 1
        if _undisturbed == 0:
            gc.enable()


def _missing(
    key: str, failed: Mapping[str, str], unreadable: dict[str, str], absent: set[str]
) -> None:
    """A kind that discovery does not show is absent, unless its group could not be asked."""
    group = key.partition(".")[2] or BUILT_IN.get(key, "")
    for group_version, why in failed.items():
        if group and group_version.split("/")[0] == group:
            unreadable[key] = f"the API group {group_version} could not be read: {why}"
            return
    absent.add(key)
