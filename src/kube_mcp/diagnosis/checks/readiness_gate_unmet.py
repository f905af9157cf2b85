from __future__ import annotations

from collections.abc import Iterator

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.conditions import condition, since
from kube_mcp.diagnosis.finding import WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence
from kube_mcp.diagnosis.pods import (
    STARTING_S,
    containers,
    created,
    is_going,
    is_ready,
    older_than,
    phase,
    unwell_pods,
)
from kube_mcp.graph.owners import workload_of
from kube_mcp.objects import Obj, dig_list, dig_str
from kube_mcp.scene import Scene, ref_to


@check("Pod", among=unwell_pods, optional=["ReplicaSet"])
def readiness_gate_unmet(pod: Obj, scene: Scene) -> Iterator[Finding]:
    """A pod's containers are ready, but a condition that somebody else must set is not met.

    What it detects: a readiness gate whose condition is absent or not True in a running pod whose
    containers are all ready, for over two minutes.

    Why it matters: the pod gets no traffic because of a controller outside it, most often a load
    balancer's.

    Where it cannot tell: which controller should set the condition; its name tells as a rule.
    """
    if phase(pod) != "Running" or is_going(pod) or is_ready(pod):
        return
    gates = [dig_str(each, "conditionType") for each in dig_list(pod, "spec", "readinessGates")]
    unmet = [gate for gate in gates if gate and condition(pod, gate).get("status") != "True"]
    running = [each for each in containers(pod, scene) if each.role in ("container", "sidecar")]
    if not unmet or not all(each.ready for each in running):
        return
    ready = condition(pod, "Ready")
    if not older_than(since(ready) or created(pod), STARTING_S, scene.now):
        return
    found = condition(pod, unmet[0])
    yield Finding(
        ref=ref_to(pod),
        workload=workload_of(pod, scene),
        severity=WARNING,
        title=f"its containers are ready, but the readiness gate {unmet[0]} is not met",
        evidence=evidence(
            ("spec.readinessGates", ", ".join(gates)),
            (f"status.conditions[{unmet[0]}]", found.get("status") or "absent"),
            (f"status.conditions[{unmet[0]}].message", dig_str(found, "message")),
        ),
        since=since(ready),
        next=f"Look at the controller that sets the condition {unmet[0]}.",
    )
