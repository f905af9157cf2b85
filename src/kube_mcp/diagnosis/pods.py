"""A pod's containers with what they are and how they fare, and the workload the pod belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kube_mcp.diagnosis.conditions import condition
from kube_mcp.objects import Obj, dig, dig_int, dig_list, dig_map, dig_str
from kube_mcp.scene import Scene, key_of
from kube_mcp.words.times import parse_time

#: Pulling an image, attaching a volume and starting a sandbox take this long on a good day; what
#: still waits afterwards is stuck. The figure is the one kubectl users learn to wait for.
STARTING_S = 120


@dataclass(frozen=True, slots=True)
class Container:
    """One container of a pod: what was asked for and what became of it.

    ``role`` is ``container``, ``init container``, ``sidecar`` (an init container that restarts)
    or ``ephemeral container``. ``path`` leads to its status. The states are empty maps where the
    container is not in them; ``last`` is how its previous run ended.
    """

    name: str
    role: str
    path: str
    spec: Mapping[str, Any]
    waiting: Mapping[str, Any]
    running: Mapping[str, Any]
    terminated: Mapping[str, Any]
    last: Mapping[str, Any]
    restarts: int
    ready: bool
    started: bool
    image_id: str

    @property
    def reason(self) -> str:
        """Why it waits, as the kubelet names it."""
        return dig_str(self.waiting, "reason")

    @property
    def ended(self) -> Mapping[str, Any]:
        """How its latest finished run ended: this one if it is over, else the one before."""
        return self.terminated or self.last


_PARTS = (
    ("initContainers", "initContainerStatuses", "init container"),
    ("containers", "containerStatuses", "container"),
    ("ephemeralContainers", "ephemeralContainerStatuses", "ephemeral container"),
)


def containers(pod: Obj, scene: Scene) -> tuple[Container, ...]:
    """Every container of the pod, init and ephemeral ones included, in the order they start."""
    return scene.derived_for(pod, _all_containers)


def _all_containers(pod: Obj, scene: Scene) -> tuple[Container, ...]:
    return tuple(_containers(pod))


def _containers(pod: Obj) -> Iterator[Container]:
    for spec_key, status_key, role in _PARTS:
        specs = {
            dig_str(each, "name"): each
            for each in dig_list(pod, "spec", spec_key)
            if isinstance(each, Mapping)
        }
        statuses = [
            (index, each)
            for index, each in enumerate(dig_list(pod, "status", status_key))
            if isinstance(each, Mapping)
        ]
        for index, status in statuses:
            spec = specs.pop(dig_str(status, "name"), {})
            yield _container(role, f"status.{status_key}[{index}]", spec, status)
        for index, spec in enumerate(specs.values()):
            yield _container(role, f"spec.{spec_key}[{index}]", spec, {})


def _container(
    role: str, path: str, spec: Mapping[str, Any], status: Mapping[str, Any]
) -> Container:
    if role == "init container" and dig_str(spec, "restartPolicy") == "Always":
        role = "sidecar"
    return Container(
        name=dig_str(spec, "name") or dig_str(status, "name"),
        role=role,
        path=path,
        spec=spec,
        waiting=dig_map(status, "state", "waiting"),
        running=dig_map(status, "state", "running")
        or ({"startedAt": ""} if "running" in dig_map(status, "state") else {}),
        terminated=dig_map(status, "state", "terminated"),
        last=dig_map(status, "lastState", "terminated"),
        restarts=dig_int(status, "restartCount"),
        ready=dig(status, "ready") is True,
        started=dig(status, "started") is True,
        image_id=dig_str(status, "imageID"),
    )


def phase(pod: Obj) -> str:
    """``Pending``, ``Running``, ``Succeeded``, ``Failed`` or ``Unknown``."""
    return dig_str(pod, "status", "phase")


def distinct(pods: Iterable[Obj]) -> list[Obj]:
    """One pod of each set of containers: the replicas of a workload share theirs."""
    found: dict[tuple[int, int], Obj] = {}
    for pod in pods:
        spec = dig_map(pod, "spec")
        found.setdefault((id(spec.get("containers")), id(spec.get("initContainers"))), pod)
    return list(found.values())


def is_over(pod: Obj) -> bool:
    """Whether the pod has run its course, well or badly: nothing in it will start again."""
    return phase(pod) in ("Succeeded", "Failed")


def is_going(pod: Obj) -> bool:
    """Whether the pod is being deleted."""
    return dig(pod, "metadata", "deletionTimestamp") is not None


def is_ready(pod: Obj) -> bool:
    """Whether the pod takes traffic, as its own condition says."""
    return dig_str(condition(pod, "Ready"), "status") == "True"


def unwell_pods(scene: Scene) -> Sequence[Obj]:
    """The pods that are not plainly well: nine in ten of a cluster are, and need no second look.

    Plainly well is running, ready, not being deleted, and no container ever restarted. Odd
    objects count as unwell.
    """
    return [pod for pod in scene.all("Pod") if not _is_plainly_well(pod)]


def _is_plainly_well(pod: Obj) -> bool:
    if phase(pod) != "Running" or is_going(pod) or not is_ready(pod):
        return False
    status = dig_map(pod, "status")
    for part in ("containerStatuses", "ephemeralContainerStatuses"):
        for each in dig_list(status.get(part)):
            if dig(each, "ready") is not True or dig(each, "restartCount"):
                return False
    return not any(
        dig(each, "restartCount") or dig(each, "state", "waiting")
        for each in dig_list(status.get("initContainerStatuses"))
    )


def created(obj: Obj) -> datetime | None:
    """When the object was created."""
    return parse_time(dig(obj, "metadata", "creationTimestamp"))


def older_than(then: datetime | None, seconds: float, now: datetime) -> bool:
    """Whether ``then`` is at least so long ago. A time nobody knows counts as long ago."""
    return then is None or (now - then).total_seconds() >= seconds


def within(then: datetime | None, seconds: float, now: datetime) -> bool:
    """Whether ``then`` is known and less than so long ago."""
    return then is not None and (now - then).total_seconds() < seconds


def pod_template(workload: Obj) -> Mapping[str, Any]:
    """The pod template of a workload of any built-in kind."""
    key = key_of(workload)
    if key == "CronJob":
        return dig_map(workload, "spec", "jobTemplate", "spec", "template")
    if key == "Pod":
        return workload
    return dig_map(workload, "spec", "template")


def grace_s(pod: Obj) -> int:
    """How long the pod may take to stop, in seconds."""
    return dig_int(
        pod,
        "metadata",
        "deletionGracePeriodSeconds",
        default=dig_int(pod, "spec", "terminationGracePeriodSeconds", default=30),
    )
