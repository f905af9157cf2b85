"""Pods: phase, node, and each container with its state, last end, image, resources and probes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from kube_mcp.objects import Obj, dig, dig_int, dig_list, dig_map, dig_str
from kube_mcp.render.budget import shorten
from kube_mcp.words.times import age, parse_time

GROUPS = (
    ("initContainers", "initContainerStatuses", "init container"),
    ("containers", "containerStatuses", "container"),
    ("ephemeralContainers", "ephemeralContainerStatuses", "ephemeral container"),
)


def pod_lines(pod: Obj, now: datetime) -> Iterator[str]:
    """The pod as ``kubectl describe`` would tell it, in a third of the words."""
    status = dig_map(pod, "status")
    ips = ", ".join(dig_str(each, "ip") for each in dig_list(status, "podIPs")) or dig_str(
        status, "podIP"
    )
    facts = [
        f"phase {dig_str(status, 'phase') or 'unknown'}",
        f"reason {dig_str(status, 'reason')}" if dig_str(status, "reason") else "",
        f"node {dig_str(pod, 'spec', 'nodeName')}" if dig_str(pod, "spec", "nodeName") else
        "on no node",
        f"ip {ips}" if ips else "",
        f"qos {dig_str(status, 'qosClass')}" if dig_str(status, "qosClass") else "",
        f"serviceAccount {dig_str(pod, 'spec', 'serviceAccountName')}"
        if dig_str(pod, "spec", "serviceAccountName")
        else "",
    ]  # fmt: skip
    yield ", ".join(fact for fact in facts if fact)
    if message := dig_str(status, "message"):
        yield f"message: {shorten(message, 400)}"
    yield from pod_spec_lines(dig_map(pod, "spec"), status, now)


def pod_spec_lines(
    spec: Mapping[str, Any], status: Mapping[str, Any], now: datetime
) -> Iterator[str]:
    """The containers and volumes of a pod, or of a workload's template (with an empty status)."""
    for group, status_group, word in GROUPS:
        states = {dig_str(each, "name"): dig_map(each) for each in dig_list(status, status_group)}
        for container in dig_list(spec, group):
            name = dig_str(container, "name")
            yield from _container(word, dig_map(container), states.get(name, {}), now)
    volumes = [text for each in dig_list(spec, "volumes") if (text := _volume(dig_map(each)))]
    if volumes:
        yield f"volumes: {', '.join(volumes)}"
    placement = [
        f"{key} {_pairs(dig_map(spec, key))}" for key in ("nodeSelector",) if dig_map(spec, key)
    ]
    if dig_map(spec, "affinity"):
        placement.append(f"affinity {', '.join(dig_map(spec, 'affinity'))}")
    if tolerations := _tolerations(spec):
        placement.append(f"tolerates {tolerations}")
    if priority := dig_str(spec, "priorityClassName"):
        placement.append(f"priority class {priority}")
    if placement:
        yield "placement: " + "; ".join(placement)


def _container(
    word: str, container: Mapping[str, Any], status: Mapping[str, Any], now: datetime
) -> Iterator[str]:
    name = dig_str(container, "name")
    head = f"{word} {name}: {dig_str(container, 'image')}"
    if status:
        ready = "ready" if dig(status, "ready") is True else "not ready"
        head += f", {_state(dig_map(status, 'state'), now)}, {ready}"
        if restarts := dig_int(status, "restartCount"):
            head += f", {restarts} restarts"
    yield head
    if last := dig_map(status, "lastState", "terminated"):
        yield f"  last run ended: {_terminated(last, now)}"
    for key in ("command", "args"):
        if words := dig_list(container, key):
            yield f"  {key}: {shorten(' '.join(map(str, words)), 300)}"
    resources = dig_map(container, "resources")
    parts = [
        f"{key} {_pairs(dig_map(resources, key))}"
        for key in ("requests", "limits")
        if dig_map(resources, key)
    ]
    if parts:
        yield f"  {', '.join(parts)}"
    ports = [
        f"{dig_int(each, 'containerPort')}"
        + (f" ({dig_str(each, 'name')})" if dig_str(each, "name") else "")
        for each in dig_list(container, "ports")
    ]
    if ports:
        yield f"  ports: {', '.join(ports)}"
    for key in ("livenessProbe", "readinessProbe", "startupProbe"):
        if probe := dig_map(container, key):
            yield f"  {key}: {_probe(probe)}"
    env = [_env(dig_map(each)) for each in dig_list(container, "env")]
    env += [_env_from(dig_map(each)) for each in dig_list(container, "envFrom")]
    if env:
        yield f"  env: {shorten('; '.join(env), 1200)}"
    mounts = [
        f"{dig_str(each, 'mountPath')} from {dig_str(each, 'name')}"
        for each in dig_list(container, "volumeMounts")
        if not dig_str(each, "name").startswith("kube-api-access-")
    ]
    if mounts:
        yield f"  mounts: {shorten(', '.join(mounts), 400)}"


