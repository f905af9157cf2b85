"""Conditions that changed: what went bad, and what recovered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kube_mcp.diagnosis.conditions import conditions, is_bad, said, since
from kube_mcp.diagnosis.phrases import quote
from kube_mcp.diagnosis.pods import is_going, is_over
from kube_mcp.diagnosis.traces.change import Change, made_at, seconds_between
from kube_mcp.diagnosis.traces.roots import root_of
from kube_mcp.graph.flux import HELM_CHART, HELM_RELEASE, KUSTOMIZATION, SOURCES
from kube_mcp.objects import Obj, dig_str
from kube_mcp.scene import Scene, ref_to

# What becomes ready this long after it was made has recovered; before, it has only started.
_STARTS_S = 300.0
# What they fetched says that they are well again.
_TOLD_OTHERWISE = (*SOURCES, HELM_CHART)
_POD_TYPES = ("Ready", "PodScheduled", "DisruptionTarget")
_NODE_BAD_WHEN_TRUE = ("MemoryPressure", "DiskPressure", "PIDPressure", "NetworkUnavailable")


def states(scene: Scene) -> Iterator[Change]:
    """Each condition's last transition, where it tells of trouble, its end, or a delivery."""
    for kind, objects in scene.kinds.items():
        if kind in ("Event", "Job"):  # a Job's conditions are how it ended
            continue
        for obj in objects:
            for _, each in conditions(obj):
                yield from _of(obj, kind, each, scene)


def _of(obj: Obj, kind: str, each: Mapping[str, Any], scene: Scene) -> Iterator[Change]:
    at, word, status = since(each), dig_str(each, "type"), dig_str(each, "status")
    if at is None or status not in ("True", "False", "Unknown"):
        return
    bad = is_trouble(obj, kind, each)
    recovered = (
        not bad
        and status == "True"
        and word in ("Ready", "Available")
        and kind not in _TOLD_OTHERWISE
        and (kind in ("Pod", "Deployment", "Node") or "." in kind)
        and seconds_between(at, made_at(obj)) > _STARTS_S
    )
    if not bad and not recovered and kind not in (KUSTOMIZATION, HELM_RELEASE):
        return
    text = said(each)
    # Of a pod and a Deployment the condition's words are always the same.
    told = f": {quote(text, most=160)}" if text and not recovered else ""
    if recovered and kind in (KUSTOMIZATION, HELM_RELEASE):
        told = f": {quote(text, most=160)}"
    ref = ref_to(obj)
    fold = f"condition {root_of(ref, scene)} {word} {status} {dig_str(each, 'reason')}"
    yield Change(
        at, ref, "condition", f"{word} became {status}{told}", bad=bad,
        fold=fold if kind == "Pod" else "",
    )  # fmt: skip


def is_trouble(obj: Obj, kind: str, each: Mapping[str, Any]) -> bool:
    """Whether a condition says that something is wrong, by what its type means in its kind."""
    word, status = dig_str(each, "type"), dig_str(each, "status")
    if kind == "Pod":
        if word not in _POD_TYPES or is_over(obj) or is_going(obj):
            return False
        if word == "DisruptionTarget":
            return status == "True"
        return status != "True" and dig_str(each, "reason") != "PodCompleted"
    if kind == "Node":
        return (word == "Ready" and status != "True") or (
            word in _NODE_BAD_WHEN_TRUE and status == "True"
        )
    if kind == "Deployment":
        return (word in ("Available", "Progressing") and status == "False") or (
            word == "ReplicaFailure" and status == "True"
        )
    return is_bad(each)
