"""What can be the matter with a pod: its status, and the events that led there.

A pod is well unless the ``demo`` section says otherwise with ``is``: ``crash-looping``,
``image-not-found``, ``unschedulable``, ``evicted`` or ``completed``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from kube_mcp.snapshots.demo import names
from kube_mcp.snapshots.demo.times import ago
from kube_mcp.words.times import parse_duration

Object = dict[str, Any]

# An API server forgets events after an hour.
_EVENTS_LIVE_S = 3600

_HOST_IPS = {"alder": "192.168.20.11", "birch": "192.168.20.12", "cedar": "192.168.20.13"}
_SUBNETS = {"alder": 0, "birch": 1, "cedar": 2}


def settle(pod: Object, told: Object, node: str, now: datetime) -> Iterator[Object]:
    """Give the pod its status, and yield the events about it."""
    _tolerate(pod)
    state = told.get("is", "well")
    if state == "unschedulable":
        yield from _unschedulable(pod, told, now)
        return
    _place(pod, node, told["age"], now)
    young = parse_duration(told["age"]).total_seconds() < _EVENTS_LIVE_S
    if young:
        yield _event("Normal", "Scheduled", _assigned(pod, node), told, "default-scheduler")
    finish: Callable[[Object, Object, datetime], Iterator[Object]] = {
        "well": _well,
        "crash-looping": _crash_looping,
        "image-not-found": _image_not_found,
        "evicted": _evicted,
        "completed": _completed,
    }[state]
    for found in finish(pod, told, now):
        if young or state != "well":
            yield found


def event(
    about: Object,
    now: datetime,
    *,
    kind: str,
    reason: str,
    message: str,
    first: str,
    last: str = "",
    count: int = 1,
    component: str,
    field_path: str = "",
) -> Object:
    """An Event about an object. ``first`` and ``last`` are how long ago."""
    metadata = about["metadata"]
    namespace = metadata.get("namespace", "")
    involved = {
        "apiVersion": about["apiVersion"],
        "kind": about["kind"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        "resourceVersion": metadata["resourceVersion"],
    }
    if namespace:
        involved["namespace"] = namespace
    if field_path:
        involved["fieldPath"] = field_path
    digest = names.uid(metadata["name"], reason, message).replace("-", "")[:16]
    source = {"component": component}
    host = about.get("spec", {}).get("nodeName", "") if component == "kubelet" else ""
    if host:
        source["host"] = host
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": f"{metadata['name']}.{digest}",
            "namespace": namespace or "default",
            "creationTimestamp": ago(now, first),
        },
        "involvedObject": involved,
        "type": kind,
        "reason": reason,
        "message": message,
        "source": source,
        "reportingComponent": component,
        "reportingInstance": host,
        "count": count,
        "firstTimestamp": ago(now, first),
        "lastTimestamp": ago(now, last or first),
        "eventTime": None,
    }


def _event(
    kind: str,
    reason: str,
    message: str,
    told: Object,
    component: str = "kubelet",
    *,
    last: str = "",
    count: int = 1,
    container: str = "",
) -> Object:
    return {
        "kind": kind,
        "reason": reason,
        "message": message,
        "first": told["age"],
        "last": last,
        "count": count,
        "component": component,
        "field_path": f"spec.containers{{{container}}}" if container else "",
    }


def _assigned(pod: Object, node: str) -> str:
    where = f"{pod['metadata']['namespace']}/{names.of(pod)}"
    return f"Successfully assigned {where} to {node}"


def _place(pod: Object, node: str, age: str, now: datetime) -> None:
    pod["spec"]["nodeName"] = node
    host = _HOST_IPS[node]
    number = names.number(pod["metadata"]["uid"], 240) + 4
    ip = host if pod["spec"].get("hostNetwork") else f"10.42.{_SUBNETS[node]}.{number}"
    pod["status"] = {
        "phase": "Running",
        "qosClass": _quality(pod),
        "hostIP": host,
        "podIP": ip,
        "podIPs": [{"ip": ip}],
        "startTime": ago(now, age),
        "conditions": [],
    }


def _tolerate(pod: Object) -> None:
    """What admission adds: patience with lost nodes, and with memory pressure unless BestEffort."""
    tolerations = pod["spec"].setdefault("tolerations", [])
    for key in ("not-ready", "unreachable"):
        tolerations.append(
            {
                "key": f"node.kubernetes.io/{key}",
                "operator": "Exists",
                "effect": "NoExecute",
                "tolerationSeconds": 300,
            }
        )
    if _quality(pod) != "BestEffort":
        key = "node.kubernetes.io/memory-pressure"
        tolerations.append({"key": key, "operator": "Exists", "effect": "NoSchedule"})


def _quality(pod: Object) -> str:
    resources = [one.get("resources", {}) for one in pod["spec"]["containers"]]
    if not any(resources):
        return "BestEffort"
    guaranteed = all(
        one.get("limits") and one.get("limits") == one.get("requests") for one in resources
    )
    return "Guaranteed" if guaranteed else "Burstable"


def _conditions(pod: Object, at: str, *, ready: bool, why: Object | None = None) -> None:
    told = {
        "PodReadyToStartContainers": True,
        "Initialized": True,
        "Ready": ready,
        "ContainersReady": ready,
        "PodScheduled": True,
    }
    pod["status"]["conditions"] = [
        {
            "type": kind,
            "status": str(value),
            "lastProbeTime": None,
            "lastTransitionTime": at,
            **((why or {}) if not value else {}),
        }
        for kind, value in told.items()
    ]


def _status(pod: Object, container: Object, state: Object, **fields: Any) -> Object:
    running = "running" in state
    seed = f"{pod['metadata']['uid']}/{container['name']}"
    return {
        "name": container["name"],
        "image": container["image"],
        "imageID": names.image_id(container["image"]) if running else "",
        "containerID": names.container_id(seed) if running else "",
        "ready": running,
        "started": running,
        "restartCount": 0,
        "state": state,
        "lastState": {},
        **fields,
    }


def _init_statuses(pod: Object, age: str, now: datetime) -> None:
    done = [
        _status(
            pod,
            one,
            {
                "terminated": {
                    "exitCode": 0,
                    "reason": "Completed",
                    "startedAt": ago(now, age, plus_s=2),
                    "finishedAt": ago(now, age, plus_s=4),
                    "containerID": names.container_id(f"{pod['metadata']['uid']}/{one['name']}"),
                }
            },
            ready=True,
            started=False,
            imageID=names.image_id(one["image"]),
        )
        for one in pod["spec"].get("initContainers", [])
    ]
    if done:
        pod["status"]["initContainerStatuses"] = done


def _well(pod: Object, told: Object, now: datetime) -> Iterator[Object]:
    age = told["age"]
    started = {"running": {"startedAt": ago(now, age, plus_s=5)}}
    containers = pod["spec"]["containers"]
    _init_statuses(pod, age, now)
    pod["status"]["containerStatuses"] = [_status(pod, one, started) for one in containers]
    if restarts := told.get("restarts", 0):
        again = pod["status"]["containerStatuses"][0]
        again["restartCount"] = restarts
        again["state"] = {"running": {"startedAt": ago(now, told["ended"], plus_s=3)}}
        again["lastState"] = {
            "terminated": {
                "exitCode": 0,
                "reason": "Completed",
                "startedAt": ago(now, age, plus_s=5),
                "finishedAt": ago(now, told["ended"]),
                "containerID": names.container_id(f"{pod['metadata']['uid']}/{restarts}"),
            }
        }
    _conditions(pod, ago(now, age, plus_s=12), ready=True)
    for one in containers:
        yield from _started(one, told)


def _started(
    container: Object, told: Object, *, count: int = 1, last: str = ""
) -> Iterator[Object]:
    name, image = container["name"], container["image"]
    present = f'Container image "{image}" already present on machine and can be accessed by the pod'
    for reason, message in (
        ("Pulled", present),
        ("Created", f"Container created: {name}"),
        ("Started", f"Container started: {name}"),
    ):
        yield _event("Normal", reason, message, told, count=count, last=last, container=name)


def _crash_looping(pod: Object, told: Object, now: datetime) -> Iterator[Object]:
    container, *others = pod["spec"]["containers"]
    name, uid = names.of(pod), pod["metadata"]["uid"]
    where = f"{name}_{pod['metadata']['namespace']}({uid})"
    restarts, ended = told["restarts"], told["ended"]
    waiting = {
        "reason": "CrashLoopBackOff",
        "message": f"back-off 5m0s restarting failed container={container['name']} pod={where}",
    }
    last = {
        "terminated": {
            "exitCode": told.get("exit_code", 1),
            "reason": told.get("reason", "Error"),
            "startedAt": ago(now, ended, plus_s=-2),
            "finishedAt": ago(now, ended),
            "containerID": names.container_id(f"{uid}/{restarts}"),
        }
    }
    _init_statuses(pod, told["age"], now)
    broken = _status(
        pod,
        container,
        {"waiting": waiting},
        lastState=last,
        restartCount=restarts,
        imageID=names.image_id(container["image"]),
        containerID=last["terminated"]["containerID"],
    )
    started = {"running": {"startedAt": ago(now, told["age"], plus_s=5)}}
    pod["status"]["containerStatuses"] = [broken, *(_status(pod, one, started) for one in others)]
    why = {
        "reason": "ContainersNotReady",
        "message": f"containers with unready status: [{container['name']}]",
    }
    _conditions(pod, ago(now, told["age"]), ready=False, why=why)
    yield from _started(container, told, count=restarts + 1, last=ended)
    yield _event(
        "Warning",
        "BackOff",
        f"Back-off restarting failed container {container['name']} in pod {where}",
        told,
        count=restarts * 6 + 5,
        last="12s",
        container=container["name"],
    )


def _image_not_found(pod: Object, told: Object, now: datetime) -> Iterator[Object]:
    container = pod["spec"]["containers"][0]
    image, name = container["image"], container["name"]
    error = (
        f'rpc error: code = NotFound desc = failed to pull and unpack image "{image}": '
        f'failed to resolve reference "{image}": {image}: not found'
    )
    pulling = f'Failed to pull image "{image}": {error}'
    waiting = {
        "reason": "ImagePullBackOff",
        "message": f'Back-off pulling image "{image}": ErrImagePull: {error}',
    }
    pod["status"]["phase"] = "Pending"
    pod["status"]["containerStatuses"] = [
        _status(pod, one, {"waiting": waiting}) for one in pod["spec"]["containers"]
    ]
    why = {
        "reason": "ContainersNotReady",
        "message": f"containers with unready status: [{name}]",
    }
    _conditions(pod, ago(now, told["age"]), ready=False, why=why)
    of = {"container": name}
    yield _event("Normal", "Pulling", f'Pulling image "{image}"', told, count=9, last="4m", **of)
    yield _event("Warning", "Failed", pulling, told, count=9, last="4m", **of)
    yield _event("Warning", "Failed", "Error: ErrImagePull", told, count=9, last="4m", **of)
    back_off = f'Back-off pulling image "{image}"'
    yield _event("Normal", "BackOff", back_off, told, count=181, last="9s", **of)
    yield _event("Warning", "Failed", "Error: ImagePullBackOff", told, count=181, last="9s", **of)


def _unschedulable(pod: Object, told: Object, now: datetime) -> Iterator[Object]:
    pod["status"] = {
        "phase": "Pending",
        "qosClass": _quality(pod),
        "conditions": [
            {
                "type": "PodScheduled",
                "status": "False",
                "reason": "Unschedulable",
                "message": told["message"],
                "lastProbeTime": None,
                "lastTransitionTime": ago(now, told["age"]),
            }
        ],
    }
    yield _event(
        "Warning",
        "FailedScheduling",
        told["message"],
        told,
        "default-scheduler",
        count=told.get("times", 12),
        last="2m",
    )


def _evicted(pod: Object, told: Object, now: datetime) -> Iterator[Object]:
    status = pod["status"]
    for key in ("podIP", "podIPs"):
        status.pop(key, None)
    status |= {"phase": "Failed", "reason": "Evicted", "message": told["message"]}
    _conditions(pod, ago(now, told["evicted"]), ready=False, why={"reason": "PodFailed"})
    disruption = {
        "type": "DisruptionTarget",
        "status": "True",
        "reason": "TerminationByKubelet",
        "message": told["message"],
        "lastTransitionTime": ago(now, told["evicted"]),
    }
    status["conditions"].insert(0, disruption)
    yield _event("Warning", "Evicted", told["message"], {"age": told["evicted"]})


def _completed(pod: Object, told: Object, now: datetime) -> Iterator[Object]:
    age = told["age"]
    pod["status"]["phase"] = "Succeeded"
    pod["status"]["containerStatuses"] = [
        _status(
            pod,
            one,
            {
                "terminated": {
                    "exitCode": 0,
                    "reason": "Completed",
                    "startedAt": ago(now, age, plus_s=4),
                    "finishedAt": ago(now, age, plus_s=71),
                    "containerID": names.container_id(f"{pod['metadata']['uid']}/{one['name']}"),
                }
            },
            imageID=names.image_id(one["image"]),
        )
        for one in pod["spec"]["containers"]
    ]
    _conditions(pod, ago(now, age, plus_s=72), ready=False, why={"reason": "PodCompleted"})
    yield from ()
