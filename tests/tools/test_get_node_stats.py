"""get_node_stats, by its answers."""

from __future__ import annotations

from typing import Any

import pytest
from inline_snapshot import snapshot

from kube_mcp.access.policy import Policy
from kube_mcp.errors import NotAllowed
from kube_mcp.kube.client import GuardOptions
from tests.support import build
from tests.support.api_server import FakeApiServer
from tests.tools.conftest import Ask

ON = GuardOptions(node_logs=True)
STATS = "/api/v1/nodes/worker-1/proxy/stats/summary"
GI = 2**30


def _disk(used: float, capacity: float, *, inodes_used: int = 0) -> dict[str, Any]:
    return {
        "time": build.ago(seconds=20), "usedBytes": int(used * GI),
        "capacityBytes": int(capacity * GI), "availableBytes": int((capacity - used) * GI),
        "inodes": 1000, "inodesFree": 1000 - inodes_used, "inodesUsed": inodes_used,
    }  # fmt: skip


def _pod(namespace: str, name: str, disk: float, **more: Any) -> dict[str, Any]:
    return {
        "podRef": {"name": name, "namespace": namespace},
        "containers": [{"name": "app", "logs": _disk(disk / 2, 100)}],
        "ephemeral-storage": _disk(disk, 100),
        "process_stats": {"process_count": 12},
        **more,
    }


@pytest.fixture
def kubelet(server: FakeApiServer) -> FakeApiServer:
    """A node whose disk is nearly full, with a volume that has no inodes left."""
    server.add(build.node("worker-1"))
    volumes = [
        {"name": "data", "pvcRef": {"name": "data-db-0", "namespace": "shop"}, **_disk(9.5, 10)},
        {"name": "mail", "pvcRef": {"name": "mail", "namespace": "shop"}, **_disk(1, 10, inodes_used=1000)},
        {"name": "token", **_disk(0, 1)},
    ]  # fmt: skip
    server.document(STATS, {
        "node": {
            "fs": _disk(92, 100, inodes_used=30), "memory": {"workingSetBytes": 3 * GI, "availableBytes": 5 * GI},
            "runtime": {"imageFs": _disk(60, 100, inodes_used=30)},
            "rlimit": {"maxpid": 4000, "curproc": 1000},
            "systemContainers": [{"name": "kubelet", "cpu": {"usageNanoCores": 120_000_000},
                                  "memory": {"workingSetBytes": 90 * 2**20}}],
        },
        "pods": [_pod("shop", "web", 1), _pod("ops", "hoarder", 40), _pod("shop", "db-0", 2, volume=volumes)],
    })  # fmt: skip
    return server


async def test_what_fills_the_node_is_told_most_first(kubelet: FakeApiServer, ask: Ask) -> None:
    assert await ask("get_node_stats", name="worker-1", allow=ON) == snapshot("""\
Node worker-1, measured 20s ago:
disk: 92Gi of 100Gi used (92%), 3% of its inodes
image store: 60Gi of 100Gi used (60%), 3% of its inodes
memory: 3Gi in use, 5Gi available
process ids: 1,000 of 4,000 (25%)
system: kubelet 120m cpu 90Mi
3 pods, by disk:
NAMESPACE  POD      DISK  OF IT LOGS  PROCESSES
ops        hoarder  40Gi  20Gi        12
shop       db-0     2Gi   1Gi         12
shop       web      1Gi   512Mi       12
2 volumes, fullest first:
NAMESPACE  CLAIM      POD   USED
shop       mail       db-0  1Gi of 10Gi used (10%), 100% of its inodes
shop       data-db-0  db-0  9.5Gi of 10Gi used (95%), 0% of its inodes\
""")


async def test_more_than_the_limit_is_counted(kubelet: FakeApiServer, ask: Ask) -> None:
    answer = await ask("get_node_stats", name="worker-1", limit=1, allow=ON)
    assert "hoarder" in answer
    assert "(2 more: raise limit)" in answer
    assert "web" not in answer


async def test_pods_of_other_namespaces_are_left_out_where_they_are_not_shown(
    kubelet: FakeApiServer, ask: Ask
) -> None:
    answer = await ask("get_node_stats", name="worker-1", allow=ON,
                       policy=Policy(namespaces_deny=("ops",)))  # fmt: skip
    assert "2 pods, by disk:" in answer
    assert "hoarder" not in answer


async def test_it_is_off_unless_it_is_switched_on(kubelet: FakeApiServer, ask: Ask) -> None:
    with pytest.raises(NotAllowed, match=r"policy\.node_logs"):
        await ask("get_node_stats", name="worker-1")
    assert kubelet.count("*proxy*") == 0


async def test_a_kubelet_that_says_nothing_but_its_name_is_no_trouble(
    server: FakeApiServer, ask: Ask
) -> None:
    server.add(build.node("worker-1"))
    server.document(STATS, {"node": {"nodeName": "worker-1"}})
    answer = await ask("get_node_stats", name="worker-1", allow=ON)
    assert answer == "Node worker-1:\n0 pods, by disk.\n0 volumes, fullest first."
