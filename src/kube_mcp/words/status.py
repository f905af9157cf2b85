"""One or two words for how an object is, as kubectl's columns would put it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kube_mcp.objects import Obj, dig, dig_int, dig_list, dig_map, dig_str

# Waiting reasons that are only a stage on the way.
_STAGES = ("PodInitializing", "ContainerCreating")


def status_of(obj: Obj) -> str:
    """The object's status in a few words: ``Running 3/3``, ``2/3 ready``, ``Bound``, ``Ready``.

    Empty where the kind has none, or the object says nothing. Never raises, whatever the object.
    """
    said = _BY_KIND.get(dig_str(obj, "kind"), _by_conditions)(obj)
    if dig(obj, "metadata", "deletionTimestamp") is not None:
        return f"Terminating ({said})" if said and said != "Terminating" else "Terminating"
    return said


def _pod(pod: Obj) -> str:
    statuses = [each for each in dig_list(pod, "status", "containerStatuses") if _is_map(each)]
    sidecars = {
        dig_str(each, "name")
        for each in dig_list(pod, "spec", "initContainers")
        if dig_str(each, "restartPolicy") == "Always"
    }
    init = [each for each in dig_list(pod, "status", "initContainerStatuses") if _is_map(each)]
    running = statuses + [each for each in init if dig_str(each, "name") in sidecars]
    total = len(dig_list(pod, "spec", "containers")) + len(sidecars) or len(running)
    ready = sum(dig(each, "ready") is True for each in running)
    reason = _pod_reason(pod, init, statuses, sidecars)
    restarts = sum(dig_int(each, "restartCount") for each in running)
    again = f", {restarts} restarts" if restarts else ""
    return f"{reason or 'Unknown'} {ready}/{total}{again}"


def _pod_reason(pod: Obj, init: Sequence[Any], statuses: Sequence[Any], sidecars: set[str]) -> str:
    """As kubectl's STATUS column: the first init container in the way, then the last container."""
    reason = dig_str(pod, "status", "reason") or dig_str(pod, "status", "phase")
    done = 0
    for each in init:
        if dig_str(each, "name") in sidecars:
            done += 1
            continue
        ended = dig_map(each, "state", "terminated")
        if ended and dig_int(ended, "exitCode") == 0:
            done += 1
            continue
        why = dig_str(ended, "reason") or dig_str(each, "state", "waiting", "reason")
        if why and why != "PodInitializing":
            return f"Init:{why}"
        return f"Init:{done}/{len(init)}"
    for each in reversed(statuses):
        waiting = dig_str(each, "state", "waiting", "reason")
        ended = dig_map(each, "state", "terminated")
        if waiting and (waiting not in _STAGES or reason == "Pending"):
            return waiting
        if ended and dig_str(ended, "reason") and reason != "Succeeded":
            reason = dig_str(ended, "reason")
    return "Completed" if reason == "Succeeded" else reason


def _replicas(obj: Obj) -> str:
    wanted = dig_int(obj, "spec", "replicas", default=1)
    ready = dig_int(obj, "status", "readyReplicas")
    if wanted == 0:
        return "scaled to 0"
    words = [f"{ready}/{wanted} ready"]
    updated = dig_int(obj, "status", "updatedReplicas", default=wanted)
    if dig_str(obj, "kind") != "ReplicaSet" and updated < wanted:
        words.append(f"{updated} updated")
    if dig(obj, "spec", "paused") is True:
        words.append("paused")
    return ", ".join(words)


def _daemon_set(obj: Obj) -> str:
    wanted = dig_int(obj, "status", "desiredNumberScheduled")
    return f"{dig_int(obj, 'status', 'numberReady')}/{wanted} ready"


def _job(obj: Obj) -> str:
    for kind, word in (("Complete", "Complete"), ("Failed", "Failed"), ("Suspended", "Suspended")):
        found = _condition(obj, kind)
        if found.get("status") == "True":
            reason = dig_str(found, "reason")
            return f"{word}: {reason}" if kind == "Failed" and reason else word
    wanted = dig_int(obj, "spec", "completions", default=1)
    return f"Running {dig_int(obj, 'status', 'succeeded')}/{wanted}"


