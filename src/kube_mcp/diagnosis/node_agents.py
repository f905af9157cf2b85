"""The pods on a node that give it its network: when they fail, the node and its new pods do."""

from __future__ import annotations

import re

from kube_mcp.diagnosis.pods import is_over
from kube_mcp.graph.owners import controller_of
from kube_mcp.objects import Ref, dig_str
from kube_mcp.scene import Scene, ref_to

# The DaemonSets of the network plugins in use, by the names their own manifests give them.
_NETWORK = re.compile(
    r"(^|-)(antrea|aws-node|azure-cni|azure-cns|calico|canal|cilium|flannel|kindnet|kube-ovn|kube-router"
    r"|multus|netd|ovnkube|weave)"
)


def network_pods(node: str, scene: Scene) -> list[Ref]:
    """The network plugin's pods on the node, where they were read."""
    return scene.derived(_by_node).get(node, [])


def _by_node(scene: Scene) -> dict[str, list[Ref]]:
    found: dict[str, list[Ref]] = {}
    for pod in scene.seen("Pod"):
        owner = controller_of(pod)
        if owner is None or owner.kind != "DaemonSet" or is_over(pod):
            continue
        if _NETWORK.search(owner.name):
            found.setdefault(dig_str(pod, "spec", "nodeName"), []).append(ref_to(pod))
    return found
