"""How many pods a workload wants and has, whichever kind it is, and what stands below it."""

from __future__ import annotations

from dataclasses import dataclass

from kube_mcp.graph.owners import children, pods_of
from kube_mcp.objects import Obj, Ref, dig, dig_int
from kube_mcp.scene import Scene, key_of, ref_to


@dataclass(frozen=True, slots=True)
class Counts:
    """Pods wanted, and of those made, up to date, ready and available."""

    wanted: int
    made: int
    updated: int
    ready: int
    available: int


def counts(workload: Obj) -> Counts:
    """What the workload's own status counts."""
    status = workload.get("status")
    if key_of(workload) == "DaemonSet":
        return Counts(
            wanted=dig_int(status, "desiredNumberScheduled"),
            made=dig_int(status, "currentNumberScheduled"),
            updated=dig_int(status, "updatedNumberScheduled"),
            ready=dig_int(status, "numberReady"),
            available=dig_int(status, "numberAvailable"),
        )
    return Counts(
        wanted=dig_int(workload, "spec", "replicas", default=1),
        made=dig_int(status, "replicas"),
        updated=dig_int(status, "updatedReplicas"),
        ready=dig_int(status, "readyReplicas"),
        available=dig_int(status, "availableReplicas"),
    )


def is_observed(workload: Obj) -> bool:
    """Whether the controller has acted on the present generation, so that its counts are true.

    A status that does not say which generation it is about is taken to be about the present one.
    """
    observed = dig_int(workload, "status", "observedGeneration")
    return observed == 0 or observed >= dig_int(workload, "metadata", "generation")


def below(workload: Obj, scene: Scene) -> tuple[Ref, ...]:
    """Everything whose finding would explain why the workload lacks pods."""
    made = [ref_to(each) for each in children(workload, scene)]
    return (*made, *(ref_to(pod) for pod in pods_of(workload, scene)))


def is_deleted(obj: Obj) -> bool:
    """Whether the object is being deleted."""
    return dig(obj, "metadata", "deletionTimestamp") is not None