def _cron_job(obj: Obj) -> str:
    if dig(obj, "spec", "suspend") is True:
        return "Suspended"
    active = len(dig_list(obj, "status", "active"))
    return f"{dig_str(obj, 'spec', 'schedule')}{f', {active} active' if active else ''}"


def _service(obj: Obj) -> str:
    kind = dig_str(obj, "spec", "type") or "ClusterIP"
    ports = ",".join(
        f"{dig(each, 'port')}/{dig_str(each, 'protocol') or 'TCP'}"
        for each in dig_list(obj, "spec", "ports")[:4]
    )
    if kind == "ExternalName":
        return f"ExternalName {dig_str(obj, 'spec', 'externalName')}"
    words = [kind, ports]
    if kind == "LoadBalancer":
        found = dig_list(obj, "status", "loadBalancer", "ingress")
        address = dig_str(obj, "status", "loadBalancer", "ingress", 0, "ip") or dig_str(
            obj, "status", "loadBalancer", "ingress", 0, "hostname"
        )
        words.append(address if found else "<pending>")
    return " ".join(word for word in words if word)


def _node(obj: Obj) -> str:
    ready = _condition(obj, "Ready").get("status")
    word = {"True": "Ready", "False": "NotReady"}.get(str(ready), "Unknown")
    return f"{word},SchedulingDisabled" if dig(obj, "spec", "unschedulable") is True else word


def _phase(obj: Obj) -> str:
    return dig_str(obj, "status", "phase")


def _claim(obj: Obj) -> str:
    size = dig(obj, "status", "capacity", "storage")
    return f"{_phase(obj)} {size}" if isinstance(size, str) else _phase(obj)


def _endpoint_slice(obj: Obj) -> str:
    endpoints = dig_list(obj, "endpoints")
    ready = sum(dig(each, "conditions", "ready") is not False for each in endpoints)
    return f"{ready}/{len(endpoints)} ready"


def _ingress(obj: Obj) -> str:
    hosts = [dig_str(each, "host") or "*" for each in dig_list(obj, "spec", "rules")]
    more = f" +{len(hosts) - 2}" if len(hosts) > 2 else ""
    return f"{','.join(hosts[:2])}{more}"


def _autoscaler(obj: Obj) -> str:
    low = dig_int(obj, "spec", "minReplicas", default=1)
    high = dig_int(obj, "spec", "maxReplicas")
    now = dig_int(obj, "status", "currentReplicas")
    stopped = _condition(obj, "ScalingActive").get("status") == "False"
    return f"{now} of {low}-{high}{', not scaling' if stopped else ''}"


def _budget(obj: Obj) -> str:
    return f"{dig_int(obj, 'status', 'disruptionsAllowed')} disruptions allowed"


def _by_conditions(obj: Obj) -> str:
    """The verdict of custom resources that follow the conventions, Flux's and others'."""
    if dig(obj, "spec", "suspend") is True:
        return "Suspended"
    for kind in ("Ready", "Available", "Synced", "Established", "Accepted"):
        found = _condition(obj, kind)
        status, reason = found.get("status"), dig_str(found, "reason")
        if status == "True":
            return kind
        if status == "False":
            return f"not {kind}{f': {reason}' if reason else ''}"
        if status == "Unknown":
            return reason or f"{kind} unknown"
    return _phase(obj)


def _condition(obj: Obj, kind: str) -> Mapping[str, Any]:
    for each in dig_list(obj, "status", "conditions"):
        if _is_map(each) and each.get("type") == kind:
            found: Mapping[str, Any] = each
            return found
    return {}


def _is_map(value: object) -> bool:
    return isinstance(value, Mapping)


_BY_KIND: Mapping[str, Callable[[Obj], str]] = {
    "Pod": _pod,
    "Deployment": _replicas,
    "ReplicaSet": _replicas,
    "StatefulSet": _replicas,
    "ReplicationController": _replicas,
    "DaemonSet": _daemon_set,
    "Job": _job,
    "CronJob": _cron_job,
    "Service": _service,
    "Node": _node,
    "Namespace": _phase,
    "PersistentVolume": _claim,
    "PersistentVolumeClaim": _claim,
    "EndpointSlice": _endpoint_slice,
    "Ingress": _ingress,
    "HorizontalPodAutoscaler": _autoscaler,
    "PodDisruptionBudget": _budget,
}
