"""namespaces: the list everything else starts from."""

from __future__ import annotations

from kube_mcp.access.cluster import Cluster
from kube_mcp.objects import ResourceType
from kube_mcp.render.table import table_lines
from kube_mcp.resources._resource import resource

_NAMESPACES = ResourceType("", "v1", "namespaces", "Namespace", namespaced=False)


@resource("/namespaces", title="Namespaces")
async def namespaces(cluster: Cluster) -> str:
    """All namespaces with their status and age."""
    table = await cluster.table(_NAMESPACES, with_metadata=False)
    headers = [column.name for column in table.columns if column.priority == 0]
    shown = [at for at, column in enumerate(table.columns) if column.priority == 0]
    rows = [[row.cells[at] for at in shown] for row in table.rows]
    return "\n".join(table_lines(headers, rows))
