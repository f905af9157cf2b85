"""An object as ``kubectl describe`` tells it, in fewer words: what it is, how it is, what it needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from kube_mcp.objects import Obj, dig_int, dig_list, dig_map, dig_str
from kube_mcp.render.budget import shorten
from kube_mcp.render.kinds.network import ingress_lines, service_lines
from kube_mcp.render.kinds.node import node_lines
from kube_mcp.render.kinds.pod import pod_lines
from kube_mcp.render.kinds.storage import (
    claim_lines,
    config_map_lines,
    secret_lines,
    volume_lines,
)
from kube_mcp.render.kinds.workload import cron_job_lines, job_lines, replicas_lines
from kube_mcp.render.yaml import ANNOTATION_NOISE, neat, yaml_text
from kube_mcp.words.times import age, parse_time

Describe = Callable[[Obj, datetime], Iterator[str]]

_KINDS: dict[tuple[str, str], Describe] = {
    ("", "Pod"): pod_lines,
    ("", "Service"): service_lines,
    ("", "Node"): node_lines,
    ("", "PersistentVolumeClaim"): claim_lines,
    ("", "PersistentVolume"): volume_lines,
    ("", "ConfigMap"): config_map_lines,
    ("", "Secret"): secret_lines,
    ("", "ReplicationController"): replicas_lines,
    ("apps", "Deployment"): replicas_lines,
    ("apps", "ReplicaSet"): replicas_lines,
    ("apps", "StatefulSet"): replicas_lines,
    ("apps", "DaemonSet"): replicas_lines,
    ("batch", "Job"): job_lines,
    ("batch", "CronJob"): cron_job_lines,
    ("networking.k8s.io", "Ingress"): ingress_lines,
}

#: Annotations longer than this are programs' notes to themselves.
_MAX_ANNOTATION_CHARS = 120
_MOST_ANNOTATIONS = 12


def summary_lines(obj: Obj, *, group: str, now: datetime) -> list[str]:
    """The object's own story: identity, state, conditions, and the spec of a kind known here.

    A kind that is not known here has its spec and status as YAML. Never raises.
    """
    kind = dig_str(obj, "kind")
    lines = list(_identity(obj, now))
    describe = _KINDS.get((group, kind))
    if describe is not None:
        lines += describe(obj, now)
    lines += condition_lines(obj, now)
    if describe is None:
        rest = {
            key: value
            for key, value in neat(obj).items()
            if key not in {"apiVersion", "kind", "metadata"}
        }
        status = rest.get("status")
        if isinstance(status, dict):
            rest["status"] = {k: v for k, v in status.items() if k != "conditions"}
        rest = {key: value for key, value in rest.items() if value not in ({}, [], None)}
        if rest:
            lines += yaml_text(rest).rstrip().split("\n")
    return lines


def _identity(obj: Obj, now: datetime) -> Iterator[str]:
    metadata = dig_map(obj, "metadata")
    where = dig_str(metadata, "namespace")
    name = f"{where}/{dig_str(metadata, 'name')}" if where else dig_str(metadata, "name")
    head = f"{dig_str(obj, 'kind')} {name} ({dig_str(obj, 'apiVersion')})"
    if created := parse_time(metadata.get("creationTimestamp")):
        head += f", created {age(created, now)} ago"
    yield head
    if deleted := parse_time(metadata.get("deletionTimestamp")):
        finalizers = ", ".join(map(str, dig_list(metadata, "finalizers"))) or "none"
        yield f"BEING DELETED since {age(deleted, now)}; finalizers: {finalizers}"
    owners = [
        f"{dig_str(ref, 'kind')} {dig_str(ref, 'name')}"
        for ref in dig_list(metadata, "ownerReferences")
    ]
    if owners:
        yield f"owned by {', '.join(owners)}"
    if labels := dig_map(metadata, "labels"):
        yield "labels: " + shorten(", ".join(f"{k}={v}" for k, v in labels.items()), 600)
    notes = [
        f"{key}={value}"
        for key, value in dig_map(metadata, "annotations").items()
        if len(str(value)) <= _MAX_ANNOTATION_CHARS and key not in ANNOTATION_NOISE
    ]
    if notes:
        yield "annotations: " + shorten(", ".join(notes[:_MOST_ANNOTATIONS]), 800)


def condition_lines(obj: Obj, now: datetime) -> list[str]:
    """Every status condition: type, status, reason, since when, message.

    Those that are true and have nothing to say share one line.
    """
    lines = []
    quiet = []
    for each in dig_list(obj, "status", "conditions"):
        kind, status = dig_str(each, "type"), dig_str(each, "status")
        since = parse_time(dig_map(each).get("lastTransitionTime"))
        when = f" for {age(since, now)}" if since else ""
        reason = dig_str(each, "reason")
        message = shorten(dig_str(each, "message"), 400)
        if status == "True" and not reason and not message:
            quiet.append(f"{shorten(kind, 80)}{when}")
            continue
        lines.append(
            f"condition {shorten(kind, 80)}={shorten(status, 20)}{when}"
            + (f" {shorten(reason, 80)}" if reason else "")
            + (f": {message}" if message else "")
        )
    if quiet:
        lines.append(f"conditions True: {', '.join(quiet)}")
    observed = dig_int(obj, "status", "observedGeneration")
    generation = dig_int(obj, "metadata", "generation")
    if lines and observed and generation > observed:
        lines.append(f"(status is of generation {observed}, the spec is at {generation})")
    return lines