def _state(state: Mapping[str, Any], now: datetime) -> str:
    if waiting := dig_map(state, "waiting"):
        message = dig_str(waiting, "message")
        reason = dig_str(waiting, "reason") or "no reason given"
        return f"waiting: {reason}" + (f" ({shorten(message, 300)})" if message else "")
    if running := dig_map(state, "running"):
        started = parse_time(running.get("startedAt"))
        return f"running for {age(started, now)}" if started else "running"
    if terminated := dig_map(state, "terminated"):
        return f"ended: {_terminated(terminated, now)}"
    return "state unknown"


def _terminated(end: Mapping[str, Any], now: datetime) -> str:
    parts = [f"{dig_str(end, 'reason') or 'no reason given'}, exit code {dig_int(end, 'exitCode')}"]
    if signal := dig_int(end, "signal"):
        parts.append(f"signal {signal}")
    started, finished = parse_time(end.get("startedAt")), parse_time(end.get("finishedAt"))
    if finished:
        parts.append(f"{age(finished, now)} ago")
    if started and finished and finished >= started:
        parts.append(f"after {age(started, finished)}")
    if message := dig_str(end, "message"):
        parts.append(f"message: {shorten(message, 300)}")
    return ", ".join(parts)


def _probe(probe: Mapping[str, Any]) -> str:
    if http := dig_map(probe, "httpGet"):
        what = (
            f"GET {dig(http, 'scheme', default='HTTP')} :{dig(http, 'port')}{dig_str(http, 'path')}"
        )
    elif tcp := dig_map(probe, "tcpSocket"):
        what = f"TCP :{dig(tcp, 'port')}"
    elif grpc := dig_map(probe, "grpc"):
        what = f"gRPC :{dig(grpc, 'port')}"
    else:
        what = "exec " + shorten(" ".join(map(str, dig_list(probe, "exec", "command"))), 120)
    timing = (
        f"delay {dig_int(probe, 'initialDelaySeconds')}s, "
        f"every {dig_int(probe, 'periodSeconds', default=10)}s, "
        f"timeout {dig_int(probe, 'timeoutSeconds', default=1)}s, "
        f"fails after {dig_int(probe, 'failureThreshold', default=3)}"
    )
    return f"{what} ({timing})"


def _env(each: Mapping[str, Any]) -> str:
    name = dig_str(each, "name")
    source = dig_map(each, "valueFrom")
    for key, word in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
        if ref := dig_map(source, key):
            return f"{name} from {word} {dig_str(ref, 'name')}[{dig_str(ref, 'key')}]"
    if field := dig_str(source, "fieldRef", "fieldPath"):
        return f"{name} from {field}"
    if resource := dig_str(source, "resourceFieldRef", "resource"):
        return f"{name} from {resource}"
    return f"{name}={dig(each, 'value', default='')}"


def _env_from(each: Mapping[str, Any]) -> str:
    for key, word in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
        if ref := dig_map(each, key):
            return f"all of {word} {dig_str(ref, 'name')}"
    return "from an unknown source"


def _volume(volume: Mapping[str, Any]) -> str:
    name = dig_str(volume, "name")
    if name.startswith("kube-api-access-"):
        return ""
    for key, word, field in (
        ("configMap", "ConfigMap", "name"),
        ("secret", "Secret", "secretName"),
        ("persistentVolumeClaim", "claim", "claimName"),
        ("hostPath", "host path", "path"),
        ("csi", "CSI", "driver"),
    ):
        if source := dig_map(volume, key):
            return f"{name} ({word} {dig_str(source, field)})"
    kinds = [key for key in volume if key != "name"]
    return f"{name} ({', '.join(kinds)})" if kinds else name


def _tolerations(spec: Mapping[str, Any]) -> str:
    out = []
    for each in dig_list(spec, "tolerations"):
        key = dig_str(each, "key")
        if key in {"node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"}:
            continue
        value = f"={dig_str(each, 'value')}" if dig_str(each, "value") else ""
        effect = f":{dig_str(each, 'effect')}" if dig_str(each, "effect") else ""
        out.append(f"{key or 'everything'}{value}{effect}")
    return ", ".join(out)


def _pairs(values: Mapping[str, Any]) -> str:
    return " ".join(f"{key}={value}" for key, value in values.items())
