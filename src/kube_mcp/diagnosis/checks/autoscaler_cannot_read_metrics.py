from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from kube_mcp.diagnosis.check import check
from kube_mcp.diagnosis.conditions import condition, since
from kube_mcp.diagnosis.finding import WARNING, Finding
from kube_mcp.diagnosis.phrases import evidence, listed, quote
from kube_mcp.diagnosis.pods import created, is_over, older_than
from kube_mcp.graph.owners import controller_of, pods_of
from kube_mcp.graph.scaling import target_of
from kube_mcp.objects import Obj, Ref, dig_list, dig_map, dig_str
from kube_mcp.scene import Scene, key_for, ref_to, refer

# A new autoscaler, or one whose pods have just started, has no metrics for a minute or two.
_SETTLED_S = 180

_RIVALS = re.compile(r"multiple HPAs: \[([^\]]*)\]")
_FOREIGN = re.compile(r"FailedGet(External|Object|Pods)Metric|(external|custom) metrics API")


@check(
    "HorizontalPodAutoscaler",
    optional=["Pod", "APIService", "Deployment", "StatefulSet"],
)
def autoscaler_cannot_read_metrics(obj: Obj, scene: Scene) -> Iterator[Finding]:
    """An autoscaler does not get the metrics it scales by.

    What it detects: ScalingActive or AbleToScale False for over three minutes, told apart: the
    metrics API does not answer, the target's containers request nothing to be measured against, or
    the metric does not exist; and several autoscalers of the same pods, of which none acts.

    Why it matters: the workload stays at the size it had, whatever the load.

    Where it cannot tell: ScalingDisabled, a target scaled to zero, is a choice and not reported.
    """
    if dig_str(obj, "metadata", "deletionTimestamp"):
        return
    target = target_of(obj)
    if scene.lacks(key_for(target.kind, target.group), target.namespace, target.name):
        return
    for kind in ("ScalingActive", "AbleToScale"):
        found = condition(obj, kind)
        reason, message = dig_str(found, "reason"), dig_str(found, "message")
        if found.get("status") != "False" or reason == "ScalingDisabled":
            continue
        if not older_than(since(found) or created(obj), _SETTLED_S, scene.now):
            continue
        if reason == "AmbiguousSelector":
            yield _rivals(obj, found)
            return
        # Metrics that are not of the pods' own resources are missing whatever the pods do.
        foreign = _FOREIGN.search(f"{reason} {message}")
        unset = "missing request for" in message or (not foreign and _requests_nothing(obj, scene))
        # What makes the autoscaler and its metric (KEDA's ScaledObject) says why there is none.
        owner = controller_of(obj)
        pods = [ref_to(pod) for pod in pods_of(target, scene)]
        yield Finding(
            ref=ref_to(obj),
            severity=WARNING,
            title=f"cannot scale {target}: "
            f"{'its containers request nothing to measure against: ' if unset else ''}"
            f"{quote(message, most=160)}",
            evidence=evidence(
                (f"status.conditions[{kind}].reason", reason),
                (f"status.conditions[{kind}].message", message),
                ("spec.scaleTargetRef", str(target)),
            ),
            since=since(found),
            blames=(target,)
            if unset
            else (*_foreign_apis(scene), *([owner] if owner else []))
            if foreign
            else (target, refer("APIService", "", "v1beta1.metrics.k8s.io"), *pods),
            next=f"Give every container of {target} a request for the resource it scales by."
            if unset
            else "Check that the adapter that serves external and custom metrics runs, and knows it."
            if foreign
            else "Check that the metrics API answers and knows the metric.",
        )
        return


def _rivals(obj: Obj, found: Mapping[str, Any]) -> Finding:
    """Told with the first of them by name."""
    message = dig_str(found, "message")
    listing = _RIVALS.search(message)
    names = sorted(each.rpartition("/")[2] for each in listing[1].split()) if listing else []
    first = names[0] if names else dig_str(obj, "metadata", "name")
    ref = ref_to(obj)
    return Finding(
        ref=ref,
        severity=WARNING,
        title=f"does not scale {target_of(obj)}, because others scale the same pods: {listed(names)}",
        evidence=evidence(
            ("status.conditions[ScalingActive].reason", dig_str(found, "reason")),
            ("status.conditions[ScalingActive].message", message),
        ),
        since=since(found),
        blames=(refer("HorizontalPodAutoscaler", ref.namespace, first),)
        if first != ref.name
        else (),
        next="Keep one of the autoscalers, and delete the others or correct what they point at.",
    )


def _foreign_apis(scene: Scene) -> tuple[Ref, ...]:
    return tuple(
        ref_to(each)
        for each in scene.seen("APIService")
        if dig_str(each, "spec", "group") in ("custom.metrics.k8s.io", "external.metrics.k8s.io")
    )


def _requests_nothing(obj: Obj, scene: Scene) -> bool:
    """Whether the autoscaler measures use against requests that some container does not make."""
    names = {
        dig_str(metric, "resource", "name")
        for metric in dig_list(obj, "spec", "metrics")
        if dig_str(metric, "resource", "target", "type") == "Utilization"
    } - {""}
    pods = [pod for pod in pods_of(target_of(obj), scene) if not is_over(pod)]
    return any(
        name not in dig_map(container, "resources", "requests")
        and name not in dig_map(container, "resources", "limits")
        for pod in pods[:1]
        for container in dig_list(pod, "spec", "containers")
        for name in names
    )
