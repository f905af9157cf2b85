"""A small shop on three nodes, in which several things are really broken.

What people would write stands in ``objects/`` and ``logs/`` as it is; what a cluster's
controllers make of it (ReplicaSets, pods, endpoints, events, measurements) is made when loaded,
so that statuses and events agree with one another. All times count back from the moment given.
"""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.resources import files
from typing import Any

from kube_mcp.snapshots import documents
from kube_mcp.snapshots.demo import controllers, times
from kube_mcp.snapshots.store import LogFile, Store

#: Made-up credentials planted where real ones are found, to see that none is ever shown. Keys say
#: where each is.
CANARIES = {
    "a Secret": "canary-secret-4b8x2mq7zt",
    "a ConfigMap's key that says password": "canary-smtp-7f3kq9x2vb",
    "a URL in a ConfigMap": "canary-url-5j8rn1pk6e",
    "an environment variable": "canary-env-9d2mw4zt8c",
    "a container's argument": "canary-argument-6w3hc9ys1d",
    "the last-applied annotation": "canary-applied-8n5gt2vr0k",
    "a log line": "canary-log-3h6tv0ys2g",
    "an event": "canary-event-1p7cx4dk9m",
}

VERSION = {
    "major": "1",
    "minor": "37",
    "gitVersion": "v1.37.2",
    "platform": "linux/amd64",
}


def demo_store(now: datetime | None = None) -> Store:
    """The demo cluster as it looks at ``now``."""
    now = now or datetime.now(UTC)
    store = Store(captured_at=now, cluster_name="demo", version=VERSION)
    cluster = controllers.Cluster(now)
    for name, text in _texts("objects"):
        shifted = times.shift(text, now).encode()
        for document in documents.parse(name, shifted):
            cluster.apply(document)
    store.add(*cluster.settle())
    _add_logs(store, cluster, now)
    return store


def _texts(folder: str) -> list[tuple[str, str]]:
    """Name and text of every file below a folder of this package."""
    found = []
    pending = [(folder, files(__name__) / folder)]
    while pending:
        path, entry = pending.pop()
        if entry.is_dir():
            pending += [(f"{path}/{child.name}", child) for child in entry.iterdir()]
        elif path.endswith((".yaml", ".log")):
            found.append((path, entry.read_text("utf-8")))
    return sorted(found)


def _add_logs(store: Store, cluster: controllers.Cluster, now: datetime) -> None:
    """Files are ``logs/NAMESPACE/WORKLOAD/CONTAINER[.previous].log``, one for all its pods."""
    for name, text in _texts("logs"):
        _, namespace, workload, file = name.split("/")
        container = file.removesuffix(".log")
        previous = container.endswith(".previous")
        log = LogFile(times.shift(text, now), timestamped=True)
        for pod in cluster.pods_of(namespace, workload):
            key = (namespace, _name(pod), container.removesuffix(".previous"), previous)
            store.logs[key] = log


def _name(pod: dict[str, Any]) -> str:
    return str(pod["metadata"]["name"])
