from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.finding import WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence, listed
from kube_mcp.diagnosis.pods import created, is_going, is_over, older_than, unwell_pods
from kube_mcp.graph.owners import workload_of
from kube_mcp.objects import Obj, dig, dig_list, dig_str
from kube_mcp.scene import Scene, ref_to

# A gate is opened by a controller within moments; queues may hold jobs back for long, so even
# after this the finding is a warning and no more.
_PATIENCE_S = 600


@check("Pod", among=unwell_pods, optional=["ReplicaSet", "Job"])
def pod_scheduling_gated(pod: Obj, scene: Scene) -> Iterator[Finding]:
    """A pod is held back by a scheduling gate that nobody has removed.

    What it detects: gates in ``spec.schedulingGates`` of a pod older than ten minutes.

    Why it matters: the scheduler does not even look at the pod until its gates are gone; if the
    controller that opens them is down, it waits forever.

    Where it cannot tell: whether a queue holds the pod back on purpose.
    """
    gates = [dig_str(each, "name") for each in dig_list(pod, "spec", "schedulingGates")]
    if not gates or dig(pod, "spec", "nodeName") or is_over(pod) or is_going(pod):
        return
    if not older_than(created(pod), _PATIENCE_S, scene.now):
        return
    yield Finding(
        ref=ref_to(pod),
        workload=workload_of(pod, scene),
        severity=WARNING,
        title=f"waits behind the scheduling gate {listed(gates)}",
        evidence=evidence(("spec.schedulingGates", listed(gates))),
        since=created(pod),
        next=f"Look at the controller that removes the gate {gates[0]}.",
    )
