"""The resources: addresses of things in the cluster, listed and read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import mcp_types as types

from kube_mcp.access.cluster import Cluster
from kube_mcp.auth.caller import Caller
from kube_mcp.errors import InputError
from kube_mcp.resources._resource import ONLY_CLUSTER, Resource, parse
from kube_mcp.server.host import Asked
from kube_mcp.server.reads import Reads, raise_if_failed
from kube_mcp.server.toolsets import Toolsets

#: Each cluster has its own fixed addresses; beyond this the templates have to do.
_MAX_CLUSTERS_LISTED = 50


class Resources:
    """``k8s://cluster/...``, or ``k8s://<its name>/...`` where there are several clusters."""

    def __init__(self, resources: Sequence[Resource], reads: Reads, *, toolsets: Toolsets) -> None:
        self._reads = reads
        self._toolsets = toolsets
        # Literal parts first: /namespaces/x is that namespace, not an object of kind namespaces.
        self._resources = sorted(resources, key=lambda each: (len(each.variables), each.path))
        clusters = reads.cluster_names[:_MAX_CLUSTERS_LISTED] if reads.names_cluster else ("",)
        self._fixed = [
            (
                each.toolset,
                types.Resource(
                    uri=each.uri(cluster),
                    name=f"{each.name}-{cluster}" if cluster else each.name,
                    title=f"{each.title} ({cluster})" if cluster else each.title,
                    description=each.description,
                    mime_type=each.mime_type,
                ),
            )
            for cluster in clusters
            for each in self._resources
            if not each.variables
        ]
        self._templates = [
            (
                each.toolset,
                types.ResourceTemplate(
                    uri_template=each.template(names_cluster=reads.names_cluster),
                    name=each.name,
                    title=each.title,
                    description=each.description,
                    mime_type=each.mime_type,
                ),
            )
            for each in self._resources
            if each.variables
        ]

    def listed(self, caller: Caller | None) -> list[types.Resource]:
        """The fixed addresses this caller is shown."""
        return [one for toolset, one in self._fixed if self._toolsets.may_see(caller, toolset)]

    def templates(self, caller: Caller | None) -> list[types.ResourceTemplate]:
        """The shapes of all other addresses, as far as this caller is shown them."""
        return [one for toolset, one in self._templates if self._toolsets.may_see(caller, toolset)]

    def toolset(self, uri: str) -> str:
        """The toolset of what is at an address, "" where nothing can be."""
        try:
            return self._find(uri, parse(uri).parts)[0].toolset
        except InputError:
            return ""

    @property
    def names(self) -> tuple[str, ...]:
        """Every resource's name, in order."""
        return tuple(each.name for each in self._resources)

    def variables_of(self, template: str) -> tuple[str, ...]:
        """What a template of ours asks for; nothing for another's."""
        for each in self._resources:
            if each.template(names_cluster=self._reads.names_cluster) == template:
                return (*(("cluster",) if self._reads.names_cluster else ()), *each.variables)
        return ()

    async def read(self, uri: str, asked: Asked) -> types.ReadResourceResult:
        """What is at an address. Raises `KubeMcpError`."""
        address = parse(uri)
        found, variables = self._find(uri, address.parts)

        def cluster_named() -> str:
            self._toolsets.check(asked.caller, found.toolset, "this resource")
            return self._cluster(address.cluster)

        async def work(cluster: Cluster) -> str:
            return await found.read(cluster, **variables)

        told = await self._reads.tell(
            work,
            operation="resources/read",
            name=found.name,
            arguments=variables,
            asked=asked,
            cluster=cluster_named,
        )
        text = raise_if_failed(told)
        contents = types.TextResourceContents(uri=uri, mime_type=found.mime_type, text=text)
        return types.ReadResourceResult(contents=[contents])

    def _find(self, uri: str, parts: Sequence[str]) -> tuple[Resource, Mapping[str, str]]:
        for each in self._resources:
            variables = each.match(parts)
            if variables is not None:
                return each, variables
        shapes = [
            each.template(names_cluster=self._reads.names_cluster) for each in self._resources
        ]
        raise InputError(
            f"There is no resource '{uri[:200]}'.",
            hint=f"Addresses look like: {', '.join(shapes)}." if shapes else "",
        )

    def _cluster(self, named: str) -> str:
        if self._reads.names_cluster or named in self._reads.cluster_names:
            return named
        if named != ONLY_CLUSTER:
            raise InputError(
                f"There is no cluster '{named[:100]}' here.",
                hint=f"There is only one, so its place in the address is '{ONLY_CLUSTER}'.",
            )
        return ""
