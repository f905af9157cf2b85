"""Pods and what makes them."""

from __future__ import annotations

from datetime import datetime

from kube_mcp.objects import Obj, dig, dig_int, dig_list, dig_map, dig_str
from kube_mcp.snapshots.printers.cells import (
    NONE,
    UNSET,
    Cell,
    Printer,
    age,
    columns,
    condition_is_true,
    containers,
    name,
    selector,
    since,
    span,
    text,
)
from kube_mcp.snapshots.printers.cells import labels as labels_text
from kube_mcp.words.times import parse_time


def pod(obj: Obj, now: datetime) -> list[Cell]:
    """A pod's row; the status is the most telling reason of its containers, not the phase."""
    ready, total, status, restarts, last_restart = _pod_state(obj)
    shown = str(restarts)
    if restarts and last_restart is not None:
        shown = f"{restarts} ({since(last_restart, now)} ago)"
    gates = dig_list(obj, "spec", "readinessGates")
    met = sum(condition_is_true(obj, dig_str(gate, "conditionType")) for gate in gates)
    return [
        name(obj),
        f"{ready}/{total}",
        status,
        shown,
        age(obj, now),
        dig_str(obj, "status", "podIPs", 0, "ip") or dig_str(obj, "status", "podIP") or NONE,
        dig_str(obj, "spec", "nodeName") or NONE,
        dig_str(obj, "status", "nominatedNodeName") or NONE,
        f"{met}/{len(gates)}" if gates else NONE,
    ]


def _pod_state(obj: Obj) -> tuple[int, int, str, int, datetime | None]:
    phase = dig_str(obj, "status", "phase")
    status = dig_str(obj, "status", "reason") or phase
    for condition in dig_list(obj, "status", "conditions"):
        scheduled = dig_str(condition, "type") == "PodScheduled"
        if scheduled and dig_str(condition, "reason") == "SchedulingGated":
            status = "SchedulingGated"
    init_specs = dig_list(obj, "spec", "initContainers")
    sidecars = {
        dig_str(one, "name") for one in init_specs if dig_str(one, "restartPolicy") == "Always"
    }
    total = len(dig_list(obj, "spec", "containers")) + len(sidecars)
    ready = restarts = sidecar_restarts = 0
    finished: list[datetime] = []
    sidecars_finished: list[datetime] = []
    initializing = False
    for index, one in enumerate(dig_list(obj, "status", "initContainerStatuses")):
        is_sidecar = dig_str(one, "name") in sidecars
        restarts += dig_int(one, "restartCount")
        ended = parse_time(dig(one, "lastState", "terminated", "finishedAt"))
        if ended:
            finished.append(ended)
        if is_sidecar:
            sidecar_restarts += dig_int(one, "restartCount")
            if ended:
                sidecars_finished.append(ended)
        problem = _init_problem(one, index, len(init_specs), is_sidecar=is_sidecar)
        if problem is None:
            if is_sidecar and dig(one, "started") is True and dig(one, "ready") is True:
                ready += 1
            continue
        status, initializing = problem, True
        break
    if not initializing or condition_is_true(obj, "Initialized"):
        restarts, finished = sidecar_restarts, sidecars_finished
        reason, running, failed = _container_reasons(obj)
        status = reason or status
        statuses = dig_list(obj, "status", "containerStatuses")
        restarts += sum(dig_int(one, "restartCount") for one in statuses)
        ends = (parse_time(dig(one, "lastState", "terminated", "finishedAt")) for one in statuses)
        finished += [end for end in ends if end]
        ready += running
        if status == "Completed":
            if running and condition_is_true(obj, "Ready"):
                status = "Running"
            elif failed:
                status = failed
            elif running:
                status = "NotReady"
    if dig(obj, "metadata", "deletionTimestamp"):
        if dig_str(obj, "status", "reason") == "NodeLost":
            status = "Unknown"
        elif phase not in ("Failed", "Succeeded"):
            status = "Terminating"
    return ready, total, status, restarts, max(finished, default=None)


def _init_problem(one: Obj, index: int, count: int, *, is_sidecar: bool) -> str | None:
    """Why the pod is still initializing, as far as this container goes; None where it is done."""
    terminated = dig_map(one, "state", "terminated")
    if terminated and not dig_int(terminated, "exitCode"):
        return None
    if is_sidecar and dig(one, "started") is True:
        return None
    if terminated:
        return f"Init:{_ended(terminated)}"
    waiting = dig_str(one, "state", "waiting", "reason")
    if waiting and waiting != "PodInitializing":
        return f"Init:{waiting}"
    return f"Init:{index}/{count}"


def _container_reasons(obj: Obj) -> tuple[str, int, str]:
    """The reason to show, how many containers run and are ready, and the last failure's reason."""
    reason = failed = ""
    running = 0
    for one in reversed(dig_list(obj, "status", "containerStatuses")):
        terminated = dig_map(one, "state", "terminated")
        if waiting := dig_str(one, "state", "waiting", "reason"):
            reason = waiting
        elif terminated:
            reason = _ended(terminated)
            if dig_int(terminated, "exitCode"):
                failed = reason
        elif dig(one, "ready") is True and "running" in dig_map(one, "state"):
            running += 1
    return reason, running, failed


