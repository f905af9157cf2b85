"""What a kubelet says of its node: statistics and log files, through the API server's node proxy.

The guard lets these two paths pass only where an operator switched them on, because the right to
the node proxy is more than reading: on older clusters whoever has it can run commands in pods.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson

from kube_mcp.errors import InputError, NotFound, Rejected, ServerFault
from kube_mcp.kube.client import Client
from kube_mcp.kube.logs import LogRead, collect
from kube_mcp.kube.paths import resource_path
from kube_mcp.kube.transport import Request
from kube_mcp.objects import ResourceType

NODES = ResourceType(group="", version="v1", name="nodes", kind="Node", namespaced=False)

#: A full node has some 250 pods with a dozen figures each; ten times that is no node.
MAX_STATS_BYTES = 16 * 1024 * 1024

#: A kubelet's listing of a folder.
MAX_LISTING_BYTES = 1024 * 1024

_SERVICE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.@-]{0,127}")
_FILE = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.@-]*(?:/[A-Za-z0-9_-][A-Za-z0-9_.@-]*)*")
_LINK = re.compile(r'<a href="([^"]{1,300})">')

#: Below /var/log these hold the logs of containers: whoever may read those asks by pod.
_OF_CONTAINERS = ("containers", "pods")


@dataclass(frozen=True, slots=True)
class NodeLogQuery:
    """Which log of a node: a ``service`` of its journal, or a ``file`` below /var/log.

    ``tail`` and ``since`` are the kubelet's to apply, which it does for services only.
    """

    node: str
    service: str = ""
    file: str = ""
    tail: int | None = None
    since: datetime | None = None

    @classmethod
    def named(cls, node: str, log: str, **more: Any) -> NodeLogQuery:
        """``kubelet`` is a service; what has a slash or an ending such as ``.log`` is a file.

        Raises `InputError` for what is neither.
        """
        log = log.removeprefix("/var/log/")
        if _SERVICE.fullmatch(log) and not log.endswith((".log", ".gz")):
            return cls(node, service=log, **more)
        if not _FILE.fullmatch(log):
            raise InputError(
                f"'{log[:80]}' is neither a service nor a file below /var/log.",
                hint="Write kubelet, containerd, or a file such as syslog.log or audit/audit.log.",
            )
        if log.split("/", 1)[0] in _OF_CONTAINERS:
            raise InputError(f"'{log}' is a container's log.", hint="get_logs reads those.")
        return cls(node, file=log)


async def read_stats(client: Client, node: str) -> Any:
    """The kubelet's ``/stats/summary``: what the node, its pods and their volumes use."""
    path = f"{resource_path(NODES, name=node, subresource='proxy')}/stats/summary"
    body = await client.read(path, max_bytes=MAX_STATS_BYTES)
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ServerFault(f"The kubelet of {node} did not answer with JSON: {error}.") from error


async def list_logs(client: Client, node: str) -> list[str]:
    """The names in the node's /var/log; folders end with a slash."""
    body = await client.read(_logs(node), accept="*/*", max_bytes=MAX_LISTING_BYTES)
    names = _LINK.findall(body.decode("utf-8", "replace"))
    return [name for name in names if name.rstrip("/") not in _OF_CONTAINERS]


async def read_node_log(
    client: Client, query: NodeLogQuery, *, keep: int, max_kept_bytes: int, timeout_s: float
) -> LogRead | None:
    """The newest ``keep`` lines; None where this kubelet does not answer queries for services.

    Such a kubelet (``enableSystemLogQuery`` is off) overlooks the query and lists the folder.
    Raises `InputError` where the node has no such log.
    """
    pairs = [
        ("query", query.service),
        ("tailLines", "" if query.tail is None else str(query.tail)),
        ("sinceTime", _rfc3339(query.since)),
    ]
    request = Request(
        method="GET",
        path=_logs(query.node) + query.file,
        query=tuple(pair for pair in pairs if pair[1]) if query.service else (),
        headers={"Accept": "*/*"},
        timeout_s=timeout_s,
    )
    try:
        response = await client.send(request)
    except (NotFound, Rejected, ServerFault) as error:
        # A kubelet answers 404 for a file and 400 for a service that it does not know.
        if error.status not in (400, 404):
            raise
        raise InputError(
            f"The kubelet of {query.node} knows no log '{query.service or query.file}'.",
            hint="Leave log out to see which files there are.",
        ) from error
    if query.service and response.headers.get("content-type", "").startswith("text/html"):
        await response.aclose()
        return None
    return await collect(response, keep=keep, max_kept_bytes=max_kept_bytes)


def _logs(node: str) -> str:
    return f"{resource_path(NODES, name=node, subresource='proxy')}/logs/"


def _rfc3339(moment: datetime | None) -> str:
    return "" if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
