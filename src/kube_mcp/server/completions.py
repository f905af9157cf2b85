"""Completions: names from the cluster, offered while somebody types an argument."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence

import mcp_types as types

from kube_mcp.access.cluster import Cluster
from kube_mcp.errors import KubeMcpError, TimedOut
from kube_mcp.objects import ResourceType, dig_str
from kube_mcp.server.host import Asked
from kube_mcp.server.reads import OpenCluster
from kube_mcp.server.recorder import Recording

logger = logging.getLogger(__name__)

_NAMESPACES = ResourceType("", "v1", "namespaces", "Namespace", namespaced=False)

#: The most the protocol lets one completion carry.
MAX_VALUES = 100

#: Somebody is typing: what comes later helps nobody.
TIMEOUT_S = 5.0


class Completions:
    """Completes ``cluster``, ``namespace``, ``kind`` and ``name``, whatever they belong to.

    What the cluster does not give (no permission, no answer in time) completes to nothing: a
    suggestion is no answer, and an error for every letter typed would be worse than silence.
    """

    def __init__(self, open_cluster: OpenCluster, *, cluster_names: Sequence[str] = ()) -> None:
        self._open_cluster = open_cluster
        self._cluster_names = tuple(cluster_names)

    async def of(
        self,
        argument: str,
        typed: str,
        known: Mapping[str, str],
        asked: Asked,
        recording: Recording,
    ) -> types.Completion:
        """What ``argument`` could become, given the arguments that are ``known`` already.

        ``recording`` is told as whom the cluster was read, and why it gave nothing.
        """
        if argument == "cluster":
            return _completion(self._cluster_names, typed)
        if argument not in ("namespace", "kind", "name"):
            return _completion((), typed)
        try:
            async with asyncio.timeout(TIMEOUT_S):
                cluster = await self._open_cluster(self._cluster(known), asked.caller)
                recording.identity = cluster.reads_as
                recording.cluster = cluster.name or "".join(self._cluster_names[:1])
                return _completion(await self._names(cluster, argument, known), typed)
        except (KubeMcpError, TimeoutError) as error:
            logger.debug("No completion for %s: %s", argument, error)
            recording.outcome = error.code if isinstance(error, KubeMcpError) else TimedOut.code
            return _completion((), typed)

    def _cluster(self, known: Mapping[str, str]) -> str:
        named = known.get("cluster", "")
        return named if named in self._cluster_names else ""

    async def _names(
        self, cluster: Cluster, argument: str, known: Mapping[str, str]
    ) -> Iterable[str]:
        if argument == "kind":
            discovered = await cluster.resources()
            return sorted({each.kind for each in discovered.types if "get" in each.verbs})
        if argument == "namespace":
            return await _objects(cluster, _NAMESPACES, "")
        kind = known.get("kind", "")
        if not kind:
            return ()
        resource = await cluster.resolve(kind)
        namespace = known.get("namespace", "") if resource.namespaced else ""
        return await _objects(cluster, resource, namespace)


async def _objects(cluster: Cluster, resource: ResourceType, namespace: str) -> list[str]:
    listing = await cluster.list(
        resource,
        namespace=namespace,
        metadata_only=True,
        keep=lambda item: {
            "metadata": {
                "name": dig_str(item, "metadata", "name"),
                "namespace": dig_str(item, "metadata", "namespace"),
            }
        },
    )
    return sorted({dig_str(item, "metadata", "name") for item in listing.items})


def _completion(names: Iterable[str], typed: str) -> types.Completion:
    wanted = typed.strip().lower()
    starting = [name for name in names if name.lower().startswith(wanted)]
    inside = [
        name for name in names if wanted in name.lower() and not name.lower().startswith(wanted)
    ]
    found = [*starting, *inside]
    return types.Completion(
        values=found[:MAX_VALUES], total=len(found), has_more=len(found) > MAX_VALUES
    )