def _ended(terminated: Obj) -> str:
    if reason := dig_str(terminated, "reason"):
        return reason
    if signal := dig_int(terminated, "signal"):
        return f"Signal:{signal}"
    return f"ExitCode:{dig_int(terminated, 'exitCode')}"


def _template(obj: Obj) -> list[Cell]:
    return [*containers(dig(obj, "spec", "template", "spec"))]


def deployment(obj: Obj, now: datetime) -> list[Cell]:
    """A Deployment's row."""
    wanted = dig_int(obj, "spec", "replicas", default=1)
    return [
        name(obj),
        f"{dig_int(obj, 'status', 'readyReplicas')}/{wanted}",
        dig_int(obj, "status", "updatedReplicas"),
        dig_int(obj, "status", "availableReplicas"),
        age(obj, now),
        *_template(obj),
        selector(dig(obj, "spec", "selector")),
    ]


def replica_set(obj: Obj, now: datetime) -> list[Cell]:
    """A ReplicaSet's row, and a ReplicationController's, whose selector is a plain map."""
    controller = dig_map(obj, "spec", "selector")
    plain = dig_str(obj, "kind") == "ReplicationController"
    return [
        name(obj),
        dig_int(obj, "spec", "replicas", default=1),
        dig_int(obj, "status", "replicas"),
        dig_int(obj, "status", "readyReplicas"),
        age(obj, now),
        *_template(obj),
        labels_text(controller) if plain else selector(controller),
    ]


def stateful_set(obj: Obj, now: datetime) -> list[Cell]:
    """A StatefulSet's row."""
    wanted = dig_int(obj, "spec", "replicas", default=1)
    ready = f"{dig_int(obj, 'status', 'readyReplicas')}/{wanted}"
    return [name(obj), ready, age(obj, now), *_template(obj)]


def daemon_set(obj: Obj, now: datetime) -> list[Cell]:
    """A DaemonSet's row."""
    status = dig_map(obj, "status")
    return [
        name(obj),
        dig_int(status, "desiredNumberScheduled"),
        dig_int(status, "currentNumberScheduled"),
        dig_int(status, "numberReady"),
        dig_int(status, "updatedNumberScheduled"),
        dig_int(status, "numberAvailable"),
        labels_text(dig(obj, "spec", "template", "spec", "nodeSelector")),
        age(obj, now),
        *_template(obj),
        selector(dig(obj, "spec", "selector")),
    ]


_JOB_STATES = (
    ("Complete", "Complete"),
    ("Failed", "Failed"),
    ("", "Terminating"),
    ("Suspended", "Suspended"),
    ("FailureTarget", "FailureTarget"),
    ("SuccessCriteriaMet", "SuccessCriteriaMet"),
)


def job(obj: Obj, now: datetime) -> list[Cell]:
    """A Job's row."""
    succeeded = dig_int(obj, "status", "succeeded")
    completions = dig(obj, "spec", "completions")
    parallelism = dig_int(obj, "spec", "parallelism")
    if completions is not None:
        done = f"{succeeded}/{completions}"
    else:
        done = f"{succeeded}/1" + (f" of {parallelism}" if parallelism > 1 else "")
    started = parse_time(dig(obj, "status", "startTime"))
    ended = parse_time(dig(obj, "status", "completionTime")) or now
    return [
        name(obj),
        next((state for kind, state in _JOB_STATES if _job_is(obj, kind)), "Running"),
        done,
        span((ended - started).total_seconds()) if started else "",
        age(obj, now),
        *_template(obj),
        selector(dig(obj, "spec", "selector")),
    ]


def _job_is(obj: Obj, kind: str) -> bool:
    if not kind:
        return bool(dig(obj, "metadata", "deletionTimestamp"))
    return condition_is_true(obj, kind)


def cron_job(obj: Obj, now: datetime) -> list[Cell]:
    """A CronJob's row."""
    last = dig(obj, "status", "lastScheduleTime")
    suspend = dig(obj, "spec", "suspend")
    template = dig_map(obj, "spec", "jobTemplate", "spec")
    return [
        name(obj),
        dig_str(obj, "spec", "schedule"),
        text(dig(obj, "spec", "timeZone"), NONE),
        str(suspend) if isinstance(suspend, bool) else UNSET,
        len(dig_list(obj, "status", "active")),
        since(last, now) if last else NONE,
        age(obj, now),
        *containers(dig(template, "template", "spec")),
        selector(dig(template, "selector")),
    ]


