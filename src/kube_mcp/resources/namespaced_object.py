"""namespaced_object: one object in a namespace, as YAML."""

from __future__ import annotations

from kube_mcp.access.cluster import Cluster
from kube_mcp.render.yaml import neat, yaml_text
from kube_mcp.resources._resource import resource


@resource(
    "/namespaces/{namespace}/{kind}/{name}",
    title="Object in a namespace",
    mime_type="application/yaml",
)
async def namespaced_object(cluster: Cluster, namespace: str, kind: str, name: str) -> str:
    """One object in a namespace as YAML, without managed fields and defaults; credentials are
    masked, a Secret comes without values. kind: Pod, deploy, ingresses.networking.k8s.io.
    """
    found = await cluster.get(await cluster.resolve(kind), name, namespace=namespace)
    return yaml_text(neat(found))
