"""cluster_object: one object that is in no namespace, as YAML."""

from __future__ import annotations

from kube_mcp.access.cluster import Cluster
from kube_mcp.render.yaml import neat, yaml_text
from kube_mcp.resources._resource import resource


@resource("/{kind}/{name}", title="Object of the cluster", mime_type="application/yaml")
async def cluster_object(cluster: Cluster, kind: str, name: str) -> str:
    """One object that is in no namespace as YAML: a Node, Namespace, PersistentVolume,
    StorageClass, ClusterRole, CustomResourceDefinition.
    """
    found = await cluster.get(await cluster.resolve(kind), name)
    return yaml_text(neat(found))