def controller_revision(obj: Obj, now: datetime) -> list[Cell]:
    """A ControllerRevision's row."""
    owner = NONE
    for one in dig_list(obj, "metadata", "ownerReferences"):
        if dig(one, "controller") is True:
            group = dig_str(one, "apiVersion").rpartition("/")[0]
            kind = dig_str(one, "kind").lower()
            owner = f"{kind}{f'.{group}' if group else ''}/{dig_str(one, 'name')}"
    return [name(obj), owner, dig_int(obj, "revision"), age(obj, now)]


def pod_template(obj: Obj, now: datetime) -> list[Cell]:
    """A PodTemplate's row."""
    names, images = containers(dig(obj, "template", "spec"))
    return [name(obj), names, images, labels_text(dig(obj, "template", "metadata", "labels"))]


def horizontal_pod_autoscaler(obj: Obj, now: datetime) -> list[Cell]:
    """A HorizontalPodAutoscaler's row."""
    target = dig_map(obj, "spec", "scaleTargetRef")
    least = dig(obj, "spec", "minReplicas")
    return [
        name(obj),
        f"{dig_str(target, 'kind')}/{dig_str(target, 'name')}",
        _metrics(obj),
        str(least) if least is not None else UNSET,
        dig_int(obj, "spec", "maxReplicas"),
        dig_int(obj, "status", "currentReplicas"),
        age(obj, now),
    ]


def _metrics(obj: Obj) -> str:
    specs = dig_list(obj, "spec", "metrics")
    found = [
        _metric(spec, dig(obj, "status", "currentMetrics", index, default={}))
        for index, spec in enumerate(specs)
    ]
    if len(found) > 2:
        return f"{', '.join(found[:2])} + {len(found) - 2} more..."
    return ", ".join(found) or NONE


def _metric(spec: Obj, status: Obj) -> str:
    kind = dig_str(spec, "type")
    field = kind[:1].lower() + kind[1:]
    target = dig_map(spec, field, "target")
    current = dig_map(status, field, "current")
    average = dig(target, "averageValue")
    if kind in ("Resource", "ContainerResource"):
        of = dig_str(spec, field, "name")
        if average is not None:
            return f"{of}: {current.get('averageValue', '<unknown>')}/{average}"
        used, wanted = current.get("averageUtilization"), target.get("averageUtilization")
        shown = "<unknown>" if used is None else f"{used}%"
        return f"{of}: {shown}/{'<auto>' if wanted is None else f'{wanted}%'}"
    if kind in ("External", "Object", "Pods"):
        if average is None:
            return f"{current.get('value', '<unknown>')}/{target.get('value', '0')}"
        shown = f"{current.get('averageValue', '<unknown>')}/{average}"
        return shown if kind == "Pods" else f"{shown} (avg)"
    return "<unknown type>"


def pod_disruption_budget(obj: Obj, now: datetime) -> list[Cell]:
    """A PodDisruptionBudget's row."""
    return [
        name(obj),
        str(dig(obj, "spec", "minAvailable", default="N/A")),
        str(dig(obj, "spec", "maxUnavailable", default="N/A")),
        dig_int(obj, "status", "disruptionsAllowed"),
        age(obj, now),
    ]


_SETS = (
    "Name, Desired:integer, Current:integer, Ready:integer, Age, Containers*, Images*, Selector*"
)

PRINTERS = {
    "pods": Printer(
        columns(
            "Name, Ready, Status, Restarts, Age, IP*, Node*, Nominated Node*, Readiness Gates*"
        ),
        pod,
    ),
    "podtemplates": Printer(columns("Name, Containers, Images, Pod Labels"), pod_template),
    "deployments.apps": Printer(
        columns("Name, Ready, Up-to-date, Available, Age, Containers*, Images*, Selector*"),
        deployment,
    ),
    "replicasets.apps": Printer(columns(_SETS), replica_set),
    "replicationcontrollers": Printer(columns(_SETS), replica_set),
    "statefulsets.apps": Printer(columns("Name, Ready, Age, Containers*, Images*"), stateful_set),
    "daemonsets.apps": Printer(
        columns(
            "Name, Desired:integer, Current:integer, Ready:integer, Up-to-date:integer, "
            "Available:integer, Node Selector, Age, Containers*, Images*, Selector*"
        ),
        daemon_set,
    ),
    "jobs.batch": Printer(
        columns("Name, Status, Completions, Duration, Age, Containers*, Images*, Selector*"), job
    ),
    "cronjobs.batch": Printer(
        columns(
            "Name, Schedule, Timezone, Suspend:boolean, Active:integer, Last Schedule, Age, "
            "Containers*, Images*, Selector*"
        ),
        cron_job,
    ),
    "controllerrevisions.apps": Printer(
        columns("Name, Controller, Revision, Age"), controller_revision
    ),
    "horizontalpodautoscalers.autoscaling": Printer(
        columns("Name, Reference, Targets, MinPods, MaxPods, Replicas, Age"),
        horizontal_pod_autoscaler,
    ),
    "poddisruptionbudgets.policy": Printer(
        columns("Name, Min Available, Max Unavailable, Allowed Disruptions:integer, Age"),
        pod_disruption_budget,
    ),
}
